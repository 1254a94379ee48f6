internal import Synchronization

/// What submission did since the start, for `gatepost status`.
package final class SubmissionCounters: Sendable {
    private let accepted = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let loginsSucceeded = Atomic<Int>(0)
    private let loginsRefused = Atomic<Int>(0)

    package init() {}

    package var acceptedMessages: Int { self.accepted.load(ordering: .relaxed) }
    package var refusedMessages: Int { self.refused.load(ordering: .relaxed) }
    package var succeededLogins: Int { self.loginsSucceeded.load(ordering: .relaxed) }
    package var refusedLogins: Int { self.loginsRefused.load(ordering: .relaxed) }

    func messageAccepted() { self.accepted.add(1, ordering: .relaxed) }
    func messageRefused() { self.refused.add(1, ordering: .relaxed) }
    func loginSucceeded() { self.loginsSucceeded.add(1, ordering: .relaxed) }
    func loginRefused() { self.loginsRefused.add(1, ordering: .relaxed) }
}
