internal import DNSClient
internal import GatepostDelivery
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import MessageAuthentication
internal import SASL
internal import SMTP
internal import SMTPServer
internal import Synchronization

/// One reception session's side of the application: another server brings mail for local recipients.
///
/// One method for each step of a session, in their order: ``begin(_:_:)`` at MAIL, ``mayReceive(_:)`` at RCPT, ``open(_:_:)`` at DATA,
/// ``append(_:)`` while the message comes, and `finish()` at its end. The session asks one thing at a time, so the lock is never contended.
final class ReceptionResponder: SessionResponder {
    struct State {
        /// What was found out about the client, by the name that it gave.
        var client: ClientFindings?
        var mail: MailParameters?
        var spf: SPF.Verdict?
        /// Why the client's mail is refused, whoever it is for but the postmaster.
        var refusal: (reply: Reply, rule: String)?
        /// Those that were accepted, in their order.
        var recipients: [ReceivedMessage.Recipient] = []
        var message: ReceivedMessage?
    }

    let service: ReceptionService
    let peer: SessionPeer
    /// nil: none are configured.
    let milters: MilterChain?
    let state = Mutex(State())

    init(service: ReceptionService, peer: SessionPeer) {
        self.service = service
        self.peer = peer
        self.milters = service.milters?.chain(for: .reception, peer: peer)
    }

    func answer(_ request: SessionRequest, facts: SessionFacts) -> SessionResponse {
        switch request {
        case .authentication, .authenticationEnded:
            // Not offered, so never asked.
            return .now(.refused(.authenticationUnavailable))
        case .mail(let parameters):
            return .later {
                let answer = await self.begin(parameters, facts)
                return await self.filtered(answer, parameters, facts)
            }
        case .recipient(let parameters):
            return .later { await self.filtered(await self.mayReceive(parameters), parameters) }
        case .message(let transaction):
            let answer = self.open(transaction, facts)
            return self.milters == nil ? .now(answer) : .later { await self.filtered(answer) }
        case .endOfMessage:
            return .later { await self.finish() }
        }
    }

    /// Whether the client is free of limits.
    private var isTrusted: Bool {
        self.peer.address.map { address in self.service.trusted.contains { $0.contains(address) } } ?? true
    }

    var addressText: String { self.peer.address.map { "\($0)" } ?? "local" }

    // MARK: MAIL

    private func begin(_ parameters: MailParameters, _ facts: SessionFacts) async -> SessionAnswer {
        self.state.withLock { state in
            state.mail = parameters
            state.spf = nil
            state.refusal = nil
            state.recipients = []
        }
        let (wanted, overflow) = (parameters.size ?? 0).addingReportingOverflow(ArrivingContent.reservedOctets)
        guard !overflow, self.service.spool.freeOctets() >= wanted else { return .refused(.insufficientStorage) }
        // Over a local socket there is no address that anything could be asked about.
        guard let address = self.peer.address else { return .accepted }
        let helo = facts.clientName ?? ""
        let known = self.state.withLock { $0.client }
        async let spf = self.checkSender(parameters.reversePath, address, helo: helo)
        let client: ClientFindings
        if let known, known.helo == helo {
            client = known
        } else {
            client = await self.checkClient(address, helo: helo)
        }
        let verdict = await spf
        let refusal = self.refusal(of: client, verdict, address)
        self.state.withLock { state in
            state.client = client
            state.spf = verdict
            state.refusal = refusal
        }
        return .accepted
    }

    private func checkClient(_ address: IPAddress, helo: String) async -> ClientFindings {
        let ticks = self.service.ticks
        let findings = await ClientFindings.gather(
            address,
            helo: helo,
            isTrusted: self.isTrusted,
            lists: self.service.rules.dnsLists,
            hostname: self.service.hostname,
            now: self.service.clock.now(),
            resolver: self.service.resolver,
            limit: self.service.rules.timeout,
            clock: ticks
        )
        for silence in findings.lists.silent {
            self.service.logger.warning(
                "a DNS list says nothing",
                metadata: ["zone": "\(silence.zone)", "why": "\(silence.why)"]
            )
        }
        return findings
    }

    private func checkSender(_ path: ReversePath, _ address: IPAddress, helo: String) async -> SPF.Verdict {
        var limits = SPF.Limits()
        limits.time = min(limits.time, self.service.rules.timeout)
        return await SPF.check(
            .mailFrom(
                path,
                helo: helo,
                clientAddress: address,
                receiver: self.service.hostname,
                secondsSince1970: self.service.clock.now().secondsSince1970,
                alabels: { IDNA.alabels(of: $0) }
            ),
            resolver: self.service.resolver,
            clock: self.service.ticks,
            limits: limits
        )
    }

    /// What is found out about the client is said at RCPT, so that the postmaster can be reached all the same.
    private func refusal(
        of client: ClientFindings,
        _ spf: SPF.Verdict,
        _ address: IPAddress
    ) -> (reply: Reply, rule: String)? {
        let rules = self.service.rules
        if client.lists.total >= rules.dnsListReject, let worst = client.lists.worst {
            return (.listed(address, worst), "dns-list")
        }
        if rules.reverseDNS == .reject, !self.isTrusted, let reverse = client.reverse, reverse.result != .pass {
            return (.reverseNameRefused(reverse), "reverse-dns")
        }
        if rules.spfFail == .reject, spf.result == .fail { return (.spfRefused(spf), "spf-fail") }
        return nil
    }

    // MARK: RCPT

    private func mayReceive(_ parameters: RecipientParameters) async -> SessionAnswer {
        let path = parameters.forwardPath
        let places: [RecipientRules.Place]
        do {
            if let returned = try await self.returnTo(path) {
                places = returned
            } else {
                switch try await self.service.recipients.resolve(path, in: self.service.directory) {
                case .places(let found): places = found
                case .unknown: return self.refuseRecipient(path, .noSuchUser(path), rule: "unknown-recipient")
                case .foreign: return self.refuseRecipient(path, .relayingDenied(path), rule: "relaying-denied")
                }
            }
        } catch {
            self.service.logger.error(
                "a recipient cannot be looked up",
                metadata: ["recipient": "\(path)", "error": "\(error)"]
            )
            return .refused(.recipientUnknownForNow)
        }
        if places.isEmpty { return self.refuseRecipient(path, .noSuchUser(path), rule: "return-path-forged") }
        if !self.service.recipients.isPostmaster(path) {
            if let refusal = self.state.withLock({ $0.refusal }) {
                return self.refuseRecipient(path, refusal.reply, rule: refusal.rule)
            }
            if let wait = self.greylist(path) {
                return self.refuseRecipient(path, .greylisted(wait), rule: "greylisted")
            }
        }
        self.state.withLock { $0.recipients.append(ReceivedMessage.Recipient(parameters: parameters, places: places)) }
        return .accepted
    }

    /// Where mail to a return path of ours goes: to the sender of what was forwarded.
    ///
    /// - Returns: nil for all other addresses; nothing for a return path that is not valid.
    private func returnTo(_ path: ForwardPath) async throws -> [RecipientRules.Place]? {
        guard let mailbox = path.mailbox else { return nil }
        let outcome = self.service.returnPaths.reverse(
            mailbox,
            secondsSince1970: self.service.clock.now().secondsSince1970
        )
        guard outcome != .ordinary else { return nil }
        let isOurs: Bool
        if case .name(self.service.hostname) = mailbox.domain.lowercased {
            isOurs = true
        } else {
            isOurs = try await self.service.recipients.localDomain(of: mailbox, in: self.service.directory) != nil
        }
        guard isOurs else { return nil }
        guard case .to(let sender) = outcome else { return [] }
        switch try await self.service.recipients.resolve(.mailbox(sender), in: self.service.directory) {
        case .foreign: return [.elsewhere(sender, alias: mailbox)]
        case .places(let places): return places
        case .unknown: return []
        }
    }

    private func greylist(_ path: ForwardPath) -> Duration? {
        guard let greylist = self.service.greylist, let address = self.peer.address, !self.isTrusted else { return nil }
        let (mail, spf) = self.state.withLock { ($0.mail, $0.spf) }
        // A sender with many hosts is known by the domain that they all speak for.
        let origin = spf?.authenticatedDomain.map { "spf \(ASCII.lowercased($0))" } ?? Self.network(of: address)
        let decision = greylist.decide(
            origin: origin,
            sender: ASCII.lowercased(mail?.reversePath.description ?? ""),
            recipient: ASCII.lowercased(path.description),
            now: self.service.clock.now()
        )
        guard case .wait(let wait) = decision else { return nil }
        return wait
    }

    /// The block that one operator has as a rule.
    private static func network(of address: IPAddress) -> String {
        let address = address.unmapped
        let octets = address.octets
        return octets.prefix(octets.count == 4 ? 3 : 8).map { "\($0)" }.joined(separator: ".")
    }

    func refuseRecipient(_ path: ForwardPath, _ reply: Reply, rule: String) -> SessionAnswer {
        let mail = self.state.withLock { $0.mail }
        var content = SendingContent(recipients: [path.description])
        content.reversePath = mail?.reversePath.description ?? ""
        self.service.counters.recipientRefused()
        self.record(content, .refused(rule: rule), reply.codes, findings: nil)
        self.service.logger.info(
            "recipient refused",
            metadata: [
                "from": "\(content.reversePath)", "recipient": "\(path)", "ip": "\(self.addressText)",
                "rule": "\(rule)", "reply": "\(reply)",
            ]
        )
        return .refused(reply)
    }

    // MARK: DATA

    private func open(_ transaction: MailTransaction, _ facts: SessionFacts) -> SessionAnswer {
        let now = self.service.clock.now()
        let identifier = MessageIdentifier(created: now, random: RandomOctets.make(9))
        let keyword = transaction.mail.isSMTPUTF8 ? "UTF8" + facts.protocolKeyword.dropFirst() : facts.protocolKeyword
        self.state.withLock { state in
            let origin: ReceivedField.Origin =
                self.peer.address.map {
                    .server(heloName: facts.clientName ?? "", address: $0, name: state.client?.reverse?.name)
                } ?? .local
            state.message = ReceivedMessage(
                transaction: transaction,
                recipients: state.recipients,
                origin: origin,
                context: HeaderFixups.Context(
                    hostname: self.service.hostname,
                    protocolKeyword: keyword,
                    identifier: identifier,
                    now: now
                ),
                keepsHeaderApart: self.milters != nil
            )
        }
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
    func takeMessage() -> ReceivedMessage? {
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

    func write(_ message: inout ReceivedMessage) async throws {
        message.finishHeader()
        guard message.refusal == nil else { return }
        try await message.content.write(message.content.takeBuffer(), to: self.service.spool)
    }

    func abandonMessage() {
        guard let message = self.takeMessage() else { return }
        guard message.content.file != nil else { return }
        Task {
            var abandoned = message
            await self.discardFile(of: &abandoned)
        }
    }

    func closed() {
        self.state.withLock { $0 = State() }
        if let milters = self.milters { Task { await milters.close() } }
    }
}
