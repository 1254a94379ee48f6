/// msmtp, with GNU SASL.
struct MSMTP: MailClient {
    let program = "msmtp"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5"]
    let otherMechanisms = ["EXTERNAL", "OAUTHBEARER", "XOAUTH2", "NTLMv1"]
    let habits = ["OAUTHBEARER": "answers the challenge with the error by an empty line"]

    func send(_ submission: Submission) async throws -> Completed {
        let secret = try submission.folder.write("secret", submission.password + "\n", mode: 0o600)
        let identity = submission.identity.map {
            ["--tls-cert-file=\($0.certificate)", "--tls-key-file=\($0.key)"]
        }
        return try await run(
            [try path()] + (identity ?? []) + [
                "--debug", "--host=127.0.0.1", "--port=\(submission.port)", "--tls=on",
                "--tls-starttls=\(submission.transport == .startTLS ? "on" : "off")",
                "--tls-trust-file=\(submission.authority)", "--auth=\(submission.mechanism.lowercased())",
                "--user=\(submission.user)", "--passwordeval=cat \(secret)", "--from=\(submission.sender)",
                "--", submission.recipient,
            ],
            input: .file(try submission.folder.write("message", submission.message.stored))
        )
    }
}
