/// What an address did, at whichever accounts: the ground for delays and for its ban. Attempts at accounts that logged in from there before
/// are not among it, or a device with an old password would have the whole office turned away.
struct Visitor: Hashable, Sendable {
    /// The first guesses cost nothing: people mistype.
    private static let freeGuesses = 3
    private static let longestDelay = Duration.seconds(8)
    private static let maximumGuesses = 64

    struct Guess: Hashable, Sendable {
        var account: UInt64
        /// Of the account and the secret.
        var secret: UInt64
        var time: Timestamp
    }

    private(set) var guesses: [Guess] = []
    private(set) var rate: RateMeter
    /// Bans so far, for the length of the next.
    private(set) var bans = 0
    private(set) var last: Timestamp

    init(now: Timestamp) {
        self.rate = RateMeter(now: now)
        self.last = now
    }

    /// Doubles with each different guess.
    func delay(now: Timestamp, window: Duration) -> Duration {
        let count = self.guesses.count { now - $0.time < window }
        guard count >= Self.freeGuesses else { return .zero }
        return min(.seconds(1 << min(count - Self.freeGuesses, 10)), Self.longestDelay)
    }

    func accounts(now: Timestamp, window: Duration) -> Int {
        Set(self.guesses.lazy.filter { now - $0.time < window }.map(\.account)).count
    }

    mutating func failed(now: Timestamp, limit: Int) {
        self.last = max(self.last, now)
        self.rate.count(now: now, limit: limit, period: .seconds(60))
    }

    /// - Parameter secret: nil where it is not known: then each counts.
    mutating func guessed(account: UInt64, secret: UInt64?, now: Timestamp, window: Duration) {
        self.guesses.removeAll { now - $0.time >= window }
        if let secret, self.guesses.contains(where: { $0.account == account && $0.secret == secret }) { return }
        if self.guesses.count >= Self.maximumGuesses { self.guesses.removeFirst() }
        self.guesses.append(Guess(account: account, secret: secret ?? 0, time: now))
    }

    /// The account's secret was right after all.
    mutating func succeeded(account: UInt64) {
        self.guesses.removeAll { $0.account == account }
    }

    mutating func banned() {
        self.guesses.removeAll()
        self.bans += 1
    }
}
