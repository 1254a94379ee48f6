package import MailSyntax

/// Takes accepted messages over.
package protocol MessageIntake: Sendable {
    /// Stores messages, and what was counted of them, in one commit. Only after this returned may the peer be told `250`.
    func enqueue(_ messages: [NewMessage], sending: SendingChange?) async throws
}

/// Keeps accepted messages until they are delivered or given up.
///
/// Calls throw ``StoreError``. What a call changed is durable when it returns; calls that wait at the same time share one commit.
package protocol QueueStore: MessageIntake, SendingStore {
    /// Lends up to `limit` messages that have due recipients, those due longest first, with all their due recipients.
    ///
    /// Until `until` nobody else is lent these recipients; what is not settled by then falls due again.
    func lease(limit: Int, now: Timestamp, until: Timestamp) async throws -> [LeasedMessage]

    /// nil when the message is gone.
    func content(of identifier: MessageIdentifier) async throws -> MessageContent?

    /// Records what became of leased recipients, and stores the notifications about them, in one commit: neither can be lost
    /// without the other. Results for recipients that are gone are ignored.
    func settle(_ results: [RecipientResult], notifications: [NewMessage]) async throws

    /// Makes everything that is leased due again; for the start, when no delivery of this owner can be under way.
    func releaseLeases() async throws

    /// The earliest moment later than `moment` at which a recipient falls due; nil when none waits.
    func nextDue(after moment: Timestamp) async throws -> Timestamp?

    /// Messages in order of age, those behind `identifier` when it is given. Without attempt histories.
    func list(
        _ selection: QueueSelection,
        after identifier: MessageIdentifier?,
        limit: Int
    ) async throws -> [QueuedMessage]
    /// With attempt histories; nil when the message is gone.
    func show(_ identifier: MessageIdentifier) async throws -> QueuedMessage?
    /// - Returns: How many recipients changed.
    func hold(_ selection: QueueSelection) async throws -> Int
    /// Held recipients fall due at `now`.
    func release(_ selection: QueueSelection, now: Timestamp) async throws -> Int
    /// Waiting recipients fall due at `now`, whatever their schedule says.
    func retry(_ selection: QueueSelection, now: Timestamp) async throws -> Int
    /// Removes recipients without a notification, leased ones too.
    func cancel(_ selection: QueueSelection) async throws -> Int
    func statistics() async throws -> QueueStatistics
}

extension QueueStore {
    /// Stores a message that no limit is about.
    package func enqueue(_ message: NewMessage) async throws {
        try await self.enqueue([message], sending: nil)
    }

    package func settle(_ results: [RecipientResult]) async throws {
        try await self.settle(results, notifications: [])
    }
}

/// Which messages of the queue are meant.
package enum QueueSelection: Hashable, Sendable {
    case all
    case message(MessageIdentifier)
    /// Recipients of this domain (lower case).
    case domain(String)
    /// Submitted by this account (canonical).
    case account(String)
}

/// A message in the queue, for people.
package struct QueuedMessage: Hashable, Sendable, Identifiable {
    package var identifier: MessageIdentifier
    package var envelope: Envelope
    package var size: Int
    package var account: String?
    package var received: Timestamp
    package var subject: String?
    /// Why it was held when it came: the code of a rule.
    package var holdReason: String?
    package var recipients: [QueuedRecipient]
    /// Recipients that left the queue already, and all earlier attempts, oldest first. Empty in lists.
    package var history: [HistoryEntry]

    package var id: MessageIdentifier { self.identifier }

    package init(
        identifier: MessageIdentifier,
        envelope: Envelope,
        size: Int,
        account: String?,
        received: Timestamp,
        subject: String?,
        holdReason: String? = nil,
        recipients: [QueuedRecipient],
        history: [HistoryEntry] = []
    ) {
        self.identifier = identifier
        self.envelope = envelope
        self.size = size
        self.account = account
        self.received = received
        self.subject = subject
        self.holdReason = holdReason
        self.recipients = recipients
        self.history = history
    }
}

package struct QueuedRecipient: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case waiting(until: Timestamp)
        case leased(until: Timestamp)
        case held
    }

    package var number: Int
    package var recipient: EnvelopeRecipient
    package var state: State
    package var attempts: Int

    package init(number: Int, recipient: EnvelopeRecipient, state: State, attempts: Int) {
        self.number = number
        self.recipient = recipient
        self.state = state
        self.attempts = attempts
    }
}

/// One attempt in the life of a message.
package struct HistoryEntry: Hashable, Sendable {
    package var forwardPath: ForwardPath
    package var outcome: DeliveryAttempt.Outcome
    package var attempt: DeliveryAttempt

    package init(forwardPath: ForwardPath, outcome: DeliveryAttempt.Outcome, attempt: DeliveryAttempt) {
        self.forwardPath = forwardPath
        self.outcome = outcome
        self.attempt = attempt
    }
}

package struct QueueStatistics: Hashable, Sendable, Codable {
    package var messages = 0
    /// Octets of all queued messages.
    package var octets = 0
    /// Recipients by state.
    package var waiting = 0
    package var leased = 0
    package var held = 0
    /// When the oldest queued message was received.
    package var oldest: Timestamp?

    package init() {}
}
