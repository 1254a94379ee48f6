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
    struct State {
        /// Whom mail is from; limited to what its credential may send as.
        var account: Account?
        /// What it logged in with; nil for a ticket, a token or a certificate.
        var credential: Credential?
        /// What lets the session send as the account.
        var basis = SendingEvent.Basis.login
        /// Of the accounts, when this one was looked up.
        var generation: UInt64 = 0
        var message: IncomingMessage?
        /// What was counted in when it logged in.
        var session: (account: Int64, credential: Int64?)?
    }

    let service: SubmissionService
    let peer: SessionPeer
    private let login: LoginExchange
    /// nil: none are configured.
    let milters: MilterChain?
    let state = Mutex(State())

    init(service: SubmissionService, peer: SessionPeer) {
        self.service = service
        self.peer = peer
        self.milters = service.milters?.chain(for: .submission, peer: peer)
        self.login = LoginExchange(
            authenticator: service.authenticator,
            loginGuard: service.loginGuard,
            recorder: service.recorder,
            logger: service.logger
        )
    }

    func answer(_ request: SessionRequest, facts: SessionFacts) -> SessionResponse {
        switch request {
        case .authentication(let question):
            return self.answer(question, facts)
        case .authenticationEnded(let outcome):
            return self.conclude(outcome, facts)
        case .mail(let parameters):
            return self.filtered(self.mail(parameters), facts, parameters)
        case .recipient(let parameters):
            return self.filtered(.now(self.mayReceive(parameters)), parameters)
        case .message(let transaction):
            return self.filtered(self.begin(transaction, facts))
        case .endOfMessage:
            return .later { await self.finishMessage() }
        }
    }

    private func mail(_ parameters: MailParameters) -> SessionResponse {
        let byAddress = self.service.authorizesByAddress && !self.isLoggedIn
        if !byAddress, self.isAccountCurrent, let answer = self.mayBeginAtOnce(parameters) { return .now(answer) }
        return .later {
            if byAddress {
                if let answer = await self.authorizeByAddress(for: parameters.reversePath) { return answer }
            } else if !self.isAccountCurrent, let answer = await self.renewAccount() {
                return answer
            }
            if let answer = self.mayBeginAtOnce(parameters) { return answer }
            return await self.mayBegin(parameters)
        }
    }

    // MARK: Login

    private func answer(_ question: ServerQuestion, _ facts: SessionFacts) -> SessionResponse {
        let answer = self.login.answer(
            question,
            by: facts.mechanism ?? .plain,
            certificate: facts.clientCertificate,
            from: self.origin(facts)
        )
        switch answer {
        case .now(let answer):
            return .now(.authentication(answer))
        case .later(let work):
            return .later { await work().map { .authentication($0) } ?? .refused(.authenticationUnavailable) }
        }
    }

    private func origin(_ facts: SessionFacts) -> LoginExchange.Origin {
        LoginExchange.Origin(
            address: self.peer.address,
            listener: self.peer.listener,
            isTLS: facts.isTLS,
            tlsVersion: facts.tlsVersion,
            clientName: facts.clientName
        )
    }

    func noticed(_ notice: AuthenticationNotice, facts: SessionFacts) {
        _ = self.login.refuse(notice.reason, mechanism: notice.mechanism, from: self.origin(facts))
    }

    private func conclude(_ outcome: AuthenticationOutcome, _ facts: SessionFacts) -> SessionResponse {
        let conclusion = self.login.conclude(outcome, from: self.origin(facts), objection: self.objection)
        let answer = self.answer(conclusion.verdict)
        if conclusion.isImmediate { return .now(answer) }
        return .later {
            await self.login.settle(conclusion)
            return answer
        }
    }

    /// Without TLS the main password is worth too much: devices have one of their own.
    func objection(to account: Account, with credential: Credential?) -> AuthenticationReason? {
        self.service.device == nil || credential?.kind == .appPassword ? nil : .needsAppPassword
    }

    func answer(_ verdict: LoginExchange.Verdict) -> SessionAnswer {
        switch verdict {
        case .accepted(let account, let credential, let generation):
            if let rule = self.service.sending.sessionBegan(account, credential) {
                self.recordSending(
                    SendingContent(recipients: []),
                    account: account.address,
                    verdict: .refused(rule: rule.code),
                    reply: Reply.tooManySessions.codes
                )
                return .closed(.tooManySessions)
            }
            self.state.withLock { state in
                state.account = credential.map { account.limited(by: $0.rules) } ?? account
                state.credential = credential
                state.basis = .login
                state.generation = generation
                state.session = (account.id, credential?.id)
            }
            return .authenticated(account: account.address)
        case .refused(.needsAppPassword, let reference):
            return .refused(.appPasswordNeeded(reference))
        case .refused(.passwordChange, let reference):
            return .refused(.passwordChange(reference))
        case .refused(_, let reference):
            return .refused(.authenticationFailed(reference))
        }
    }

    private var isLoggedIn: Bool { self.state.withLock { $0.account != nil && $0.basis == .login } }

    private var isAccountCurrent: Bool {
        let (generation, expires) = self.state.withLock { ($0.generation, $0.credential?.rules.expires) }
        if let expires, self.service.clock.now() >= expires { return false }
        return generation == self.service.authenticator.generation
    }

    /// An account that was disabled sends nothing more, over connections that it has open neither.
    ///
    /// - Returns: nil to go on, else the answer.
    private func renewAccount() async -> SessionAnswer? {
        let (account, credential) = self.state.withLock { ($0.account, $0.credential) }
        guard let account else { return .refused(.localError) }
        let generation = self.service.authenticator.generation
        do {
            guard let (current, same) = try await self.service.authenticator.current(account, credential: credential)
            else {
                self.service.logger.notice(
                    "session ended: the account was changed",
                    metadata: ["account": "\(account.address)", "ip": "\(self.address)"]
                )
                return .closed(.accountChanged)
            }
            self.state.withLock { state in
                state.account = same.map { current.limited(by: $0.rules) } ?? current
                state.credential = same
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

    /// Empty for the main password, and where none of ours was used.
    var credentialName: String { self.state.withLock { $0.credential?.name ?? "" } }

    private var address: String { self.peer.address.map { "\($0)" } ?? "local" }

    // MARK: Envelope

    /// nil where the store has to be asked how much the account sent.
    private func mayBeginAtOnce(_ parameters: MailParameters) -> SessionAnswer? {
        let (account, credential) = self.state.withLock { ($0.account, $0.credential) }
        guard let account else { return .refused(.localError) }
        let policy = self.service.sending.rules.policy(account, credential)
        if let (rule, reply) = self.objection(to: parameters, account, credential, policy) {
            self.refused(reply, account, rule: rule, SendingContent(reversePath: parameters.reversePath))
            return .refused(reply)
        }
        let (wanted, overflow) = (parameters.size ?? 0).addingReportingOverflow(ArrivingContent.reservedOctets)
        guard !overflow, self.service.spool.freeOctets() >= wanted else { return .refused(.insufficientStorage) }
        // Where mail is refused, whoever has nothing left hears it before all recipients are named.
        return policy.refusesByCount && !account.isSandbox ? nil : .accepted
    }

    /// What ``mayBeginAtOnce(_:)`` left open.
    private func mayBegin(_ parameters: MailParameters) async -> SessionAnswer {
        let (account, credential) = self.state.withLock { ($0.account, $0.credential) }
        guard let account else { return .refused(.localError) }
        let submission = SendingLedger.Submission(
            account: account,
            credential: credential,
            address: self.peer.address,
            recipients: [],
            octets: parameters.size ?? 0
        )
        do {
            let decision = try await self.service.sending.decision(for: submission)
            guard decision.verdict == .refused else { return .accepted }
            let admission = try await self.service.sending.admit(submission)
            guard admission.decision.verdict == .refused else {
                self.service.sending.cancel(admission.change)
                return .accepted
            }
            return await self.refuse(admission, account, SendingContent(reversePath: parameters.reversePath))
        } catch {
            return self.cannotCount(account, error)
        }
    }

    /// Why the envelope's sender may not be, or the message may not be so large.
    private func objection(
        to parameters: MailParameters,
        _ account: Account,
        _ credential: Credential?,
        _ policy: SendingPolicy
    ) -> (rule: String, Reply)? {
        var sender = parameters.reversePath
        if let author = self.service.device?.fixedAuthor {
            guard let path = author.reversePath(for: sender) else {
                return ("device-sender", .deviceMaySendOnly(as: author.mailbox))
            }
            sender = path
        }
        if let device = self.service.device,
            let wait = self.service.deviceRates.wait(
                for: self.deviceKey,
                limit: device.messagesPerHour,
                now: self.service.clock.now()
            )
        {
            return ("device-rate", .deviceRateExceeded(limit: device.messagesPerHour, wait: wait))
        }
        if case .mailbox(let mailbox) = sender, let credential, account.missingGrant(for: mailbox) == .credential {
            return ("credential-sender", .credentialMayNotSend(credential.name, as: mailbox))
        }
        if let reply = SubmissionPolicy.mayUse(sender, account: account).reply {
            return ("sender-not-granted", reply)
        }
        if let maximum = policy.messageSize, let size = parameters.size, size > maximum {
            return ("message-size", .tooLarge(maximum))
        }
        return nil
    }

    private func mayReceive(_ parameters: RecipientParameters) -> SessionAnswer {
        let (account, credential) = self.state.withLock { ($0.account, $0.credential) }
        if let account, let device = self.service.device, !device.maySend(to: parameters.forwardPath) {
            let reply = Reply.deviceMayNotSend(to: parameters.forwardPath)
            let content = SendingContent(recipients: [parameters.forwardPath.description])
            self.refused(reply, account, rule: "device-recipient", content)
            return .refused(reply)
        }
        guard let account, let credential, !credential.rules.maySend(to: parameters.forwardPath) else {
            return .accepted
        }
        let reply = Reply.credentialMayNotSend(credential.name, to: parameters.forwardPath)
        self.refused(
            reply,
            account,
            rule: "credential-recipient",
            SendingContent(recipients: [parameters.forwardPath.description])
        )
        return .refused(reply)
    }

    // MARK: Message

    private func begin(_ asked: MailTransaction, _ facts: SessionFacts) -> SessionResponse {
        var transaction = asked
        let author = self.service.device?.fixedAuthor
        if let path = author?.reversePath(for: asked.mail.reversePath) { transaction.mail.reversePath = path }
        let (account, credential) = self.state.withLock { ($0.account, $0.credential) }
        guard let account else { return .now(.refused(.localError)) }
        if let device = self.service.device,
            let wait = self.service.deviceRates.admit(
                self.deviceKey,
                limit: device.messagesPerHour,
                now: self.service.clock.now()
            )
        {
            // Another session of the same device was faster.
            let reply = Reply.deviceRateExceeded(limit: device.messagesPerHour, wait: wait)
            self.refused(reply, account, rule: "device-rate", SendingContent(transaction))
            return .now(.refused(reply))
        }
        let admitted = transaction
        let submission = SendingLedger.Submission(
            account: account,
            credential: credential,
            address: self.peer.address,
            recipients: admitted.recipients.map(\.forwardPath),
            octets: admitted.mail.size ?? 0
        )
        // What stays in an inbox here is not sent.
        if account.isSandbox { return .now(self.begin(admitted, facts, submission, .unlimited)) }
        if let admission = self.service.sending.admitAtOnce(submission) {
            guard admission.decision.verdict == .refused else {
                return .now(self.begin(admitted, facts, submission, admission))
            }
            return .later { await self.refuse(admission, account, SendingContent(admitted)) }
        }
        return .later {
            do {
                let admission = try await self.service.sending.admit(submission)
                guard admission.decision.verdict != .refused else {
                    return await self.refuse(admission, account, SendingContent(admitted))
                }
                return self.begin(admitted, facts, submission, admission)
            } catch {
                return self.cannotCount(account, error)
            }
        }
    }

    private func begin(
        _ transaction: MailTransaction,
        _ facts: SessionFacts,
        _ submission: SendingLedger.Submission,
        _ admission: SendingLedger.Admission
    ) -> SessionAnswer {
        let now = self.service.clock.now()
        let identifier = MessageIdentifier(created: now, random: RandomOctets.make(9))
        let keyword = transaction.mail.isSMTPUTF8 ? "UTF8" + facts.protocolKeyword.dropFirst() : facts.protocolKeyword
        let message = IncomingMessage(
            identifier: identifier,
            transaction: transaction,
            account: submission.account,
            author: self.service.device?.fixedAuthor,
            context: HeaderFixups.Context(
                hostname: self.service.hostname,
                protocolKeyword: keyword,
                identifier: identifier,
                now: now
            ),
            admission: admission,
            maximumOctets: self.service.sending.rules.policy(submission.account, submission.credential).messageSize,
            signing: self.milters == nil ? self.service.signer.begin(secondsSince1970: now.secondsSince1970) : nil,
            keepsHeaderApart: self.milters != nil
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
    func takeMessage() -> IncomingMessage? {
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
            message.refuse(.storeFailure(error), rule: "not-kept")
            // At once: the client may be long in coming to the end, and until then its half message would keep the disk full.
            await self.discardFile(of: &message)
        }
        let kept = message
        self.state.withLock { $0.message = kept }
    }

    func write(_ message: inout IncomingMessage) async throws {
        message.finishHeader()
        guard message.refusal == nil else { return }
        let octets = message.content.takeBuffer()
        await self.service.signer.receive(octets, by: &message.signing)
        try await message.content.write(octets, to: self.service.spool)
    }

    private func finishMessage() async -> SessionAnswer {
        guard var message = self.takeMessage() else { return .refused(.localError) }
        message.finishHeader()
        if let refusal = message.refusal { return await self.drop(message, refusal) }
        do {
            guard let milters = self.milters else {
                return try await self.enqueue(message, try await self.store(&message))
            }
            switch try await self.filter(&message, by: milters) {
            case .kept(let content): return try await self.enqueue(message, content)
            case .answered(let answer): return answer
            }
        } catch {
            self.storeFailed(error, message)
            return await self.drop(message, .storeFailure(error))
        }
    }

    private func enqueue(_ message: IncomingMessage, _ content: MessageContent) async throws -> SessionAnswer {
        let decision = message.admission.decision
        let (route, reason) = self.route(of: message)
        let notices = await self.notices(message.admission, message.account, message: message.identifier)
        try await self.service.queue.enqueue(
            [message.newMessage(content: content, route: route, holdReason: reason)] + notices,
            sending: message.admission.change
        )
        self.service.sending.committed(message.admission.change)
        self.service.counters.messageAccepted()
        self.recordSending(
            SendingContent(message, size: content.octets),
            account: message.account.address,
            verdict: reason.map { .held(rule: $0) } ?? .accepted,
            reply: "250 2.0.0"
        )
        if let rule = decision.rule {
            self.service.logger.notice(
                "message held",
                metadata: [
                    "message": "\(message.identifier)", "account": "\(message.account.address)",
                    "rule": "\(rule.code)", "ip": "\(self.address)",
                ]
            )
        }
        self.service.logger.info(
            "message accepted",
            metadata: [
                "message": "\(message.identifier)", "account": "\(message.account.address)",
                "from": "\(message.transaction.mail.reversePath)",
                "recipients": "\(message.transaction.recipients.count)", "size": "\(content.octets)",
            ]
        )
        if route == .deliver || !notices.isEmpty { self.service.queued() }
        return .queued(identifier: "\(message.identifier)")
    }

    /// Puts the content where it will lie: in memory for the database, or synced in its file.
    private func store(_ message: inout IncomingMessage) async throws -> MessageContent {
        if message.content.endsInFile { try await self.write(&message) }
        let front = await self.service.signer.finish(
            message.signing,
            rest: message.content.buffer,
            message.identifier
        )
        return try await message.content.finish(front: front)
    }

    func drop(_ incoming: IncomingMessage, _ reply: Reply) async -> SessionAnswer {
        var message = incoming
        self.service.sending.cancel(message.admission.change)
        let rule = message.refusalRule ?? (reply.isTransient ? "not-kept" : "content")
        self.refused(reply, message.account, rule: rule, SendingContent(message, size: message.content.writtenOctets))
        await self.discardFile(of: &message)
        return .refused(reply)
    }

    private func discardFile(of message: inout IncomingMessage) async {
        do {
            try await message.content.discardFile()
        } catch {
            // The next start sweeps it.
            self.service.logger.debug(
                "spool file not removed",
                metadata: ["message": "\(message.identifier)", "error": "\(error)"]
            )
        }
    }

    func abandonMessage() {
        guard let message = self.takeMessage() else { return }
        self.service.sending.cancel(message.admission.change)
        guard message.content.file != nil else { return }
        Task {
            var abandoned = message
            await self.discardFile(of: &abandoned)
        }
    }

    func closed() {
        let session = self.state.withLock { state in
            defer { state = State() }
            return state.session
        }
        if let session { self.service.sending.sessionEnded(account: session.account, credential: session.credential) }
        if let milters = self.milters { Task { await milters.close() } }
    }

    func refused(_ reply: Reply, _ account: Account, rule: String, _ content: SendingContent) {
        self.recordSending(content, account: account.address, verdict: .refused(rule: rule), reply: reply.codes)
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

    func recordSending(
        _ content: SendingContent,
        account: String,
        verdict: SendingEvent.Verdict,
        reply: String
    ) {
        let (credential, basis) = self.state.withLock { ($0.credential?.id, $0.basis) }
        self.service.audit.record(
            .sending(
                SendingEvent(
                    time: self.service.clock.now(),
                    account: account,
                    address: self.peer.address?.unmapped,
                    listener: self.peer.listener,
                    credential: credential,
                    basis: basis,
                    message: content.message,
                    reversePath: content.reversePath,
                    recipients: content.recipients,
                    recipientCount: content.recipientCount,
                    size: content.size,
                    verdict: verdict,
                    reply: reply
                )
            )
        )
    }
}
