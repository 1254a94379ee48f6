/// Python's smtplib.
struct PythonSMTPLib: MailClient {
    let program = "python3"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5"]

    func send(_ submission: Submission) async throws -> Completed {
        try await run(
            [
                try path(), Program.script("submit.py"), "\(submission.port)",
                submission.transport == .startTLS ? "starttls" : "implicit", submission.authority, submission.mechanism,
                submission.user, submission.sender, submission.recipient,
                try submission.folder.write("message", submission.message.wire),
            ],
            environment: ["SUBMIT_PASSWORD": submission.password]
        )
    }
}
