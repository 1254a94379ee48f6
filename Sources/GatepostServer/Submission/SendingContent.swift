internal import GatepostModel
internal import MailSyntax
internal import SMTP

/// What the audit trail keeps of a message: its envelope, and nothing that is in it.
struct SendingContent {
    /// The most recipients that are looked at for the trail.
    private static let maximumRecipients = 20

    var message: MessageIdentifier?
    var reversePath = ""
    var recipients: [String] = []
    var recipientCount = 0
    var size = 0

    init(reversePath: ReversePath) {
        self.reversePath = reversePath.description
    }

    init(recipients: [String]) {
        self.recipients = recipients
        self.recipientCount = recipients.count
    }

    init(_ transaction: MailTransaction) {
        self.reversePath = transaction.mail.reversePath.description
        self.recipients = transaction.recipients.prefix(SendingContent.maximumRecipients).map {
            $0.forwardPath.description
        }
        self.recipientCount = transaction.recipients.count
    }

    init(_ message: IncomingMessage, size: Int) {
        self.init(message.transaction)
        self.message = message.identifier
        self.size = size
    }
}

extension Reply {
    /// The codes without the text: `550 5.7.1`.
    var codes: String { self.enhanced.map { "\(self.code) \($0)" } ?? "\(self.code)" }
}
