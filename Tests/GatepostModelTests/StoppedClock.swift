/// A clock on which no time passes: limits of time never end what is tested, however slow the machine is.
struct StoppedClock: Clock {
    struct Instant: InstantProtocol {
        var offset = Duration.zero

        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (one: Instant, other: Instant) -> Bool { one.offset < other.offset }
    }

    var now: Instant { Instant() }
    var minimumResolution: Duration { .nanoseconds(1) }

    /// Until whoever waits is cancelled.
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        if deadline <= self.now { return }
        try await Task.sleep(for: .seconds(1_000_000))
    }
}
