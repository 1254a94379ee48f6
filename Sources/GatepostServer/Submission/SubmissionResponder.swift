internal import GatepostDelivery
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import SASL
internal import SMTP
internal import SMTPServer
internal import Synchronization

/// One submission session's side of the application.
///
/// The session asks one thing at a time and its asynchronous work runs on its own event loop, so the lock is never contended.
final class SubmissionResponder: SessionResponder {
    private struct State {
        /// Logged in, or authorized by its address.
        var account: Account?
        var isByAddress = false
        /// Of the accounts, when this one was looked up.
        var generation: UInt64 = 0
        var message: IncomingMessage?
    }

    private let service: SubmissionService
    private let peer: SessionPeer
    private let login: LoginExchange
    private let state = Mutex(State())

    init(service: SubmissionService, peer: SessionPeer) {
        self.service = service
        self.peer = peer
        self.login = LoginExchange(
            authenticator: service.authenticator,
            counters: service.counters,
            logger: service.logger
        )
    }

    func answer(_ request: SessionRequest, facts: SessionFacts) -> SessionResponse {
        switch request {
        case .authentication(let question):
            return self.answer(question, facts)
        case .authenticationEnded(let outcome):
            return .now(self.conclude(outcome, facts))
        case .mail(let parameters):
            if self.service.permits != nil, !self.isLoggedIn {
                return .later { await self.authorizeByAddress() ?? self.mayBegin(parameters) }
            }
            if self.isAccountCurrent { return .now(self.mayBegin(parameters)) }
            return .later { await self.renewAccount() ?? self.mayBegin(parameters) }
        case .recipient(let parameters):
            return .now(self.mayReceive(parameters))
        case .message(let transaction):
            return .now(self.begin(transaction, facts))
        case .endOfMessage:
            return .later { await self.finishMessage() }
        }
    }

    // MARK: Login

    private func answer(_ question: ServerQuestion, _ facts: SessionFacts) -> SessionResponse {
        let answer = self.login.answer(
            question,
            certificate: facts.clientCertificate,
            peer: LoginPeer(address: self.peer.address.map { "\($0)" }, isTLS: facts.isTLS)
        )
        switch answer {
        case .now(let answer):
            return .now(.authentication(answer))
        case .later(let work):
            return .later { await work().map { .authentication($0) } ?? .refused(.authenticationUnavailable) }
        }
    }

    private func conclude(_ outcome: AuthenticationOutcome, _ facts: SessionFacts) -> SessionAnswer {
        let origin = LoginExchange.Origin(
            address: self.peer.address,
            listener: self.peer.listener,
            isTLS: facts.isTLS,
            details: ["helo": "\(facts.clientName ?? "")"]
        )
        switch self.login.conclude(outcome, from: origin) {
        case .accepted(let account, let generation):
            self.state.withLock { state in
                state.account = account
                state.isByAddress = false
                state.generation = generation
            }
            return .authenticated(account: account.address)
        case .refused(.passwordChange, let reference):
            return .refused(.passwordChange(reference))
        case .refused(_, let reference):
            return .refused(.authenticationFailed(reference))
        }
    }

    private var isLoggedIn: Bool { self.state.withLock { $0.account != nil && !$0.isByAddress } }

    /// Asked for each message: a permit ends.
    ///
    /// - Returns: nil to go on, else the answer.
    private func authorizeByAddress() async -> SessionAnswer? {
        guard let address = self.peer.address, let name = self.service.permits?.account(at: address) else {
            return .refused(.authenticationRequired)
        }
        let generation = self.service.authenticator.generation
        do {
            guard let account = try await self.service.authenticator.account(name) else {
                return .refused(.authenticationRequired)
            }
            self.state.withLock { state in
                state.account = account
                state.isByAddress = true
                state.generation = generation
            }
            return nil
        } catch {
            self.service.logger.error(
                "account could not be read",
                metadata: ["account": "\(name)", "error": "\(error)"]
            )
            return .refused(.localError)
        }
    }

    private var isAccountCurrent: Bool {
        self.state.withLock { $0.generation } == self.service.authenticator.generation
    }

    /// An account that was disabled sends nothing more, over connections that it has open neither.
    ///
    /// - Returns: nil to go on, else the answer.
    private func renewAccount() async -> SessionAnswer? {
        guard let account = self.state.withLock({ $0.account }) else { return .refused(.localError) }
        let generation = self.service.authenticator.generation
        do {
            guard let current = try await self.service.authenticator.current(account) else {
                self.service.logger.notice(
                    "session ended: the account was changed",
                    metadata: ["account": "\(account.address)", "ip": "\(self.address)"]
                )
                return .closed(.accountChanged)
            }
            self.state.withLock { state in
                state.account = current
                state.generation = generation
            }
            return nil
        } catch {
            self.service.logger.error(
                "account could not be read",
                metadata: ["account": "\(account.address)", "error": "\(error)"]
            )
            return .refused(.localError)
        }
    }

    private var address: String { self.peer.address.map { "\($0)" } ?? "local" }

    // MARK: Envelope

    /// Space that must stay free besides the message itself, for the database to go on working.
    private static let reservedOctets = 4 * 1024 * 1024

    private func mayBegin(_ parameters: MailParameters) -> SessionAnswer {
        guard let account = self.state.withLock({ $0.account }) else { return .refused(.localError) }
        if let reply = SubmissionPolicy.mayUse(parameters.reversePath, account: account).reply {
            self.refused(reply, account)
            return .refused(reply)
        }
        let (wanted, overflow) = (parameters.size ?? 0).addingReportingOverflow(SubmissionResponder.reservedOctets)
        guard !overflow, self.service.spool.freeOctets() >= wanted else { return .refused(.insufficientStorage) }
        return .accepted
    }

    private func mayReceive(_ parameters: RecipientParameters) -> SessionAnswer {
        .accepted
    }

    // MARK: Message

    private func begin(_ transaction: MailTransaction, _ facts: SessionFacts) -> SessionAnswer {
        guard let account = self.state.withLock({ $0.account }) else { return .refused(.localError) }
        let now = self.service.clock.now()
        let identifier = MessageIdentifier(created: now, random: RandomOctets.make(9))
        let keyword = transaction.mail.isSMTPUTF8 ? "UTF8" + facts.protocolKeyword.dropFirst() : facts.protocolKeyword
        let message = IncomingMessage(
            identifier: identifier,
            transaction: transaction,
            account: account,
            context: HeaderFixups.Context(
                hostname: self.service.hostname,
                protocolKeyword: keyword,
                identifier: identifier,
                now: now
            )
        )
        self.state.withLock { $0.message = message }
        return .accepted
    }

    func append(_ octets: UnsafeRawBufferPointer) -> (@Sendable () async -> Void)? {
        let needsWrite = self.state.withLock { state in
            state.message?.append(octets)
            return state.message?.needsWrite == true
        }
        guard needsWrite else { return nil }
        return { await self.writeBuffer() }
    }

    /// Takes the message out for a step that awaits; nothing else touches it meanwhile, for the session waits.
    private func takeMessage() -> IncomingMessage? {
        self.state.withLock { state in
            defer { state.message = nil }
            return state.message
        }
    }

    private func writeBuffer() async {
        guard var message = self.takeMessage() else { return }
        do {
            try await self.write(&message)
        } catch {
            self.storeFailed(error, message)
            message.refuse(.storeFailure(error))
            // At once: the client may be long in coming to the end, and until then its half message would keep the disk full.
            await self.discardFile(of: message)
            message.file = nil
        }
        let kept = message
        self.state.withLock { $0.message = kept }
    }

    private func write(_ message: inout IncomingMessage) async throws {
        message.finishHeader()
        guard message.refusal == nil else { return }
        let file: SpoolFile
        if let open = message.file {
            file = open
        } else {
            file = try await self.service.spool.makeFile(for: message.identifier)
            message.file = file
        }
        // A client that did not tell the size may not fill the disk up either: the database needs room to note what was delivered.
        guard self.service.spool.freeOctets() >= SubmissionResponder.reservedOctets else {
            throw StoreError(.noSpace, "less than \(SubmissionResponder.reservedOctets) octets are free")
        }
        let octets = message.buffer
        message.buffer = []
        try await file.write(octets)
        message.writtenOctets += octets.count
    }

    private func finishMessage() async -> SessionAnswer {
        guard var message = self.takeMessage() else { return .refused(.localError) }
        message.finishHeader()
        if let refusal = message.refusal { return await self.drop(message, refusal) }
        do {
            let content = try await self.store(&message)
            let route: MessageRoute
            if message.account.isSandbox {
                route = .sandbox(message.account.address)
            } else {
                route = self.service.disposal == .hold ? .hold : .deliver
            }
            try await self.service.queue.enqueue(message.newMessage(content: content, route: route))
            self.service.counters.messageAccepted()
            self.service.logger.info(
                "message accepted",
                metadata: [
                    "message": "\(message.identifier)", "account": "\(message.account.address)",
                    "from": "\(message.transaction.mail.reversePath)",
                    "recipients": "\(message.transaction.recipients.count)", "size": "\(content.octets)",
                ]
            )
            if route == .deliver { self.service.queued() }
            return .queued(identifier: "\(message.identifier)")
        } catch {
            self.storeFailed(error, message)
            return await self.drop(message, .storeFailure(error))
        }
    }

    /// Puts the content where it will lie: in memory for the database, or synced in its file.
    private func store(_ message: inout IncomingMessage) async throws -> MessageContent {
        // Fix-ups may have made a message that fitted a little too large.
        if message.file != nil || message.buffer.count > MessageContent.maximumInlineOctets {
            try await self.write(&message)
            if let file = message.file {
                try await file.finish()
                return .file(name: file.name, octets: message.writtenOctets)
            }
        }
        return .inline(message.buffer)
    }

    private func drop(_ message: IncomingMessage, _ reply: Reply) async -> SessionAnswer {
        self.refused(reply, message.account)
        await self.discardFile(of: message)
        return .refused(reply)
    }

    private func discardFile(of message: IncomingMessage) async {
        guard let file = message.file else { return }
        do {
            try await file.discard()
        } catch {
            // The next start sweeps it.
            self.service.logger.debug(
                "spool file not removed",
                metadata: ["file": "\(file.name)", "error": "\(error)"]
            )
        }
    }

    func abandonMessage() {
        guard let message = self.takeMessage(), message.file != nil else { return }
        Task { await self.discardFile(of: message) }
    }

    func closed() {
        self.state.withLock { $0 = State() }
    }

    private func refused(_ reply: Reply, _ account: Account) {
        self.service.counters.messageRefused()
        self.service.logger.info(
            "message refused",
            metadata: ["account": "\(account.address)", "ip": "\(self.address)", "reply": "\(reply)"]
        )
    }

    private func storeFailed(_ error: any Error, _ message: IncomingMessage) {
        self.service.logger.error(
            "message could not be kept",
            metadata: [
                "message": "\(message.identifier)", "account": "\(message.account.address)", "error": "\(error)",
            ]
        )
    }
}
