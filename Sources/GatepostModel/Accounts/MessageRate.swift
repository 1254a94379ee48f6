/// How many messages were sent in the last 60 minutes, counted in steps of a minute: 60 numbers, however many messages there are.
package struct MessageRate: Hashable, Sendable {
    private static let steps = 60
    private static let step = Duration.seconds(60)

    private var counts = [Int](repeating: 0, count: MessageRate.steps)
    /// The minute since 1970 that the last count belongs to.
    private var minute: Int64 = .min

    package init() {}

    /// Counts one message, unless that would be more than `limit` within 60 minutes.
    ///
    /// A clock that is set back counts on in the latest minute seen.
    ///
    /// - Returns: nil when it was counted, else how long until one fits.
    package mutating func admit(limit: Int, now: Timestamp) -> Duration? {
        self.advance(to: now)
        guard self.total >= limit else {
            self.counts[MessageRate.steps - 1] += 1
            return nil
        }
        // The oldest minutes leave first: how many of them must, so that one more fits?
        var rest = self.total
        for (index, count) in self.counts.enumerated() {
            rest -= count
            if rest < limit { return MessageRate.step * (index + 1) }
        }
        return MessageRate.step * MessageRate.steps
    }

    /// Messages in the last 60 minutes.
    package var total: Int { self.counts.reduce(0, +) }

    private mutating func advance(to now: Timestamp) {
        let seconds = now.secondsSince1970
        let current = seconds / 60
        guard current > self.minute else { return }
        let (distance, overflow) = current.subtractingReportingOverflow(self.minute)
        let shift = overflow ? MessageRate.steps : Int(min(distance, Int64(MessageRate.steps)))
        self.counts.removeFirst(shift)
        self.counts += [Int](repeating: 0, count: shift)
        self.minute = current
    }
}
