package import MailSyntax

/// How many wrong secrets are borne, and from whom.
package struct LockoutPolicy: Sendable, Hashable {
    /// Different wrong secrets against one account from one place within ``window``; the last of them locks.
    package var attempts: Int
    package var window: Duration
    /// The first lock; each further one is twice as long as the last.
    package var duration: Duration
    /// Different wrong secrets against one account within any 24 hours, all in all: half of them from all places together where it never
    /// logged in, a quarter from newcomers in a network of its own, a quarter from a client that it logged in with. At least eight times
    /// ``attempts``, or the parts are larger than the whole.
    package var guessesPerDay: Int
    /// Accounts that an address may guess at within ``window``; the last of them bans it.
    package var accounts: Int
    /// AUTH commands of one address that may fail within a minute, for whatever reason.
    package var failuresPerMinute: Int
    /// Free of everything here (`networks.allow`).
    package var allow: [IPNetwork]
    /// Never banned nor slowed as a whole, for many people are behind them: loopback, the server's own addresses, proxies. Locks of an
    /// account count there too.
    package var unbannable: [IPNetwork]

    package init(
        attempts: Int = 10,
        window: Duration = .seconds(3600),
        duration: Duration = .seconds(900),
        guessesPerDay: Int = 200,
        accounts: Int = 10,
        failuresPerMinute: Int = 30,
        allow: [IPNetwork] = [],
        unbannable: [IPNetwork] = LockoutPolicy.loopback
    ) {
        self.attempts = max(1, attempts)
        self.window = window
        self.duration = duration
        self.guessesPerDay = max(1, guessesPerDay)
        self.accounts = max(1, accounts)
        self.failuresPerMinute = max(1, failuresPerMinute)
        self.allow = allow
        self.unbannable = unbannable
    }

    package static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { IPNetwork($0) }

    /// No lock or ban is longer: whoever was wronged can come back tomorrow.
    package static let longest = Duration.seconds(86_400)

    /// All places together where the account never logged in.
    var strangers: Tally.Limits {
        self.limits(attempts: nil, longest: Self.longest, day: self.strangersPerDay)
    }

    /// One of those places: a fifth of that at most, so that a single guesser leaves the rest to others, among whom the owner may be.
    var strangeNetwork: Tally.Limits {
        let fifth = max(2 * self.attempts, self.strangersPerDay / 5)
        return self.limits(
            attempts: self.attempts,
            longest: Self.longest,
            day: min(self.strangersPerDay, fifth)
        )
    }

    /// A client, or the newcomers, in a network where the account logged in. The owner sits there: locks grow no longer than the window.
    var ownPlace: Tally.Limits {
        self.limits(
            attempts: self.attempts,
            longest: max(self.duration, min(self.window, Self.longest)),
            day: max(self.attempts, self.guessesPerDay / 4)
        )
    }

    private var strangersPerDay: Int { max(self.attempts, self.guessesPerDay / 2) }

    private func limits(attempts: Int?, longest: Duration, day: Int) -> Tally.Limits {
        Tally.Limits(attempts: attempts, window: self.window, duration: self.duration, longest: longest, day: day)
    }
}
