/// Perl's Net::SMTP with Authen::SASL.
struct NetSMTP: MailClient {
    let program = "perl"
    let name = "Perl Net::SMTP"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"]
    let otherMechanisms = ["EXTERNAL"]

    func send(_ submission: Submission) async throws -> Completed {
        try await run(
            [
                try path(), Program.script("submit.pl"), "\(submission.port)",
                submission.transport == .startTLS ? "starttls" : "implicit", submission.authority, submission.mechanism,
                submission.user, submission.sender, submission.recipient,
                try submission.folder.write("message", submission.message.wire),
            ],
            environment: submission.environment
        )
    }

    func version() async throws -> String {
        let modules = ["Net::SMTP", "Authen::SASL"]
        var versions: [String] = []
        for module in modules {
            versions.append(
                try await version([try path(), "-M\(module)", "-e", "print $\(module)::VERSION"])
                    + (module == "Net::SMTP" ? "" : " with \(module)")
            )
        }
        return "\(versions[0]), \(versions[1])"
    }
}
