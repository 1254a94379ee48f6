/// Keeps what ``SendingRecord`` knows over restarts. Calls throw ``StoreError``; changes come with the messages that they are about
/// (``QueueStore/enqueue(_:sending:)``), in one commit, so that neither is there without the other.
package protocol SendingStore: Sendable {
    /// Empty for an account that never sent.
    ///
    /// - Parameter step: Steps from this one on.
    func sendingRecord(of account: Int64, since step: Int64) async throws -> SendingRecord
    /// Which of the marks belong to people to whom the account sent before.
    func knownRecipients(_ marks: [Int64], of account: Int64) async throws -> Set<Int64>
    /// Drops steps of before yesterday, networks and recipients that were not used for long.
    func expireSending(now: Timestamp) async throws
}

/// How long a recipient is known after the last message.
package let recipientLife = Duration.seconds(365 * 86_400)
