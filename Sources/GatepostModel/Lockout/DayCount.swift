/// Counts events of the last 24 hours, to the hour: what it says is never less than what there was within any 24 hours.
struct DayCount: Hashable, Sendable {
    private struct Hour: Hashable, Sendable {
        var number: Int64
        var count: Int
    }

    /// The hour under way and the 24 before it.
    private static let span: Int64 = 25
    private static let length: Int64 = 3_600_000

    /// Hours with events, the oldest first.
    private var hours: [Hour] = []

    func sum(now: Timestamp) -> Int {
        let current = Self.number(now)
        return self.hours.reduce(0) { sum, hour in
            // An hour that is still to come is left over from a clock that was wrong.
            hour.number <= current + 1 && current - hour.number < Self.span ? sum + hour.count : sum
        }
    }

    mutating func add(now: Timestamp) {
        let current = Self.number(now)
        self.hours.removeAll { $0.number > current + 1 || current - $0.number >= Self.span }
        if let last = self.hours.indices.last, self.hours[last].number >= current {
            self.hours[last].count += 1
        } else {
            self.hours.append(Hour(number: current, count: 1))
        }
    }

    /// When the sum falls below `limit`, if nothing is added.
    func time(below limit: Int, now: Timestamp) -> Timestamp {
        var sum = self.sum(now: now)
        var time = now
        for hour in self.hours where sum >= limit && hour.number <= Self.number(now) + 1 {
            time = max(time, Timestamp(milliseconds: (hour.number + Self.span) * Self.length))
            sum -= hour.count
        }
        return time
    }

    private static func number(_ time: Timestamp) -> Int64 {
        // Within a range in which the products above cannot overflow; no clock of a mail server is outside.
        let milliseconds = min(max(time.milliseconds, -(1 << 60)), 1 << 60)
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: Self.length)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
