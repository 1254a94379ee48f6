package import MailSyntax

extension Lockout {
    /// Every lock and ban in force, the longest first.
    package func locks(now: Timestamp) -> [Lock] {
        var locks = self.bans.compactMap { network, _ in self.ban(network, now: now)?.lock(of: network) }
        func add(_ scope: LockScope, _ tally: Tally) {
            guard let lock = tally.lock(now: now) else { return }
            locks.append(Lock(scope: scope, since: lock.since, until: lock.until, guesses: tally.guesses(now: now)))
        }
        for (account, tally) in self.strangers { add(.account(account), tally) }
        for (pair, tally) in self.pairs.entries { add(.network(account: pair.account, pair.network), tally) }
        for (place, tally) in self.own { add(place.scope, tally) }
        return locks.sorted { ($0.until, $1.scope.order) > ($1.until, $0.scope.order) }
    }

    /// Forgets what is counted against an account, from wherever.
    ///
    /// - Returns: The locks that are no more.
    package mutating func lift(account: String, now: Timestamp) -> [Lock] {
        let lifted = self.locks(now: now).filter { $0.scope.account == account }
        self.strangers[account] = nil
        self.pairs.removeAll { pair, _ in pair.account == account }
        self.own = self.own.filter { $0.key.pair.account != account }
        return lifted
    }

    /// Forgets what is counted against an address or network, at whichever account.
    ///
    /// - Returns: The locks that are no more.
    package mutating func lift(network: IPNetwork, now: Timestamp) -> [Lock] {
        func isMeant(_ other: IPNetwork?) -> Bool {
            guard let other else { return false }
            return network.contains(other.address) || other.contains(network.address)
        }
        let lifted = self.locks(now: now).filter { isMeant($0.scope.network) }
        self.bans = self.bans.filter { !isMeant($0.key) }
        self.visitors.removeAll { address, _ in isMeant(address) }
        self.pairs.removeAll { pair, _ in isMeant(pair.network) }
        self.own = self.own.filter { !isMeant($0.key.pair.network) }
        return lifted
    }

    /// Forgets an account that is no more.
    package mutating func removed(account: String) {
        self.strangers[account] = nil
        self.pairs.removeAll { pair, _ in pair.account == account }
        for place in self.known[account]?.places ?? [] {
            self.forget(Pair(account: account, network: place.network))
        }
        self.known[account] = nil
    }

    /// Where the account logged in within the last 90 days; nil stands for local sockets.
    package func knownNetworks(of account: String, now: Timestamp) -> [IPNetwork?] {
        (self.known[account]?.places ?? []).filter { now - $0.last < KnownPlaces.life }.map(\.network)
    }

    /// How many entries the tables hold, all in all.
    package var size: Int {
        self.strangers.count + self.pairs.count + self.own.count + self.known.count + self.residents.count
            + self.visitors.count + self.bans.count
    }
}

extension LockScope {
    /// Text to sort by, where times are the same.
    fileprivate var order: String {
        "\(self.account ?? "") \(self.network?.description ?? "")"
    }
}
