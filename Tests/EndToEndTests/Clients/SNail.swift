/// s-nail, which writes a header of its own around the text it is given.
struct SNail: MailClient {
    let program = "s-nail"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5"]
    let sendsVerbatim = false

    func send(_ submission: Submission) async throws -> Completed {
        let scheme = submission.transport == .startTLS ? "submission" : "submissions"
        let user = submission.user.replacing("@", with: "%40")
        let password = submission.password.replacing(" ", with: "%20")
        // It compares host names only, so the server is called by its name here.
        let server = "\(scheme)://\(user):\(password)@localhost:\(submission.port)"
        let settings = [
            "v15-compat", "mta=\(server)", "smtp-use-starttls", "smtp-config=\(submission.mechanism.lowercased())",
            "smtp-auth=\(submission.mechanism.lowercased())",
            "tls-ca-file=\(submission.authority)", "tls-ca-no-defaults", "tls-verify=strict", "hostname=client.test",
            "sendwait", "nosave", "ttycharset=utf-8", "mime-encoding=8bit", "from=\(submission.sender)",
        ]
        return try await run(
            [try path(), "-:/"] + settings.flatMap { ["-S", $0] }
                + ["-r", submission.sender, "-s", submission.message.mark, submission.recipient],
            environment: ["LC_ALL": "C.UTF-8", "HOME": submission.folder.path],
            input: .file(try submission.folder.write("body", submission.message.body))
        )
    }
}
