/// Where the octets of a message lie: header section, empty line and body, with CRLF, not dot-stuffed.
package enum MessageContent: Hashable, Sendable {
    case inline([UInt8])
    /// A synced file in the spool directory, by its name there, with so many octets; in front of them come those of `front`, fields that
    /// were made once the body was known. The store deletes the file once no message refers to it.
    case file(name: String, octets: Int, front: [UInt8] = [])

    /// Up to this many octets a message lies in the database.
    package static let maximumInlineOctets = 128 * 1024

    package var octets: Int {
        switch self {
        case .inline(let octets): octets.count
        case .file(_, let octets, let front): octets + front.count
        }
    }
}

/// What becomes of a message once it is stored.
package enum MessageRoute: Hashable, Sendable {
    /// Due at once.
    case deliver
    /// Kept until somebody releases it.
    case hold
    /// Into the sandbox inbox of this account (canonical address); never delivered.
    case sandbox(String)
}

/// A message that is to be stored.
package struct NewMessage: Sendable {
    package var identifier: MessageIdentifier
    package var envelope: Envelope
    package var recipients: [EnvelopeRecipient]
    package var content: MessageContent
    package var size: Int
    /// Canonical address of the account that submitted it; nil for received mail and our own notifications.
    package var account: String?
    package var received: Timestamp
    package var route: MessageRoute
    /// Why it is held: the code of a rule; nil when it is not, or by hand.
    package var holdReason: String?
    /// For listing, decoded as far as the header was; nil when unknown.
    package var subject: String?

    package init(
        identifier: MessageIdentifier,
        envelope: Envelope,
        recipients: [EnvelopeRecipient],
        content: MessageContent,
        size: Int? = nil,
        account: String? = nil,
        received: Timestamp,
        route: MessageRoute = .deliver,
        holdReason: String? = nil,
        subject: String? = nil
    ) {
        self.identifier = identifier
        self.envelope = envelope
        self.recipients = recipients
        self.content = content
        self.size = size ?? content.octets
        self.account = account
        self.received = received
        self.route = route
        self.holdReason = holdReason
        self.subject = subject
    }
}
