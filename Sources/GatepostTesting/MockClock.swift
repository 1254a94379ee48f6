package import GatepostModel
internal import Synchronization

/// A clock that stands still until it is told to move.
package final class MockClock: WallClock {
    private let moment: Mutex<Timestamp>

    package init(_ start: Timestamp = Timestamp(secondsSince1970: 1_795_502_689)) {
        self.moment = Mutex(start)
    }

    package func now() -> Timestamp { self.moment.withLock { $0 } }

    package func advance(by duration: Duration) {
        self.moment.withLock { $0 = $0 + duration }
    }
}
