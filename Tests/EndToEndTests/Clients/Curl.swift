/// curl's smtp:// and smtps://.
struct Curl: MailClient {
    let program = "curl"
    /// Debian's build has no GNU SASL, so no SCRAM.
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM"]
    let otherMechanisms = ["EXTERNAL", "OAUTHBEARER"]
    let habits = [
        "NTLM": "answers with NTLMv2 because the challenge has target information, and names no domain",
        "EXTERNAL": "used only with an empty password",
        "OAUTHBEARER":
            "answers the challenge with the error by `AQ==`; taken where it is offered even when XOAUTH2 is asked for",
    ]

    func send(_ submission: Submission) async throws -> Completed {
        let scheme = submission.transport == .startTLS ? "smtp" : "smtps"
        var login = [
            "--user", "\(submission.user):\(submission.identity == nil ? submission.password : "")",
            "--login-options", "AUTH=\(submission.mechanism)",
        ]
        if submission.mechanism.contains("OAUTH") {
            login = ["--user", submission.user, "--oauth2-bearer", submission.password] + login.suffix(2)
        }
        if let identity = submission.identity { login += ["--cert", identity.certificate, "--key", identity.key] }
        return try await run(
            [
                try path(), "--silent", "--show-error", "--verbose", "--ssl-reqd", "--cacert", submission.authority,
                "--url", "\(scheme)://127.0.0.1:\(submission.port)/client.test",
                "--mail-from", submission.sender, "--mail-rcpt", submission.recipient,
                "--upload-file", try submission.folder.write("message", submission.message.wire),
            ] + login
        )
    }
}
