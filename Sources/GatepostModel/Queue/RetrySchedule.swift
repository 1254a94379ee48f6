/// When a deferred recipient is tried again: the waiting time doubles from `first` to `maximum`, until `expire` is over.
package struct RetrySchedule: Hashable, Sendable {
    package var first: Duration
    package var maximum: Duration
    /// How long after its arrival a message is given up.
    package var expire: Duration

    package init(
        first: Duration = .seconds(300),
        maximum: Duration = .seconds(14_400),
        expire: Duration = .seconds(432_000)
    ) {
        self.first = first
        self.maximum = maximum
        self.expire = expire
    }

    /// The time to wait after so many failed attempts (1 or more), before jitter counts.
    ///
    /// - Parameter jitter: 0 to 1; spreads the retries over 4/5 to 6/5 of the time, so that what failed together does not come back together.
    /// - Returns: nil when the waiting times of these attempts alone add up to more than `expire`.
    package func next(after attempts: Int, jitter: Double) -> Duration? {
        var wait = max(self.first, .milliseconds(1))
        var elapsed = Duration.zero
        for _ in 1..<max(1, min(attempts, 100_000)) {
            elapsed += min(wait, self.maximum)
            guard elapsed < self.expire else { return nil }
            if wait < self.maximum { wait *= 2 }
        }
        let spread = 0.8 + 0.4 * (jitter.isFinite ? min(max(jitter, 0), 1) : 0.5)
        return min(wait, max(self.maximum, .milliseconds(1))) * spread
    }

    /// The moment of the next attempt.
    ///
    /// - Returns: nil when the message is to be given up: the time since `received` is over. The last attempt is made just when it is.
    package func nextAttempt(after attempts: Int, received: Timestamp, now: Timestamp, jitter: Double) -> Timestamp? {
        let end = received + self.expire
        guard now < end else { return nil }
        let wait = self.next(after: attempts, jitter: jitter) ?? self.maximum
        return min(now + wait, end)
    }
}
