/// The wrong secrets that count against one budget, and the lock that they led to.
///
/// A secret that comes again counts no second time, as long as it is told apart: then a device with an old password is one guess.
struct Tally: Hashable, Sendable {
    /// How much is borne.
    struct Limits: Hashable, Sendable {
        /// Within the window; nil: only the day counts.
        var attempts: Int?
        var window: Duration
        var duration: Duration
        /// The end of growing.
        var longest: Duration
        /// Within 24 hours.
        var day: Int
    }

    struct Lock: Hashable, Sendable {
        var since: Timestamp
        var until: Timestamp
    }

    enum Outcome: Hashable, Sendable {
        /// This secret was here before.
        case repeated
        case counted
        case locked(until: Timestamp)
    }

    private struct SeenTag: Hashable, Sendable {
        var tag: UInt16
        var last: Timestamp
    }

    /// The key of secret tags is renewed daily: older ones mean nothing any more.
    private static let tagLife = Duration.seconds(86_400)
    /// What is further in the future is from a clock that was wrong, and must not stick.
    private static let slack = Duration.seconds(60)
    /// With nothing wrong for so long, all is forgotten.
    private static let memory = Duration.seconds(25 * 3600)

    /// Guesses within the window, the oldest first.
    private var recent: [Timestamp] = []
    private var tags: [SeenTag] = []
    private var day = DayCount()
    private var lock: Lock?
    /// Locks in a row, without a success between.
    private var locksInARow = 0
    private(set) var last: Timestamp

    init(now: Timestamp) {
        self.last = now
    }

    /// Different secrets within the last 24 hours.
    func guesses(now: Timestamp) -> Int { self.day.sum(now: now) }

    /// The lock that is in force.
    func lock(now: Timestamp) -> Lock? {
        guard let lock = self.lock, lock.since <= now + Self.slack, now < lock.until else { return nil }
        return lock
    }

    /// Whether there is nothing left to remember.
    func isSpent(now: Timestamp) -> Bool {
        self.lock(now: now) == nil && (now - self.last > Self.memory || self.last - now > Self.memory)
    }

    /// A secret was wrong.
    ///
    /// - Parameter tag: Tells secrets apart; nil where the mechanism brings none: then each counts.
    mutating func guessed(tag: UInt16?, now: Timestamp, limits: Limits) -> Outcome {
        if self.isSpent(now: now) { self = Tally(now: now) }
        self.last = now
        if let tag, self.remember(tag, now: now, capacity: limits.day + 16) { return .repeated }
        self.day.add(now: now)
        if limits.attempts != nil {
            self.recent.removeAll { $0 > now + Self.slack || now - $0 >= limits.window }
            self.recent.append(now)
        }
        // After a lock one try is borne until there is a success: who knows the secret needs no more.
        let isTooMany = limits.attempts.map { self.recent.count >= $0 || self.locksInARow > 0 } ?? false
        guard isTooMany || self.day.sum(now: now) >= limits.day else { return .counted }
        var until = now
        if isTooMany {
            let factor = 1 << min(self.locksInARow, 20)
            until = now + min(limits.duration * factor, limits.longest)
            self.locksInARow += 1
            self.recent.removeAll()
        }
        if self.day.sum(now: now) >= limits.day { until = max(until, self.day.time(below: limits.day, now: now)) }
        self.lock = Lock(since: now, until: until)
        return .locked(until: until)
    }

    /// A secret was right. What was guessed today stays counted: the owner's logins must not pay for a guesser beside him.
    mutating func succeeded() {
        self.recent.removeAll()
        self.locksInARow = 0
    }

    /// - Returns: Whether the secret was here before.
    private mutating func remember(_ tag: UInt16, now: Timestamp, capacity: Int) -> Bool {
        if let index = self.tags.firstIndex(where: { $0.tag == tag }) {
            let isFresh = self.tags[index].last <= now + Self.slack && now - self.tags[index].last < Self.tagLife
            self.tags[index].last = now
            return isFresh
        }
        if self.tags.count >= capacity,
            let oldest = self.tags.indices.min(by: { self.tags[$0].last < self.tags[$1].last })
        {
            self.tags.remove(at: oldest)
        }
        self.tags.append(SeenTag(tag: tag, last: now))
        return false
    }
}
