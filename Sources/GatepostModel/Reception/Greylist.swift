/// Who brings mail for the first time is asked to come back: programs that send to everybody once do not (RFC 6647).
///
/// A value of bounded size without a clock. Whoever came back once is known by their origin from then on, whatever else they bring.
package struct Greylist: Sendable {
    package enum Decision: Hashable, Sendable {
        case accepted
        /// How long until it would be taken.
        case wait(Duration)
    }

    /// The first tries and the origins that are remembered at most; twice as many in the worst case.
    package static let capacity = 100_000

    private let rules: Configuration.Reception.Greylisting
    /// First tries, by what they were.
    private var tries: GenerationTable<Int, Timestamp>
    /// When origins that came back were seen last.
    private var known: GenerationTable<Int, Timestamp>

    package init(_ rules: Configuration.Reception.Greylisting, capacity: Int = Greylist.capacity) {
        self.rules = rules
        self.tries = GenerationTable(capacity: capacity)
        self.known = GenerationTable(capacity: capacity)
    }

    /// - Parameters:
    ///   - origin: The client's network, or the domain that proved to be the sender's.
    ///   - sender: The reverse-path.
    package mutating func decide(origin: String, sender: String, recipient: String, now: Timestamp) -> Decision {
        let origin = Self.mark([origin])
        if let seen = self.known[origin], now - seen <= self.rules.remember {
            self.known.set(origin, now)
            return .accepted
        }
        let mark = Self.mark([String(origin), sender, recipient])
        guard let first = self.tries[mark], now - first <= self.rules.window, now >= first else {
            self.tries.set(mark, now)
            return .wait(self.rules.delay)
        }
        guard now - first >= self.rules.delay else { return .wait(self.rules.delay - (now - first)) }
        self.tries.remove(mark)
        self.known.set(origin, now)
        return .accepted
    }

    /// Texts that a stranger chose are not worth memory; the process's own hash keeps them from choosing a collision.
    private static func mark(_ texts: [String]) -> Int {
        var hasher = Hasher()
        for text in texts { hasher.combine(text) }
        return hasher.finalize()
    }
}
