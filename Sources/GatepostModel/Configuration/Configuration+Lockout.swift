package import MailSyntax

extension Configuration {
    /// How many wrong secrets are borne (`authentication.lockout`); see ``LockoutPolicy``.
    package struct Lockout: Sendable, Hashable {
        package var attempts: Int
        package var window: Duration
        package var duration: Duration
        package var guessesPerDay: Int
        package var accounts: Int

        package init(
            attempts: Int = 10,
            window: Duration = .seconds(3600),
            duration: Duration = .seconds(900),
            guessesPerDay: Int = 200,
            accounts: Int = 10
        ) {
            self.attempts = attempts
            self.window = window
            self.duration = duration
            self.guessesPerDay = guessesPerDay
            self.accounts = accounts
        }
    }

    /// What the server goes by.
    ///
    /// - Parameter own: Addresses of this host's interfaces: other programs on it log in from there, and share it.
    package func lockoutPolicy(own: some Collection<IPAddress> = []) -> LockoutPolicy {
        let lockout = self.authentication.lockout
        return LockoutPolicy(
            attempts: lockout.attempts,
            window: lockout.window,
            duration: lockout.duration,
            guessesPerDay: lockout.guessesPerDay,
            accounts: lockout.accounts,
            failuresPerMinute: self.limits.failuresPerMinute,
            allow: self.networks.allow,
            unbannable: LockoutPolicy.loopback + own.map { $0.network() }
                + self.listeners.flatMap { $0.proxies + $0.xclient }
        )
    }
}
