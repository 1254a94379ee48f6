/// swaks, the Swiss Army Knife for SMTP.
struct Swaks: MailClient {
    let program = "swaks"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"]
    let otherMechanisms = ["NTLMv1"]

    func send(_ submission: Submission) async throws -> Completed {
        // It adds a line end of its own behind the last line.
        let message = Array(submission.message.wire.dropLast(2))
        return try await run([
            try path(), "--server", "127.0.0.1", "--port", "\(submission.port)",
            submission.transport == .startTLS ? "--tls" : "--tlsc", "--tls-verify", "--tls-ca-path",
            submission.authority,
            "--auth", submission.mechanism, "--auth-user", submission.user, "--auth-password", submission.password,
            "--from", submission.sender, "--to", submission.recipient, "--suppress-data",
            "--data", "@" + (try submission.folder.write("message", message)),
        ])
    }
}
