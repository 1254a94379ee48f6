/// Python's aiosmtplib.
struct AIOSMTPLib: MailClient {
    let program = "python3"
    let name = "Python aiosmtplib"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5"]

    func send(_ submission: Submission) async throws -> Completed {
        try await run(
            [
                try path(), Program.script("submit_async.py"), "\(submission.port)",
                submission.transport == .startTLS ? "starttls" : "implicit", submission.authority, submission.mechanism,
                submission.user, submission.sender, submission.recipient,
                try submission.folder.write("message", submission.message.wire),
            ],
            environment: submission.environment
        )
    }

    func version() async throws -> String {
        try await version([try path(), "-c", "import aiosmtplib; print(aiosmtplib.__version__)"])
    }
}
