package import MailSyntax

/// What became of a message that an account submitted, or that another server brought.
package struct SendingEvent: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case accepted
        /// Kept until somebody releases it; the code of the rule, such as `message-limit`.
        case held(rule: String)
        /// The code of the rule, such as `sender-not-granted`.
        case refused(rule: String)
        /// The client heard yes, and it was thrown away; the code of the rule, such as `milter-rspamd`.
        case discarded(rule: String)
    }

    /// What let the session send as the account.
    package enum Basis: UInt64, Hashable, Sendable {
        case login = 0
        /// A login at POP3 from the same address, a while ago.
        case popBeforeSMTP = 1
        /// The address, which belongs to a device.
        case device = 2
        /// Nothing: another server brought the message.
        case reception = 3
    }

    package var time: Timestamp
    /// nil where nobody logged in.
    package var account: String?
    package var address: IPAddress?
    package var listener: String
    /// The credential that was logged in with.
    package var credential: Int64?
    package var basis: Basis
    /// nil when it was refused before it had one.
    package var message: MessageIdentifier?
    /// Empty for the null path.
    package var reversePath: String
    /// The first few of them.
    package var recipients: [String]
    package var recipientCount: Int
    /// Octets; 0 when it was refused before they were read.
    package var size: Int
    package var verdict: Verdict
    /// The reply without its text: `550 5.7.1`.
    package var reply: String?
    /// Of a received message: what was found out about its origin, `spf=pass dkim=none dmarc=fail`.
    package var findings: String?

    package init(
        time: Timestamp,
        account: String?,
        address: IPAddress?,
        listener: String,
        credential: Int64? = nil,
        basis: Basis = .login,
        message: MessageIdentifier? = nil,
        reversePath: String = "",
        recipients: [String] = [],
        recipientCount: Int = 0,
        size: Int = 0,
        verdict: Verdict,
        reply: String? = nil,
        findings: String? = nil
    ) {
        self.time = time
        self.account = account
        self.address = address
        self.listener = listener
        self.credential = credential
        self.basis = basis
        self.message = message
        self.reversePath = reversePath
        self.recipients = recipients
        self.recipientCount = recipientCount
        self.size = size
        self.verdict = verdict
        self.reply = reply
        self.findings = findings
    }
}
