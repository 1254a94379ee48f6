/// curl's smtp:// and smtps://.
struct Curl: MailClient {
    let program = "curl"
    /// Debian's build has no GNU SASL, so no SCRAM.
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM"]

    func send(_ submission: Submission) async throws -> Completed {
        let scheme = submission.transport == .startTLS ? "smtp" : "smtps"
        return try await run([
            try path(), "--silent", "--show-error", "--verbose", "--ssl-reqd", "--cacert", submission.authority,
            "--url", "\(scheme)://127.0.0.1:\(submission.port)/client.test",
            "--user", "\(submission.user):\(submission.password)",
            "--login-options", "AUTH=\(submission.mechanism)",
            "--mail-from", submission.sender, "--mail-rcpt", submission.recipient,
            "--upload-file", try submission.folder.write("message", submission.message.wire),
        ])
    }
}
