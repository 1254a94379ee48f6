package import MailSyntax

/// What is locked.
package enum LockScope: Hashable, Sendable {
    /// The account, from all places where it never logged in.
    case account(String)
    /// The account from one network; nil stands for local sockets. In a network where it logged in before, for clients that did not.
    case network(account: String, IPNetwork?)
    /// The account from one client in a network where that client logged in before.
    case client(account: String, IPNetwork?)
    /// Every account, from this address, except those that logged in from it before.
    case address(IPNetwork)

    package var account: String? {
        switch self {
        case .account(let account), .network(let account, _), .client(let account, _): account
        case .address: nil
        }
    }

    package var network: IPNetwork? {
        switch self {
        case .account: nil
        case .network(_, let network), .client(_, let network): network
        case .address(let network): network
        }
    }
}

/// A lock or ban in force: what, why, until when.
package struct Lock: Hashable, Sendable {
    package var scope: LockScope
    package var since: Timestamp
    package var until: Timestamp
    /// Different wrong secrets within the last 24 hours; for an address those within the window, against all accounts.
    package var guesses: Int
    /// For an address: the accounts that it guessed at.
    package var accounts: Int?

    package init(scope: LockScope, since: Timestamp, until: Timestamp, guesses: Int, accounts: Int? = nil) {
        self.scope = scope
        self.since = since
        self.until = until
        self.guesses = guesses
        self.accounts = accounts
    }
}

/// Why an attempt is not even looked at.
package enum LockReason: Hashable, Sendable {
    case locked(LockScope)
    /// Too many failures a minute from this address.
    case tooManyFailures

    /// Whether a secret that nobody can guess may be looked at all the same: it tells a guesser nothing, and its owner is let in wherever
    /// he is. Not from a banned address, which only costs time.
    package var spares: Bool {
        switch self {
        case .locked(.account), .locked(.network), .locked(.client): true
        case .locked(.address), .tooManyFailures: false
        }
    }
}

/// Whether an attempt may be looked at.
package enum Admission: Hashable, Sendable {
    case admitted
    /// Looked at, but should it fail, the answer comes so much later.
    case delayed(Duration)
    /// The answer is that of a wrong secret, and takes as long, whatever the secret is.
    case refused(until: Timestamp, because: LockReason)
}
