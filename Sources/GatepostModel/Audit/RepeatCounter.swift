/// Counts how often an account was tried with one wrong secret, by its tag. A value of bounded size.
package struct RepeatCounter: Sendable {
    private struct Key: Hashable, Sendable {
        var account: String
        var tag: UInt16
    }

    private let maximumEntries: Int
    private var day: Int64 = .min
    private var counts: [Key: Int] = [:]

    package init(maximumEntries: Int = 10_000) {
        self.maximumEntries = max(1, maximumEntries)
    }

    package var count: Int { self.counts.count }

    /// - Parameter account: The account's address, or the name as it was typed where it means none.
    /// - Returns: How often the pair was seen today, this time included.
    package mutating func count(account: String, tag: UInt16, now: Timestamp) -> Int {
        let day = SecretTagger.day(of: now)
        if day != self.day {
            // Tags of another day are of another key.
            self.counts.removeAll(keepingCapacity: true)
            self.day = day
        }
        // A name that does not fit an address is a stranger's: its beginning is enough to count by.
        let key = Key(account: AuditFields.cut(account), tag: tag)
        if let count = self.counts[key] {
            self.counts[key] = count &+ 1
            return count &+ 1
        }
        if self.counts.count >= self.maximumEntries {
            // Those seen once are guesses; what repeats is worth remembering.
            self.counts = self.counts.filter { $0.value > 1 }
            if self.counts.count >= self.maximumEntries { self.counts.removeAll(keepingCapacity: true) }
        }
        self.counts[key] = 1
        return 1
    }
}
