internal import Crypto
package import MailSyntax
package import SASL

/// Decides which login attempts are looked at, so that nobody can guess for long and nobody can lock another one out.
///
/// Wrong secrets count against budgets. An account has one for each client that logged in before (by its network, name and mechanism), one
/// for newcomers in each network where it logged in, one for each other network, and one for all those others together. A budget that is
/// spent locks those who spent it and no one else: what strangers do is never charged to a place where the owner has been. An address that
/// guesses at many accounts is banned, again except for accounts that logged in from it.
///
/// A value without clock, randomness or I/O; whoever shares it guards it. All tables are bounded, and what strangers put in pushes out
/// neither the owner's places nor an account's own count.
package struct Lockout: Sendable {
    /// What came of an attempt in the end.
    package struct Ending: Hashable, Sendable {
        /// As it was told, or `locked` for a right secret that came too late.
        package var result: LoginResult
        /// The answer is held back for so long.
        package var delay: Duration
        /// Locks that began with it.
        package var locks: [Lock]

        package init(result: LoginResult, delay: Duration, locks: [Lock]) {
            self.result = result
            self.delay = delay
            self.locks = locks
        }
    }

    struct Pair: Hashable, Sendable {
        var account: String
        var network: IPNetwork?
    }

    struct OwnPlace: Hashable, Sendable {
        var pair: Pair
        /// nil for all clients that did not log in yet.
        var client: UInt64?
    }

    struct Ban: Hashable, Sendable {
        var since: Timestamp
        var until: Timestamp
        var guesses: Int
        var accounts: Int
    }

    /// Who an attempt is charged to.
    enum Standing: Hashable, Sendable {
        case allowed
        case own(OwnPlace)
        case stranger
    }

    package static let maximumBans = 16_384
    static let generation = 32_768

    package let policy: LockoutPolicy
    private let key: SymmetricKey
    /// By account; only of accounts that exist, so that made-up names fill nothing.
    var strangers: [String: Tally] = [:]
    var pairs = GenerationTable<Pair, Tally>(capacity: Lockout.generation)
    /// Only for places in `known`.
    var own: [OwnPlace: Tally] = [:]
    var known: [String: KnownPlaces] = [:]
    /// How many accounts logged in from a network.
    var residents: [IPNetwork: Int] = [:]
    var visitors = GenerationTable<IPNetwork, Visitor>(capacity: Lockout.generation)
    var bans: [IPNetwork: Ban] = [:]
    private var sweepAt = 4096

    /// - Parameter key: Random octets, at least 16, made anew at each start: names of accounts that may not exist are kept hashed under it.
    package init(policy: LockoutPolicy, key: some Collection<UInt8>) {
        self.policy = policy
        self.key = SymmetricKey(data: Array(key))
    }

    // MARK: Before

    /// Whether the attempt may be looked at.
    package func admission(of attempt: LoginAttempt, now: Timestamp) -> Admission {
        switch self.standing(of: attempt, now: now) {
        case .allowed:
            return .admitted
        case .own(let place):
            guard attempt.mechanism.isGuessable, let lock = self.own[place]?.lock(now: now) else { return .admitted }
            return .refused(until: lock.until, because: .locked(place.scope))
        case .stranger:
            return self.admissionOfStranger(attempt, now: now)
        }
    }

    private func admissionOfStranger(_ attempt: LoginAttempt, now: Timestamp) -> Admission {
        let visitor = self.bannable(attempt.address)
        if let visitor {
            if let ban = self.ban(visitor, now: now) {
                return .refused(until: ban.until, because: .locked(.address(visitor)))
            }
            if let until = self.visitors[visitor]?.rate.blockedUntil(
                now: now,
                limit: self.policy.failuresPerMinute,
                period: .seconds(60)
            ) {
                return .refused(until: until, because: .tooManyFailures)
            }
        }
        if attempt.mechanism.isGuessable, let account = attempt.account {
            let pair = Pair(account: account, network: attempt.address?.neighbourhood)
            if let lock = self.pairs[pair]?.lock(now: now) {
                return .refused(until: lock.until, because: .locked(.network(account: account, pair.network)))
            }
            if let lock = self.strangers[account]?.lock(now: now) {
                return .refused(until: lock.until, because: .locked(.account(account)))
            }
        }
        let delay = self.delay(visitor, now: now)
        return delay == .zero ? .admitted : .delayed(delay)
    }

    /// Whether a connection from the address can be turned away without asking who it is: it is banned, or failed too often within the
    /// last minute, and no account ever logged in from there.
    package func turnsAway(_ address: IPAddress, now: Timestamp) -> LockReason? {
        guard let visitor = self.bannable(address), self.residents[address.neighbourhood] == nil else { return nil }
        if self.ban(visitor, now: now) != nil { return .locked(.address(visitor)) }
        let rate = self.visitors[visitor]?.rate
        guard rate?.blockedUntil(now: now, limit: self.policy.failuresPerMinute, period: .seconds(60)) != nil else {
            return nil
        }
        return .tooManyFailures
    }

    // MARK: After

    /// Takes down what came of an attempt.
    ///
    /// It decides at last: of many attempts that were let in at once, those that end after the budget is spent are refused, right or wrong.
    ///
    /// - Parameter isGuessable: Whether the secret can be guessed at all: a token, a certificate or a generated password cannot.
    package mutating func ended(
        _ attempt: LoginAttempt,
        _ result: LoginResult,
        isGuessable: Bool = true,
        now: Timestamp
    ) -> Ending {
        let isGuessable = isGuessable && attempt.mechanism.isGuessable
        let standing = self.standing(of: attempt, now: now)
        guard standing != .allowed else {
            if result == .succeeded { self.loggedIn(attempt, now: now) }
            return Ending(result: result, delay: .zero, locks: [])
        }
        switch result {
        case .succeeded:
            if isGuessable, self.isLocked(attempt, standing, now: now) {
                return self.failed(attempt, .locked, standing, isGuessable: isGuessable, now: now)
            }
            self.loggedIn(attempt, now: now)
            return Ending(result: result, delay: .zero, locks: [])
        case .refused(let reason):
            return self.failed(attempt, reason, standing, isGuessable: isGuessable, now: now)
        }
    }

    private mutating func failed(
        _ attempt: LoginAttempt,
        _ reason: AuthenticationReason,
        _ standing: Standing,
        isGuessable: Bool,
        now: Timestamp
    ) -> Ending {
        var locks: [Lock] = []
        let visitor = self.bannable(attempt.address)
        // Held back as long for a known account as for any other, or the time would tell which names are known.
        let delay = self.delay(visitor, now: now)
        if isGuessable, reason.isGuess, !self.isLocked(attempt, standing, now: now), let account = attempt.account {
            locks += self.guessed(attempt, account, standing, now: now)
        }
        if let visitor, standing == .stranger {
            locks += self.failedVisit(visitor, attempt, reason, isGuessable: isGuessable, now: now)
        }
        self.sweep(now: now)
        return Ending(result: .refused(reason), delay: delay, locks: locks)
    }

    private mutating func guessed(
        _ attempt: LoginAttempt,
        _ account: String,
        _ standing: Standing,
        now: Timestamp
    ) -> [Lock] {
        switch standing {
        case .allowed:
            return []
        case .own(let place):
            let outcome = self.own[place, default: Tally(now: now)]
                .guessed(tag: attempt.secretTag, now: now, limits: self.policy.ownPlace)
            return self.lock(outcome, place.scope, self.own[place], now: now)
        case .stranger:
            let pair = Pair(account: account, network: attempt.address?.neighbourhood)
            let together = self.strangers[account, default: Tally(now: now)]
                .guessed(tag: attempt.secretTag, now: now, limits: self.policy.strangers)
            var tally = self.pairs[pair] ?? Tally(now: now)
            let alone = tally.guessed(tag: attempt.secretTag, now: now, limits: self.policy.strangeNetwork)
            self.pairs.set(pair, tally)
            return self.lock(alone, .network(account: account, pair.network), tally, now: now)
                + self.lock(together, .account(account), self.strangers[account], now: now)
        }
    }

    private func lock(_ outcome: Tally.Outcome, _ scope: LockScope, _ tally: Tally?, now: Timestamp) -> [Lock] {
        guard case .locked(let until) = outcome else { return [] }
        return [Lock(scope: scope, since: now, until: until, guesses: tally?.guesses(now: now) ?? 0)]
    }

    private mutating func failedVisit(
        _ network: IPNetwork,
        _ attempt: LoginAttempt,
        _ reason: AuthenticationReason,
        isGuessable: Bool,
        now: Timestamp
    ) -> [Lock] {
        var visitor = self.visitors[network] ?? Visitor(now: now)
        // What was refused for the rate itself counts no further, or a client that hurries would never get in.
        if reason != .tooMany { visitor.failed(now: now, limit: self.policy.failuresPerMinute) }
        var locks: [Lock] = []
        if isGuessable, reason.isAttemptAtAccount, self.ban(network, now: now) == nil {
            let name = attempt.account ?? attempt.loginName
            let secret = attempt.secretTag.map { self.hash(name, UInt64($0)) }
            visitor.guessed(account: self.hash(name, nil), secret: secret, now: now, window: self.policy.window)
            let accounts = visitor.accounts(now: now, window: self.policy.window)
            if accounts >= self.policy.accounts {
                let length = min(self.policy.duration * (1 << min(visitor.bans, 20)), LockoutPolicy.longest)
                let ban = Ban(since: now, until: now + length, guesses: visitor.guesses.count, accounts: accounts)
                self.ban(network, ban, now: now)
                visitor.banned()
                locks = [ban.lock(of: network)]
            }
        }
        self.visitors.set(network, visitor)
        return locks
    }

    private mutating func loggedIn(_ attempt: LoginAttempt, now: Timestamp) {
        guard let account = attempt.account else { return }
        let network = attempt.address?.neighbourhood
        let client = self.client(of: attempt)
        let pair = Pair(account: account, network: network)
        let change = self.known[account, default: KnownPlaces()].loggedIn(from: network, client: client, now: now)
        for network in change.forgotten { self.forget(Pair(account: account, network: network)) }
        if change.isNew {
            if let network { self.residents[network, default: 0] += 1 }
            self.pairs.remove(pair)
        } else {
            self.own[OwnPlace(pair: pair, client: client)]?.succeeded()
        }
        if let visitor = self.bannable(attempt.address), var entry = self.visitors[visitor] {
            entry.succeeded(account: self.hash(account, nil))
            self.visitors.set(visitor, entry)
        }
    }

    // MARK: Who it is

    func standing(of attempt: LoginAttempt, now: Timestamp) -> Standing {
        if let address = attempt.address, self.policy.allow.contains(where: { $0.contains(address) }) {
            return .allowed
        }
        guard let account = attempt.account else { return .stranger }
        let network = attempt.address?.neighbourhood
        guard let place = self.known[account]?.place(network, now: now) else { return .stranger }
        let client = self.client(of: attempt)
        let isKnown = place.clients.contains { $0.identity == client }
        return .own(OwnPlace(pair: Pair(account: account, network: network), client: isKnown ? client : nil))
    }

    /// Whether a secret that can be guessed would be refused now, right or wrong.
    package func isLocked(_ attempt: LoginAttempt, now: Timestamp) -> Bool {
        self.isLocked(attempt, self.standing(of: attempt, now: now), now: now)
    }

    private func isLocked(_ attempt: LoginAttempt, _ standing: Standing, now: Timestamp) -> Bool {
        switch standing {
        case .allowed: return false
        case .own(let place): return self.own[place]?.lock(now: now) != nil
        case .stranger:
            if let visitor = self.bannable(attempt.address), self.ban(visitor, now: now) != nil { return true }
            guard let account = attempt.account else { return false }
            let pair = Pair(account: account, network: attempt.address?.neighbourhood)
            return self.pairs[pair]?.lock(now: now) != nil || self.strangers[account]?.lock(now: now) != nil
        }
    }

    /// What tells one client from another behind one line: how it calls itself, and how it logs in.
    private func client(of attempt: LoginAttempt) -> UInt64 {
        var text = Array((attempt.clientName ?? "").utf8.prefix(255))
        text.append(0)
        text += attempt.mechanism.description.utf8
        return self.hash(octets: text)
    }

    private func hash(_ name: String, _ number: UInt64?) -> UInt64 {
        var octets = Array(name.utf8.prefix(512))
        if let number {
            octets.append(0)
            withUnsafeBytes(of: number.littleEndian) { octets += $0 }
        }
        return self.hash(octets: octets)
    }

    private func hash(octets: [UInt8]) -> UInt64 {
        HMAC<SHA256>.authenticationCode(for: octets, using: self.key).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Addresses

    /// The address as bans see it; nil where there is none, or none that may be banned.
    private func bannable(_ address: IPAddress?) -> IPNetwork? {
        guard let address, !self.policy.unbannable.contains(where: { $0.contains(address) }),
            !self.policy.allow.contains(where: { $0.contains(address) })
        else { return nil }
        return address.network()
    }

    private func delay(_ visitor: IPNetwork?, now: Timestamp) -> Duration {
        visitor.flatMap { self.visitors[$0] }?.delay(now: now, window: self.policy.window) ?? .zero
    }

    func ban(_ network: IPNetwork, now: Timestamp) -> Ban? {
        // One from the future is from a clock that was wrong.
        guard let ban = self.bans[network], ban.since <= now + .seconds(60), now < ban.until else { return nil }
        return ban
    }

    private mutating func ban(_ network: IPNetwork, _ ban: Ban, now: Timestamp) {
        if self.bans.count >= Lockout.maximumBans {
            self.bans = self.bans.filter { now < $0.value.until }
        }
        if self.bans.count >= Lockout.maximumBans {
            // Those that end first: they cost their makers least.
            let first = self.bans.sorted { $0.value.until < $1.value.until }.prefix(Lockout.maximumBans / 8)
            for (network, _) in first { self.bans[network] = nil }
        }
        self.bans[network] = ban
    }

    // MARK: Memory

    /// The network is no longer known for the account.
    mutating func forget(_ pair: Pair) {
        self.own = self.own.filter { $0.key.pair != pair }
        guard let network = pair.network, let count = self.residents[network] else { return }
        self.residents[network] = count > 1 ? count - 1 : nil
    }

    /// Drops what is over; each time twice as much may gather first, so that it costs little a login.
    private mutating func sweep(now: Timestamp) {
        guard self.strangers.count + self.own.count >= self.sweepAt else { return }
        self.strangers = self.strangers.filter { !$0.value.isSpent(now: now) }
        self.own = self.own.filter { !$0.value.isSpent(now: now) }
        self.sweepAt = max(4096, 2 * (self.strangers.count + self.own.count))
    }
}

extension Lockout.OwnPlace {
    var scope: LockScope {
        self.client == nil
            ? .network(account: self.pair.account, self.pair.network)
            : .client(account: self.pair.account, self.pair.network)
    }
}

extension Lockout.Ban {
    func lock(of network: IPNetwork) -> Lock {
        Lock(
            scope: .address(network),
            since: self.since,
            until: self.until,
            guesses: self.guesses,
            accounts: self.accounts
        )
    }
}

extension IPAddress {
    /// The network that an account is known from: a provider's customers change within it.
    package var neighbourhood: IPNetwork { self.network(v4: 24, v6: 64) }
}

extension MechanismName {
    /// Whether it asks for a secret that people choose. Tokens are signed, certificates and tickets proved: trying them guesses nothing.
    package var isGuessable: Bool {
        let proofs = ["EXTERNAL", "OAUTHBEARER", "XOAUTH2", "GSSAPI", "GS2-KRB5", "GSS-SPNEGO"]
        return !proofs.contains(self.description)
    }
}

extension AuthenticationReason {
    /// Whether a secret was looked at and was wrong. An old password is one that the owner's devices still have.
    package var isGuess: Bool {
        switch self {
        case .wrongPassword: true
        default: false
        }
    }

    /// Whether it says that somebody tried his luck at an account, whether or not there is one.
    package var isAttemptAtAccount: Bool {
        switch self {
        case .wrongPassword, .unknownAccount, .noDomain, .domainNotHosted, .disabled, .locked: true
        default: false
        }
    }
}
