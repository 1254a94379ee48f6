internal import Synchronization

/// What reception did since the start, for `gatepost status`.
package final class ReceptionCounters: Sendable {
    private let accepted = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let recipientsRefused = Atomic<Int>(0)

    package init() {}

    package var acceptedMessages: Int { self.accepted.load(ordering: .relaxed) }
    package var refusedMessages: Int { self.refused.load(ordering: .relaxed) }
    package var refusedRecipients: Int { self.recipientsRefused.load(ordering: .relaxed) }

    func messageAccepted() { self.accepted.add(1, ordering: .relaxed) }
    func messageRefused() { self.refused.add(1, ordering: .relaxed) }
    func recipientRefused() { self.recipientsRefused.add(1, ordering: .relaxed) }
}
