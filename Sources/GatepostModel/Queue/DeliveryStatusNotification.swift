package import MailSyntax
package import SMTP

/// Builds the message that tells a sender what became of their message (RFC 3461, 3464, 6522, 6533).
///
/// Three parts: one for people, one for programs, and the message that it is about, or its header section.
package struct DeliveryStatusNotification: Sendable {
    /// What happened to a recipient (RFC 3464 §2.3.3).
    package enum Action: String, Hashable, Sendable {
        case failed
        case delayed
        /// Into the recipient's mailbox.
        case delivered
        /// To a server that sends no notifications of success itself.
        case relayed

        /// The condition of `NOTIFY` that it falls under (RFC 3461 §4.1).
        fileprivate var condition: DSNNotify {
            switch self {
            case .failed: .failure
            case .delayed: .delay
            case .delivered, .relayed: .success
            }
        }
    }

    package struct Recipient: Hashable, Sendable {
        package var recipient: EnvelopeRecipient
        package var action: Action
        /// nil: taken from the reply, or else general for the action.
        package var status: EnhancedStatusCode?
        /// The last attempt; nil when there was none.
        package var attempt: DeliveryAttempt?
        /// The host we talked to, for `Remote-MTA`; nil when there was none.
        package var remoteHost: String?
        /// Only for delays.
        package var willRetryUntil: Timestamp?

        package init(
            recipient: EnvelopeRecipient,
            action: Action,
            status: EnhancedStatusCode? = nil,
            attempt: DeliveryAttempt? = nil,
            remoteHost: String? = nil,
            willRetryUntil: Timestamp? = nil
        ) {
            self.recipient = recipient
            self.action = action
            self.status = status
            self.attempt = attempt
            self.remoteHost = remoteHost
            self.willRetryUntil = willRetryUntil
        }
    }

    /// The message that the notification is about.
    package struct Original: Sendable {
        package var identifier: MessageIdentifier
        package var envelope: Envelope
        package var received: Timestamp
        /// The whole message, or at least its header section with the empty line.
        package var octets: [UInt8]
        /// Whether `octets` is the whole message.
        package var isComplete: Bool

        package init(
            identifier: MessageIdentifier,
            envelope: Envelope,
            received: Timestamp,
            octets: [UInt8],
            isComplete: Bool
        ) {
            self.identifier = identifier
            self.envelope = envelope
            self.received = received
            self.octets = octets
            self.isComplete = isComplete
        }
    }

    /// Larger messages come back as their header section, even with `RET=FULL`, and no more than this of a header section does.
    package static let maximumReturnedOctets = 64 * 1024

    let hostname: String
    let identifier: MessageIdentifier
    let now: Timestamp
    let original: Original
    /// Those whose sender wants to know.
    let recipients: [Recipient]

    /// The notification, ready to be stored, or nil when there is none to send: to the null reverse-path (no bounce of a bounce,
    /// RFC 5321 §6.1), or when nobody asked for it (`NOTIFY`).
    ///
    /// - Parameters:
    ///   - addressee: Who is told in the sender's place.
    ///   - identifier: Of the notification; random, so that the boundary made of it cannot stand in the original.
    ///   - hostname: Of this server, the `Reporting-MTA`.
    package static func message(
        about original: Original,
        recipients: [Recipient],
        to addressee: Mailbox? = nil,
        hostname: String,
        identifier: MessageIdentifier,
        now: Timestamp
    ) -> NewMessage? {
        guard case .mailbox(let reversePath) = original.envelope.reversePath else { return nil }
        let sender = addressee ?? reversePath
        let wanted = recipients.filter { self.isWanted($0.action, by: $0.recipient.notify) }
        guard !wanted.isEmpty else { return nil }
        let notification = DeliveryStatusNotification(
            hostname: hostname,
            identifier: identifier,
            now: now,
            original: original,
            recipients: wanted
        )
        let octets = notification.render(to: sender)
        return NewMessage(
            identifier: identifier,
            envelope: Envelope(
                reversePath: .null,
                body: octets.allSatisfy { $0 < 0x80 } ? .sevenBit : .eightBitMIME,
                isSMTPUTF8: !sender.isASCII
            ),
            recipients: [EnvelopeRecipient(forwardPath: .mailbox(sender), notify: .never)],
            content: .inline(octets),
            received: now,
            subject: notification.subject
        )
    }

    /// Whether a sender who gave this `NOTIFY` is told; without one, of failures and delays (RFC 3461 §5.2.1 (c)).
    package static func isWanted(_ action: Action, by notify: DSNNotify?) -> Bool {
        guard let notify else { return action == .failed || action == .delayed }
        return !notify.contains(.never) && notify.contains(action.condition)
    }

    /// Whether the notification would return the whole message, so that the caller can spare reading it: only of failures
    /// (RFC 3461 §4.3), when asked for, and when it is small enough.
    package static func returnsWholeMessage(_ envelope: Envelope, size: Int, action: Action) -> Bool {
        action == .failed && envelope.ret == .full && size <= self.maximumReturnedOctets
    }

    var subject: String {
        let actions = Set(self.recipients.map(\.action))
        if actions.contains(.failed) { return "Not delivered: your message did not reach everyone" }
        if actions.contains(.delayed) { return "Delayed: your message is still on its way" }
        return "Delivered: your message was passed on"
    }
}
