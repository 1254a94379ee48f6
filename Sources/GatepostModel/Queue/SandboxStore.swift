/// A message in a sandbox inbox.
package struct InboxMessage: Hashable, Sendable, Identifiable {
    package var identifier: MessageIdentifier
    /// Canonical address of the account whose inbox this is: the one that submitted the message.
    package var account: String
    package var envelope: Envelope
    package var recipients: [EnvelopeRecipient]
    package var received: Timestamp
    package var size: Int
    package var subject: String?

    package var id: MessageIdentifier { self.identifier }

    package init(
        identifier: MessageIdentifier,
        account: String,
        envelope: Envelope,
        recipients: [EnvelopeRecipient],
        received: Timestamp,
        size: Int,
        subject: String?
    ) {
        self.identifier = identifier
        self.account = account
        self.envelope = envelope
        self.recipients = recipients
        self.received = received
        self.size = size
        self.subject = subject
    }
}

/// The sandbox inboxes. Messages come in through ``QueueStore/enqueue(_:)`` with the route ``MessageRoute/sandbox(_:)``;
/// their octets are read with ``QueueStore/content(of:)``.
package protocol SandboxStore: Sendable {
    /// Newest first; of all accounts when none is named.
    func inbox(account: String?, limit: Int) async throws -> [InboxMessage]
    func inboxMessage(_ identifier: MessageIdentifier) async throws -> InboxMessage?
    /// The oldest message behind `after` (of the whole inbox when nil) whose subject contains `subject`, waiting for one to arrive.
    /// - Returns: nil when the time is up.
    func waitForInboxMessage(
        account: String?,
        subject: String?,
        after: MessageIdentifier?,
        timeout: Duration
    ) async throws -> InboxMessage?
    /// Removes these messages where they lie in the account's inbox.
    /// - Returns: How many there were.
    func removeFromInbox(_ identifiers: [MessageIdentifier], account: String) async throws -> Int
    /// - Returns: How many messages were removed.
    func clearInbox(account: String?) async throws -> Int
}
