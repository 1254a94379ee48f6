/// s-nail, which writes a header of its own around the text it is given.
struct SNail: MailClient {
    let program = "s-nail"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5"]
    let otherMechanisms = ["EXTERNAL", "XOAUTH2"]
    let habits = ["XOAUTH2": "calls it `oauthbearer`; hangs up at the challenge with the error, without taking the 535"]
    let sendsVerbatim = false

    func send(_ submission: Submission) async throws -> Completed {
        let scheme = submission.transport == .startTLS ? "submission" : "submissions"
        let user = submission.user.replacing("@", with: "%40")
        let password = submission.password.replacing(" ", with: "%20")
        // It compares host names only, so the server is called by its name here.
        let server = "\(scheme)://\(user):\(password)@localhost:\(submission.port)"
        let mechanism = submission.mechanism == "XOAUTH2" ? "oauthbearer" : submission.mechanism.lowercased()
        var settings = [
            "v15-compat", "mta=\(server)", "smtp-use-starttls", "smtp-config=\(mechanism)", "smtp-auth=\(mechanism)",
            "tls-ca-file=\(submission.authority)", "tls-ca-no-defaults", "tls-verify=strict", "hostname=client.test",
            "sendwait", "nosave", "ttycharset=utf-8", "mime-encoding=8bit", "from=\(submission.sender)",
        ]
        if let identity = submission.identity {
            settings.append("tls-config-pairs=Certificate=\(identity.certificate),PrivateKey=\(identity.key)")
        }
        return try await run(
            [try path(), "-:/", "-v"] + settings.flatMap { ["-S", $0] }
                + ["-r", submission.sender, "-s", submission.message.mark, submission.recipient],
            environment: ["LC_ALL": "C.UTF-8", "HOME": submission.folder.path],
            input: .file(try submission.folder.write("body", submission.message.body))
        )
    }
}
