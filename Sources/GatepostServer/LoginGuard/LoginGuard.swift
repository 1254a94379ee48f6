package import GatepostModel
package import Logging
package import MailSyntax
internal import SASL
package import SMTP
internal import Synchronization

/// Stands before and behind each login: lets it be looked at or not, takes down what came of it, and holds answers to guessers back.
///
/// Shared by every listener and socket at which logins are checked. Each call takes a lock for microseconds; only ``settle(_:)`` waits.
package final class LoginGuard: Sendable {
    /// Answers that are held back at once; each keeps its session in memory a little longer.
    package static let maximumHeld = 2048

    private let state: Mutex<Lockout>
    private let tags: SecretTags
    private let held = Atomic<Int>(0)
    private let clock: any WallClock
    private let audit: (any AuditLog)?
    private let logger: Logger

    /// - Parameter history: What the audit trail tells of recent logins, in order.
    package init(
        policy: LockoutPolicy,
        clock: any WallClock,
        logger: Logger,
        tags: SecretTags = SecretTags(directory: nil),
        audit: (any AuditLog)? = nil,
        history: some Sequence<Lockout.Happening> = EmptyCollection<Lockout.Happening>()
    ) {
        self.state = Mutex(Lockout.rebuilt(policy: policy, key: RandomOctets.make(32), from: history))
        self.clock = clock
        self.tags = tags
        self.logger = logger
        self.audit = audit
    }

    /// An attempt as far as it is known when its mechanism asks, or when it ended before that.
    func attempt(
        _ question: ServerQuestion?,
        by mechanism: MechanismName,
        account: String?,
        from origin: LoginExchange.Origin
    ) -> LoginAttempt {
        let now = self.clock.now()
        var attempt = LoginAttempt(
            time: now,
            loginName: question?.authenticationIdentity ?? "",
            account: account,
            mechanism: mechanism,
            address: origin.address?.unmapped,
            listener: origin.listener,
            tls: origin.isTLS ? origin.tlsVersion ?? "yes" : nil,
            clientName: origin.clientName
        )
        if case .password(let credentials) = question {
            attempt.secretTag = self.tags.tag(of: credentials.password, now: now)
        }
        return attempt
    }

    /// Whether the attempt may be looked at.
    package func admission(of attempt: LoginAttempt) -> Admission {
        // The clock is read under the lock, so that moments come in order.
        self.state.withLock { $0.admission(of: attempt, now: self.clock.now()) }
    }

    /// Takes down what came of an attempt, and decides at last. Where the ending has locks or a delay, ``settle(_:)`` comes before the answer.
    package func ended(_ attempt: LoginAttempt, _ result: LoginResult, isGuessable: Bool = true) -> Lockout.Ending {
        let ending = self.state.withLock { lockout in
            lockout.ended(attempt, result, isGuessable: isGuessable, now: self.clock.now())
        }
        for lock in ending.locks { self.log(lock) }
        return ending
    }

    /// Makes new locks durable, then waits as long as the answer is to be held back.
    ///
    /// When too many answers are held back already, this one is not: memory is worth more than slowness.
    package func settle(_ ending: Lockout.Ending) async {
        for lock in ending.locks { await self.record(lock) }
        guard ending.delay > .zero else { return }
        let count = self.held.wrappingAdd(1, ordering: .relaxed).newValue
        defer { self.held.wrappingSubtract(1, ordering: .relaxed) }
        guard count <= LoginGuard.maximumHeld else { return }
        do {
            try await Task.sleep(for: ending.delay)
        } catch {
            // The session is over: nobody waits for the answer.
            self.logger.trace("answer to a refused login dropped")
        }
    }

    /// Answers held back now.
    package var heldAnswers: Int { self.held.load(ordering: .relaxed) }

    /// Why a connection from the address is turned away at once; nil: it is not.
    package func refusal(for address: IPAddress?) -> Reply? {
        guard let address else { return nil }
        return self.state.withLock { $0.turnsAway(address, now: self.clock.now()) }.map { _ in Reply.addressBanned }
    }

    // MARK: What an operator sees and does

    package func locks() -> [Lock] {
        self.state.withLock { $0.locks(now: self.clock.now()) }
    }

    /// Undoes what is counted against an account.
    ///
    /// - Returns: The locks that are no more.
    package func lift(account: String, actor: AuditActor) async throws -> [Lock] {
        let lifted = self.state.withLock { lockout in
            lockout.locks(now: self.clock.now()).filter { $0.scope.account == account }
        }
        // On disk before it takes effect, or after a restart the lock would be back.
        try await self.recordLifting(account: account, network: nil, actor: actor)
        _ = self.state.withLock { $0.lift(account: account, now: self.clock.now()) }
        self.logger.notice("locks lifted", metadata: ["account": "\(account)", "locks": "\(lifted.count)"])
        return lifted
    }

    /// Undoes what is counted against an address or network.
    package func lift(network: IPNetwork, actor: AuditActor) async throws -> [Lock] {
        try await self.recordLifting(account: nil, network: network, actor: actor)
        let lifted = self.state.withLock { $0.lift(network: network, now: self.clock.now()) }
        self.logger.notice("locks lifted", metadata: ["ip": "\(network.text)", "locks": "\(lifted.count)"])
        return lifted
    }

    /// The account has another password: guesses at the old one say nothing about it.
    package func secretChanged(account: String) {
        _ = self.state.withLock { $0.lift(account: account, now: self.clock.now()) }
    }

    package func removed(account: String) {
        self.state.withLock { $0.removed(account: account) }
    }

    // MARK: Log and trail

    private func log(_ lock: Lock) {
        var metadata: Logger.Metadata = ["until": "\(lock.until)", "guesses": "\(lock.guesses)"]
        if let accounts = lock.accounts { metadata["accounts"] = "\(accounts)" }
        if let account = lock.scope.account { metadata["account"] = "\(account)" }
        switch lock.scope {
        case .address(let network):
            metadata["ip"] = "\(network.text)"
            self.logger.notice("address banned", metadata: metadata)
        case .account:
            self.logger.notice("account locked for strangers", metadata: metadata)
        case .network(_, let network):
            metadata["network"] = "\(network?.text ?? "local")"
            self.logger.notice("account locked from a network", metadata: metadata)
        case .client(_, let network):
            metadata["network"] = "\(network?.text ?? "local")"
            self.logger.notice("account locked from a client", metadata: metadata)
        }
    }

    private func record(_ lock: Lock) async {
        var event = LockoutEvent(
            time: lock.since,
            change: .locked,
            account: lock.scope.account,
            network: lock.scope.network,
            until: lock.until,
            distinctSecrets: lock.guesses
        )
        if case .address = lock.scope {
            event.change = .banned
            event.accountsTried = lock.accounts
        }
        do {
            try await self.audit?.recordDurably(.lockout(event))
        } catch {
            // The lock holds all the same; only a restart would forget it.
            self.logger.error("a lock is not in the audit trail", metadata: ["error": "\(error)"])
        }
    }

    private func recordLifting(account: String?, network: IPNetwork?, actor: AuditActor) async throws {
        try await self.audit?.recordDurably(
            .lockout(
                LockoutEvent(
                    time: self.clock.now(),
                    change: .lifted,
                    account: account,
                    network: network,
                    actor: actor
                )
            )
        )
    }
}

extension IPNetwork {
    /// `192.0.2.7` for a single address, else with the prefix.
    package var text: String {
        self.prefixLength == self.address.bitWidth ? self.address.description : self.description
    }
}
