package import MailSyntax

/// A lock of an account, or a ban of a network, that began, grew or ended.
package struct LockoutEvent: Hashable, Sendable {
    package enum Change: String, Hashable, Sendable, Codable, CaseIterable {
        /// Attempts are answered late.
        case delayed
        /// Attempts on the account from the network are refused.
        case locked
        /// Whatever comes from the network is refused.
        case banned
        /// The time was up.
        case ended
        /// Somebody undid it.
        case lifted
    }

    package var time: Timestamp
    package var change: Change
    /// nil for a ban, which is about every account.
    package var account: String?
    /// nil when the account is locked from everywhere.
    package var network: IPNetwork?
    package var until: Timestamp?
    /// The different wrong secrets that led to it.
    package var distinctSecrets: Int?
    /// The accounts that a banned network guessed at.
    package var accountsTried: Int?
    /// nil where the server did it by itself.
    package var actor: AuditActor?

    package init(
        time: Timestamp,
        change: Change,
        account: String?,
        network: IPNetwork?,
        until: Timestamp? = nil,
        distinctSecrets: Int? = nil,
        accountsTried: Int? = nil,
        actor: AuditActor? = nil
    ) {
        self.time = time
        self.change = change
        self.account = account
        self.network = network
        self.until = until
        self.distinctSecrets = distinctSecrets
        self.accountsTried = accountsTried
        self.actor = actor
    }
}
