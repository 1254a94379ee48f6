package import GatepostModel

/// A lock as reports show it.
package struct LockReport: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, Hashable {
        /// The account, for places where it never logged in.
        case strangers
        /// The account, from one network.
        case network
        /// The account, from clients in a network that logged in before.
        case client
        /// Every account, from an address.
        case address
    }

    package var kind: Kind
    package var account: String?
    /// An address or a network; `local` for sockets of this host.
    package var from: String?
    package var since: String
    package var until: String
    /// Different wrong secrets.
    package var guesses: Int
    /// For an address: the accounts that it guessed at.
    package var accounts: Int?
    /// What is locked and why, in words.
    package var reason: String

    package init(_ lock: Lock) {
        self.account = lock.scope.account
        self.since = lock.since.description
        self.until = lock.until.description
        self.guesses = lock.guesses
        self.accounts = lock.accounts
        let secrets = lock.guesses == 1 ? "1 wrong secret" : "\(lock.guesses) different wrong secrets"
        switch lock.scope {
        case .account:
            self.kind = .strangers
            self.reason = "\(secrets) in a day, from places where it never logged in; only those are refused"
        case .network(_, let network):
            self.kind = .network
            self.from = network?.text ?? "local"
            self.reason = "\(secrets) from there; clients that logged in from there before are not refused"
        case .client(_, let network):
            self.kind = .client
            self.from = network?.text ?? "local"
            self.reason = "\(secrets) from a client there that logged in before"
        case .address(let network):
            self.kind = .address
            self.from = network.text
            self.reason =
                "guessed at \(lock.accounts ?? 0) accounts; those that logged in from there before are not refused"
        }
    }
}
