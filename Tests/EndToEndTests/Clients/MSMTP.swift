/// msmtp, with GNU SASL.
struct MSMTP: MailClient {
    let program = "msmtp"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]

    func send(_ submission: Submission) async throws -> Completed {
        let secret = try submission.folder.write("secret", submission.password + "\n", mode: 0o600)
        return try await run(
            [
                try path(), "--debug", "--host=127.0.0.1", "--port=\(submission.port)", "--tls=on",
                "--tls-starttls=\(submission.transport == .startTLS ? "on" : "off")",
                "--tls-trust-file=\(submission.authority)", "--auth=\(submission.mechanism.lowercased())",
                "--user=\(submission.user)", "--passwordeval=cat \(secret)", "--from=\(submission.sender)",
                "--", submission.recipient,
            ],
            input: .file(try submission.folder.write("message", submission.message.stored))
        )
    }
}
