internal import Synchronization

/// What the queue runner has done since it started.
package struct DeliveryCounters: Hashable, Sendable, Codable {
    /// Recipients handed to a next hop.
    package var delivered = 0
    /// Attempts for a recipient that are to be repeated.
    package var deferred = 0
    /// Recipients given up.
    package var failed = 0
    /// Notifications put into the queue.
    package var notifications = 0
    /// Failures that nobody is told of, since the message is a notification itself.
    package var dropped = 0
    /// Connections made.
    package var connections = 0
    /// Connections that could not be made, one for each address tried.
    package var connectionFailures = 0
    /// Transactions sent.
    package var transactions = 0
    /// Those of them that were not the first of their connection.
    package var reused = 0
    /// Connections with TLS.
    package var encrypted = 0

    package init() {}
}

/// Counters that tasks share.
final class CounterBox: Sendable {
    private let counters = Mutex(DeliveryCounters())

    var value: DeliveryCounters { self.counters.withLock { $0 } }

    func add(_ change: (inout DeliveryCounters) -> Void) {
        self.counters.withLock { change(&$0) }
    }
}
