/// Our own client.
struct GatepostSend: MailClient {
    let program = "gatepost send"
    let mechanisms = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]

    func version() async throws -> String { try await version([Program.gatepost, "--version"]) }

    func send(_ submission: Submission) async throws -> Completed {
        // With a ticket, who logs in is who holds it.
        let login = submission.mechanism == "GSSAPI" ? [] : ["--user", submission.user, "--password-env", "SECRET"]
        return try await run(
            [
                Program.gatepost, "send", "--server", "127.0.0.1:\(submission.port)", "--tls",
                submission.transport == .startTLS ? "starttls" : "implicit", "--ca", submission.authority,
                "--mechanism", submission.mechanism, "--from", submission.sender, "--to", submission.recipient,
                "--data", try submission.folder.write("message", submission.message.stored), "--helo", "client.test",
                "--transcript",
            ] + login,
            environment: ["SECRET": submission.password]
        )
    }
}
