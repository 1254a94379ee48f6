internal import GatepostModel
internal import Logging
internal import NIOCore
internal import SMTP
internal import SMTPClient

/// One next hop: the messages that wait for it, and the connections that take them there.
///
/// A worker is a task with at most one connection that takes one message after the other. The first worker proves that the
/// destination answers; only then do others join it.
actor Destination {
    nonisolated let hop: NextHop
    let context: DeliveryContext
    let policy: DestinationPolicy

    private var standing: Standing
    private var pending = CircularBuffer<LeasedMessage>()
    /// Workers that run or are asked for.
    private var workers = 0
    /// Workers that are asked for and have no message yet.
    private var starting = 0
    /// Connections in a row that the other side broke off in the middle of a transaction.
    private var brokenInARow = 0
    /// Connections that are open.
    private var connected = 0
    /// As many workers as the destination is known to bear.
    private var limit: Int
    /// Workers that keep a connection open for the next message.
    private var idle: [(number: UInt64, continuation: CheckedContinuation<LeasedMessage?, Never>)] = []
    private var nextIdleNumber: UInt64 = 0
    private var isStopping = false
    private var targets: (list: [ExchangerTarget], until: Timestamp)?
    /// Addresses that lately failed, to be tried last.
    private var demoted: [ExchangerTarget: Timestamp] = [:]

    init(_ hop: NextHop, context: DeliveryContext) {
        self.hop = hop
        self.context = context
        self.policy = DestinationPolicy(for: hop, context.configuration)
        self.limit = self.policy.connections
        self.standing = Standing(
            // Shorter than the wait of a message, so that its retry finds the door open.
            first: min(context.configuration.schedule.first / 2, .seconds(30)),
            longest: context.configuration.longestBackoff
        )
    }

    /// Whether nothing is lost by forgetting this destination.
    var isForgettable: Bool {
        self.pending.isEmpty && self.workers == 0 && self.standing.refusal(at: self.context.clock.now()) == nil
    }

    /// Takes messages over; each with those of its recipients that go this way.
    func add(_ messages: [LeasedMessage]) async {
        guard !self.isStopping else { return self.forget(messages) }
        if let login = self.policy.login, login.refused.isOutdated(by: login.mark()) {
            // There is something else to log in with now.
            await login.forgetTokens()
            login.refused.succeeded()
            self.standing.forgive()
        }
        if let refusal = self.standing.refusal(at: self.context.clock.now()) {
            return await self.refuse(messages, refusal)
        }
        self.pending.append(contentsOf: messages)
        self.startWork()
    }

    /// Takes nothing more up. Transactions that run come to their end; messages that wait stay in the queue.
    func stop() {
        self.isStopping = true
        let pending = Array(self.pending)
        self.pending.removeAll()
        self.forget(pending)
        let idle = self.idle
        self.idle = []
        for waiter in idle { waiter.continuation.resume(returning: nil) }
    }

    /// The next message is tried even if the destination is being left alone.
    func forgive() {
        self.standing.forgive()
        self.policy.login?.refused.forgive(at: self.context.clock.now())
        self.demoted = [:]
        self.targets = nil
    }

    /// Delivers until there is nothing more to do.
    func work() async {
        self.starting -= 1
        var link: Link?
        while let message = await self.nextMessage(isConnected: link != nil) {
            let (next, isDone) = await self.deliver(message, over: link)
            link = next
            if isDone { break }
        }
        if let link { await self.end(link) }
        self.workers -= 1
        if self.workers == 0 { self.limit = self.policy.connections }
        // A message may have come while the last worker was leaving.
        if !self.isStopping { self.startWork() }
        self.context.workerEnded()
    }

    // MARK: - Workers

    private func startWork() {
        while !self.pending.isEmpty, !self.idle.isEmpty {
            // The one that waits for the shortest time: the others may close.
            self.idle.removeLast().continuation.resume(returning: self.pending.removeFirst())
        }
        let allowed = self.standing.isProven ? self.limit : 1
        while self.pending.count > self.starting, self.workers < allowed {
            self.workers += 1
            self.starting += 1
            self.context.startWorker(self)
        }
    }

    private func nextMessage(isConnected: Bool) async -> LeasedMessage? {
        guard !self.isStopping else { return nil }
        if let message = self.pending.popFirst() { return message }
        guard isConnected, !self.context.permits.hasWaiters else { return nil }
        self.nextIdleNumber += 1
        let number = self.nextIdleNumber
        let timer = Task {
            do {
                try await self.context.sleep(self.context.configuration.idleTime)
            } catch {
                return  // A message came first.
            }
            self.endIdling(number)
        }
        let message = await withCheckedContinuation { continuation in
            self.idle.append((number, continuation))
        }
        timer.cancel()
        return message
    }

    private func endIdling(_ number: UInt64) {
        guard let index = self.idle.firstIndex(where: { $0.number == number }) else { return }
        self.idle.remove(at: index).continuation.resume(returning: nil)
    }

    // MARK: - Connections

    /// A connection with what is known about it.
    struct Link: Sendable {
        let connection: SMTPConnection
        let target: ExchangerTarget
        let capabilities: Capabilities
        let isTLS: Bool
        var transactions = 0
    }

    enum Connected {
        case link(Link)
        case failed(Verdict, peer: ExchangerTarget?, least: Duration)
        /// The time for a shutdown is over.
        case cancelled
    }

    /// Tries one address after the other.
    ///
    /// - Parameter excluded: Addresses not to be tried.
    func connect(excluding excluded: Set<ExchangerTarget>) async -> Connected {
        guard await self.context.permits.acquire() else { return .cancelled }
        let result = self.isStopping ? .cancelled : await self.connectPermitted(excluding: excluded)
        if case .link = result {
            self.connected += 1
            self.standing.connected()
            self.startWork()
        } else {
            self.context.permits.release()
        }
        return result
    }

    private func connectPermitted(excluding excluded: Set<ExchangerTarget>) async -> Connected {
        let targets: [ExchangerTarget]
        switch await self.currentTargets() {
        case .refuse(let verdict): return .failed(verdict, peer: nil, least: .zero)
        case .targets(let list, _): targets = list
        }
        let now = self.context.clock.now()
        if let login = self.policy.login, let known = login.refused.refusal(of: login.mark(), at: now) {
            let note = "refused \(known.refusals) times, not tried again until \(known.until): \(known.words)"
            return .failed(.transient(.relayLoginRefused, note: note), peer: nil, least: known.until - now)
        }
        let isDemoted = { (target: ExchangerTarget) in self.demoted[target].map { now < $0 } ?? false }
        let ordered = targets.filter { !isDemoted($0) } + targets.filter(isDemoted)
        var failure = Connected.failed(.transient(.noAnswerFromHost), peer: nil, least: .zero)
        for target in ordered where !excluded.contains(target) {
            // Before the files are read: a password that is changed under the attempt must not count as the one that was refused.
            // Tokens may change with the attempt itself.
            let mark = self.policy.login.flatMap { $0.accessTokens == nil ? $0.mark() : nil }
            do {
                return .link(try await self.open(target))
            } catch let error as SMTPClientError {
                if case .cancelled = error.reason { return .cancelled }
                self.context.counters.add { $0.connectionFailures += 1 }
                self.context.logger.info(
                    "No connection",
                    metadata: ["destination": "\(self.hop)", "host": "\(target)", "error": "\(error)"]
                )
                self.demote(target)
                let verdict = DeliveryFailure.verdictWithoutConnection(error)
                let isLogin = DeliveryFailure.isAboutLogin(error)
                failure = .failed(
                    verdict,
                    peer: target,
                    least: isLogin ? self.loginPause(after: error, mark: mark) : .zero
                )
                // What one address refused, the next would refuse too; and each try counts against the account.
                if isLogin { return failure }
            } catch {
                failure = .failed(.transient(.noAnswerFromHost, note: "\(error)"), peer: target, least: .zero)
            }
        }
        return failure
    }

    /// How long nothing is tried after a login that failed.
    ///
    /// - Parameter mark: Stands for what was logged in with; nil: for what there is now.
    private func loginPause(after error: SMTPClientError, mark: String?) -> Duration {
        guard let login = self.policy.login, DeliveryFailure.isRefusedLogin(error) else {
            return self.context.configuration.loginCoolDown
        }
        let now = self.context.clock.now()
        let until = login.refused.refused(mark ?? login.mark(), words: DeliveryFailure.words(error), at: now)
        self.context.logger.warning(
            "The relay refused the login",
            metadata: ["destination": "\(self.hop)", "reply": "\(DeliveryFailure.words(error))", "until": "\(until)"]
        )
        return until - now
    }

    private func open(_ target: ExchangerTarget) async throws -> Link {
        var options = self.policy.options
        if let login = self.policy.login {
            let material = try login.material()
            options.credentials = material.credentials
            options.identity = material.identity
        }
        if options.tlsServerName == nil, !target.name.hasPrefix("[") { options.tlsServerName = target.name }
        let connection = try await SMTPConnection.connect(
            to: target.endpoint,
            options: options,
            group: self.context.group
        )
        self.policy.login?.refused.succeeded()
        let link = Link(
            connection: connection,
            target: target,
            capabilities: await connection.capabilities,
            isTLS: await connection.isTLS
        )
        self.context.counters.add { counters in
            counters.connections += 1
            if link.isTLS { counters.encrypted += 1 }
        }
        return link
    }

    private func currentTargets() async -> ExchangerLookup.Result {
        if let targets = self.targets, self.context.clock.now() < targets.until {
            return .targets(targets.list, keepFor: .zero)
        }
        let result = await self.context.targets(of: self.hop)
        if case .targets(let list, let keepFor) = result {
            let kept = min(max(keepFor, .seconds(5)), .seconds(600))
            self.targets = (list, self.context.clock.now() + kept)
        }
        return result
    }

    /// The address is tried after all others for a while.
    func demote(_ target: ExchangerTarget) {
        self.demoted[target] = self.context.clock.now() + .seconds(300)
    }

    /// Closes in good order.
    func end(_ link: Link) async {
        if Task.isCancelled {
            link.connection.close()
        } else {
            await link.connection.quit()
        }
        self.connected -= 1
        self.context.permits.release()
    }

    /// Whether the other side breaks off so often that the destination counts as one that does not answer.
    func brokeOff() -> Bool {
        self.brokenInARow += 1
        return self.brokenInARow >= 3
    }

    /// A transaction came to an end of whatever kind.
    func answered() {
        self.brokenInARow = 0
    }

    /// Closes a connection that is of no more use.
    func drop(_ link: Link) {
        link.connection.close()
        self.connected -= 1
        self.context.permits.release()
    }

    // MARK: - Messages without a connection

    /// Settles a message, and those behind it, when there is no connection; or puts it back where others are at work.
    func cannotConnect(
        _ message: LeasedMessage,
        _ verdict: Verdict,
        peer: ExchangerTarget?,
        least: Duration
    ) async {
        if verdict.isTransient, self.connected > 0, least == .zero, !self.isStopping {
            // The destination answers, but does not want so many connections.
            self.limit = max(1, self.connected)
            self.pending.prepend(message)
            return
        }
        let waiting = [message] + Array(self.pending)
        self.pending.removeAll()
        guard verdict.isTransient else { return await self.report(waiting, verdict, peer: peer, notBefore: nil) }
        let refusal = self.standing.failed(
            verdict,
            peer: peer?.description,
            now: self.context.clock.now(),
            least: least
        )
        self.context.logger.notice(
            "Destination left alone",
            metadata: [
                "destination": "\(self.hop)", "until": "\(refusal.until)", "messages": "\(waiting.count)",
                "reply": "\(verdict.reply)",
            ]
        )
        await self.report(waiting, verdict, peer: peer, notBefore: refusal.until)
    }

    private func refuse(_ messages: [LeasedMessage], _ refusal: Standing.Refusal) async {
        var verdict = refusal.verdict
        verdict.speaker = .us
        verdict.note = "not tried again until \(refusal.until)" + (verdict.note.map { ": " + $0 } ?? "")
        await self.report(messages, verdict, peer: nil, notBefore: refusal.until)
    }

    private func report(
        _ messages: [LeasedMessage],
        _ verdict: Verdict,
        peer: ExchangerTarget?,
        notBefore: Timestamp?
    ) async {
        for message in messages {
            await self.context.reporter.report(
                DeliveryReporter.Report(
                    message: message,
                    verdicts: message.recipients.map { ($0, verdict) },
                    peer: peer?.description,
                    host: peer?.name,
                    notBefore: notBefore
                )
            )
        }
    }

    /// Leaves the messages as they are in the queue: their leases are given back at the end.
    func forget(_ messages: [LeasedMessage]) {
        for message in messages {
            self.context.inFlight.end(message.identifier, message.recipients.lazy.map(\.number))
        }
    }
}
