/// Lets `burst` events pass at once and then so many in a period, evenly (the generic cell rate algorithm of ITU-T I.371).
struct RateMeter: Hashable, Sendable {
    /// When the meter is empty again.
    private var emptyAt: Timestamp

    init(now: Timestamp) {
        self.emptyAt = now
    }

    /// When the next event may come; nil: now.
    func blockedUntil(now: Timestamp, limit: Int, period: Duration) -> Timestamp? {
        // A meter that is fuller than full is from a clock that was wrong.
        guard self.emptyAt <= now + period + period else { return nil }
        let free = self.emptyAt - period + period / limit
        return free > now ? free : nil
    }

    mutating func count(now: Timestamp, limit: Int, period: Duration) {
        let full = now + period
        let start = self.emptyAt > full + period ? now : max(self.emptyAt, now)
        self.emptyAt = min(start + period / limit, full)
    }
}
