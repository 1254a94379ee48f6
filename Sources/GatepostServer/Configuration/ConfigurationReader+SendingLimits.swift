internal import GatepostModel
internal import MailSyntax

extension ConfigurationReader {
    mutating func sendingLimits(_ submission: inout Configuration.Submission) {
        for limit in SendingLimit.allCases where limit != .messageSize {
            let path = "submission.limits.\(limit.rawValue)"
            submission.limits[limit] = self.countOrNone(path, in: limit.range)
            self.show(path, submission.limits[limit].map { "\($0)" } ?? "none")
        }
        submission.limitAction = self.choice("submission.limits.action", SendingPolicy.Action.self) ?? .hold
        self.show("submission.limits.action", submission.limitAction.rawValue)
        var burst = SendingPolicy.Burst()
        let recipients =
            self.node("submission.limits.newNetworkRecipients") == nil
            ? burst.recipients
            : self.countOrNone("submission.limits.newNetworkRecipients", in: 0...1_000_000_000)
        let ages = Duration.seconds(3600) ... .seconds(90 * 86_400)
        burst.age = self.duration("submission.limits.newNetworkAge", in: ages) ?? burst.age
        if let recipients { burst.recipients = recipients }
        submission.newNetworkBurst = recipients == nil ? nil : burst
        self.show("submission.limits.newNetworkRecipients", recipients.map { "\($0)" } ?? "none")
        self.show("submission.limits.newNetworkAge", DurationText.format(burst.age))
    }

    /// nil for `none`, and where nothing is said.
    private mutating func countOrNone(_ path: String, in range: ClosedRange<Int>) -> Int? {
        if self.text(path) == "none" { return nil }
        return self.integer(path, in: range)
    }

    mutating func postmaster() -> Mailbox? {
        guard let text = self.text("postmaster") else {
            self.show("postmaster", "postmaster, wherever mail for this host goes")
            return nil
        }
        do {
            let mailbox = try Mailbox(parsing: text)
            self.show("postmaster", "\(mailbox)")
            return mailbox
        } catch {
            self.fault("postmaster", "must be a mail address, not '\(text)'")
            return nil
        }
    }
}
