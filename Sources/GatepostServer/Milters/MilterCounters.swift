internal import Synchronization

/// What filters did since the start, for `gatepost status`.
package final class MilterCounters: Sendable {
    /// What is counted of each filter.
    package enum Count: String, Sendable, CaseIterable {
        /// Messages whose content it saw to the end.
        case messages
        /// Senders, recipients and messages that it refused.
        case refusals
        case discarded
        case quarantined
        /// Messages that it changed.
        case changed
        /// It could not be reached, was too slow, or broke the protocol.
        case failures
    }

    private let counts = Mutex<[String: Int]>([:])

    package init() {}

    func add(_ count: Count, _ filter: String) {
        self.counts.withLock { $0["milters.\(filter).\(count.rawValue)", default: 0] += 1 }
    }

    /// By `milters.NAME.WHAT`; what never happened is not in it.
    package var all: [String: Int] { self.counts.withLock { $0 } }
}
