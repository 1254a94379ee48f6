/// Python's smtplib.
struct PythonSMTPLib: MailClient {
    let program = "python3"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5"]
    let name = "Python smtplib"
    let otherMechanisms = ["EXTERNAL", "OAUTHBEARER", "XOAUTH2"]
    let habits = [
        "OAUTHBEARER": "has no such mechanism itself; a program hands it the response, as the documentation shows"
    ]

    func send(_ submission: Submission) async throws -> Completed {
        try await run(
            [
                try path(), Program.script("submit.py"), "\(submission.port)",
                submission.transport == .startTLS ? "starttls" : "implicit", submission.authority, submission.mechanism,
                submission.user, submission.sender, submission.recipient,
                try submission.folder.write("message", submission.message.wire),
            ],
            environment: submission.environment
        )
    }
}
