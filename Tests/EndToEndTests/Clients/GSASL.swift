/// GNU SASL's command-line client. It says STARTTLS without a prior EHLO, and knows no implicit TLS.
struct GSASL: MailClient {
    let program = "gsasl"
    let mechanisms = [
        "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256-PLUS", "DIGEST-MD5",
    ]
    let otherMechanisms = ["EXTERNAL", "NTLMv1"]
    let habits = [
        "DIGEST-MD5": "asks at the terminal for realm and quality of protection unless both are given",
        "NTLMv1":
            "asks at the terminal for a realm unless it is given; splits the user name at the `@` and sends what follows as the domain",
    ]
    let transports: [Transport] = [.startTLS]

    /// It only logs in and then passes lines on; a script types the mail transaction into it.
    func send(_ submission: Submission) async throws -> Completed {
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        // The -PLUS forms bind to the TLS connection (tls-exporter); the others are told not to.
        var options = submission.mechanism.hasSuffix("-PLUS") ? [] : ["--no-cb"]
        if submission.mechanism == "DIGEST-MD5" {
            options += ["--realm=mail.gatepost.test", "--quality-of-protection=qop-auth"]
        }
        if submission.mechanism == "NTLM" { options.append("--realm=gatepost.test") }
        if let identity = submission.identity {
            options += [
                "--x509-cert-file=\(identity.certificate)", "--x509-key-file=\(identity.key)",
                "--authorization-id=\(submission.user)",
            ]
        } else {
            options += ["--authentication-id=\(submission.user)", "--password=\(submission.password)"]
        }
        return try await run(
            [
                python, Program.script("type_into_gsasl.py"), submission.sender, submission.recipient,
                try submission.folder.write("message", submission.message.wire),
                try path(), "--smtp", "--connect=127.0.0.1:\(submission.port)", "--starttls",
                "--x509-ca-file=\(submission.authority)", "--mechanism=\(submission.mechanism)",
            ] + options
        )
    }
}
