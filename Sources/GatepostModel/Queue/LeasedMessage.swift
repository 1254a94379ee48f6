/// A message with those of its recipients that are due, lent to one delivery for a time.
package struct LeasedMessage: Hashable, Sendable, Identifiable {
    package var identifier: MessageIdentifier
    package var envelope: Envelope
    package var size: Int
    package var account: String?
    package var received: Timestamp
    package var recipients: [LeasedRecipient]

    package var id: MessageIdentifier { self.identifier }

    package init(
        identifier: MessageIdentifier,
        envelope: Envelope,
        size: Int,
        account: String?,
        received: Timestamp,
        recipients: [LeasedRecipient]
    ) {
        self.identifier = identifier
        self.envelope = envelope
        self.size = size
        self.account = account
        self.received = received
        self.recipients = recipients
    }
}

package struct LeasedRecipient: Hashable, Sendable {
    /// Its place in the message, from 0; what a ``RecipientResult`` refers to.
    package var number: Int
    package var recipient: EnvelopeRecipient
    /// Attempts made before this one.
    package var attempts: Int
    /// Whether the sender was told of the delay already.
    package var isDelayNotified: Bool

    package init(number: Int, recipient: EnvelopeRecipient, attempts: Int = 0, isDelayNotified: Bool = false) {
        self.number = number
        self.recipient = recipient
        self.attempts = attempts
        self.isDelayNotified = isDelayNotified
    }
}
