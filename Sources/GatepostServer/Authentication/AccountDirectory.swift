package import GatepostModel
internal import MailSyntax
package import SASL
internal import Synchronization

/// Accounts and proofs kept in memory, so that a login that was seen lately costs no look-up and no hash.
///
/// The server that owns the data directory is the only one that changes it, and tells here what it changed, so what is remembered
/// is never out of date.
package final class AccountDirectory: Sendable {
    private struct State {
        var accounts: [String: Account] = [:]
        /// Addresses that were looked up in vain: to ask again costs as little as for one that exists, so that time does not tell.
        var absent: Set<String> = []
        var domains: [String]?
        var verified: VerificationCache
        /// Grows with every change: what was read before a change is not remembered after it.
        var generation: UInt64 = 0
    }

    /// What is known about a login name without asking the store.
    package enum Recollection: Sendable {
        case account(Account)
        /// Nobody has this name.
        case absent
        /// The store must be asked.
        case none
    }

    /// No account has a longer address; such names are not worth memory.
    private static let maximumNameOctets = 320

    private let store: any AccountStore
    private let clock: any WallClock
    private let configuredDomain: String?
    private let maximumAccounts: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - defaultDomain: For login names without a domain; nil: the only local domain.
    ///   - cache: How long a proof counts.
    package init(
        store: any AccountStore,
        clock: any WallClock,
        defaultDomain: String?,
        cache: Duration,
        maximumAccounts: Int = 10_000
    ) {
        self.store = store
        self.clock = clock
        self.configuredDomain = defaultDomain
        self.maximumAccounts = maximumAccounts
        self.state = Mutex(State(verified: VerificationCache(key: RandomOctets.make(32), timeToLive: cache)))
    }

    /// The account's address that a login name means: lower case, with the default domain where it has none; nil when there is none to add.
    ///
    /// Only remembered domains count: nil also before ``account(loginName:)`` asked for them once.
    package func address(of loginName: String) -> String? {
        let name = String(decoding: loginName.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        if name.utf8.contains(UInt8(ascii: "@")) { return name }
        if let domain = self.configuredDomain { return "\(name)@\(domain)" }
        let domains = self.state.withLock { $0.domains }
        guard let domains, domains.count == 1 else { return nil }
        return "\(name)@\(domains[0])"
    }

    /// Grows with every change of an account: while it stays the same, what was looked up is still so.
    package var generation: UInt64 { self.state.withLock { $0.generation } }

    /// What memory says about a login name.
    package func recollection(loginName: String) -> Recollection {
        guard let address = self.address(of: loginName) else { return .none }
        return self.state.withLock { state in
            if let account = state.accounts[address] { return .account(account) }
            return state.absent.contains(address) ? .absent : .none
        }
    }

    /// The account, from memory or the store.
    package func account(loginName: String) async throws -> Account? {
        if self.configuredDomain == nil, self.state.withLock({ $0.domains == nil }) {
            let generation = self.state.withLock { $0.generation }
            let domains = try await self.store.domains()
            self.state.withLock { if $0.generation == generation { $0.domains = domains } }
        }
        guard let address = self.address(of: loginName) else { return nil }
        let (known, isAbsent, generation) = self.state.withLock { state in
            (state.accounts[address], state.absent.contains(address), state.generation)
        }
        if known != nil || isAbsent { return known }
        let account = try await self.store.account(address: address)
        self.state.withLock { state in
            guard state.generation == generation else { return }
            if let account {
                if state.accounts.count >= self.maximumAccounts { state.accounts.removeAll() }
                state.accounts[address] = account
            } else if address.utf8.count <= AccountDirectory.maximumNameOctets {
                // Guessed names push only one another out, never a real account.
                if state.absent.count >= self.maximumAccounts { state.absent.removeAll() }
                state.absent.insert(address)
            }
        }
        return account
    }

    /// Whether the password proved right for one of the account's credentials not long ago.
    package func isVerified(_ password: Secret, for account: Account) -> Bool {
        let now = self.clock.now()
        return self.state.withLock { state in
            account.credentials.contains { state.verified.contains(password, for: $0, now: now) }
        }
    }

    /// Remembers a proof, unless the account changed since it was looked up.
    package func remember(_ password: Secret, for credential: Credential, of account: Account) {
        let now = self.clock.now()
        self.state.withLock { state in
            guard state.accounts[account.address]?.credentials.contains(credential) == true else { return }
            state.verified.insert(password, for: credential, now: now)
        }
    }

    /// Exchanges one credential for keys made of the same password.
    ///
    /// - Returns: The account and its credential as they are now; nil when somebody else changed it meanwhile.
    package func replace(
        _ credential: Credential,
        by keys: NewCredential,
        of account: Account
    ) async throws -> (Account, Credential)? {
        guard let changed = try await self.store.replace(credential, by: keys, of: account.address) else { return nil }
        self.accountChanged(account.address)
        guard let known = try await self.account(loginName: account.address),
            let new = known.credentials.first(where: { $0.keys == keys }), changed.credentials.contains(new)
        else { return nil }
        return (known, new)
    }

    /// Makes an account without a password of its own, for somebody whom another store knows.
    ///
    /// - Returns: The account, also when it is there already; nil when the address is none of a local domain.
    package func create(_ address: String) async throws -> Account? {
        let mailbox: Mailbox
        do {
            mailbox = try Mailbox(parsing: address)
        } catch {
            return nil
        }
        guard mailbox.canonical == address, case .name(let domain) = mailbox.domain,
            try await self.store.domains().contains(domain.lowercased())
        else { return nil }
        _ = try await self.store.add(NewAccount(address: address, credential: .elsewhere))
        self.accountChanged(address)
        return try await self.account(loginName: address)
    }

    /// An account was changed or removed: nothing remembered about it counts any more.
    package func accountChanged(_ address: String) {
        self.state.withLock { state in
            state.generation &+= 1
            state.absent.remove(address)
            if let account = state.accounts.removeValue(forKey: address) { state.verified.forget(account) }
        }
    }

    /// Local domains were added or removed.
    package func domainsChanged() {
        self.state.withLock { state in
            state.generation &+= 1
            state.domains = nil
        }
    }
}
