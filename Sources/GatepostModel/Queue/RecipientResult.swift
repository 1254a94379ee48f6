package import SMTP

/// One attempt to deliver to one recipient, in the peer's words where it spoke.
package struct DeliveryAttempt: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, Codable {
        case delivered
        case deferred
        case failed
    }

    package var at: Timestamp
    /// Whom we talked to: `mx1.example.org [192.0.2.7]:25`; nil when it came to no connection.
    package var peer: String?
    /// What the peer said; nil when the trouble was ours or the network's.
    package var reply: Reply?
    /// What happened, for people: the stage, or why there was no reply.
    package var note: String?
    /// Whether the octets went through TLS.
    package var isEncrypted: Bool

    package init(
        at: Timestamp,
        peer: String? = nil,
        reply: Reply? = nil,
        note: String? = nil,
        isEncrypted: Bool = false
    ) {
        self.at = at
        self.peer = peer
        self.reply = reply
        self.note = note
        self.isEncrypted = isEncrypted
    }
}

/// What became of one leased recipient.
package struct RecipientResult: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// The next hop has it. The recipient leaves the queue, and the message with the last one.
        case delivered
        /// To be tried again at `next`.
        case deferred(next: Timestamp, delayNotified: Bool)
        /// Given up. Leaves the queue like a delivered one.
        case failed
    }

    package var message: MessageIdentifier
    /// ``LeasedRecipient/number``.
    package var recipient: Int
    package var outcome: Outcome
    package var attempt: DeliveryAttempt

    package init(message: MessageIdentifier, recipient: Int, outcome: Outcome, attempt: DeliveryAttempt) {
        self.message = message
        self.recipient = recipient
        self.outcome = outcome
        self.attempt = attempt
    }
}
