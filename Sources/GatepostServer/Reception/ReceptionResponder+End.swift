internal import DNS
internal import DNSClient
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import MessageAuthentication
internal import SMTP
internal import SMTPServer
internal import Synchronization

/// The end of a message: judged, kept, and said what became of it.
extension ReceptionResponder {
    func finish() async -> SessionAnswer {
        guard var message = self.takeMessage() else { return .refused(.localError) }
        message.finishHeader()
        if let refusal = message.refusal {
            return await self.drop(&message, refusal, rule: message.refusalRule ?? "content", findings: nil)
        }
        let findings = await self.judge(message)
        let disposition = Disposition.decide(findings, self.service.rules)
        await self.observe(message, findings, disposition)
        if case .refuse(let reply, let rule) = disposition {
            return await self.drop(&message, reply, rule: rule, findings: findings)
        }
        let front = self.front(findings, disposition)
        guard let milters = self.milters else { return await self.keep(&message, nil, front, findings, disposition) }
        do {
            switch try await self.filter(&message, by: milters, front: front, findings) {
            case .answered(let answer): return answer
            case .kept(let body, let quarantine):
                let held = quarantine.map { Disposition.hold(rule: $0.rule) }
                return await self.keep(&message, body, message.header, findings, held ?? disposition)
            }
        } catch {
            self.storeFailed(error, message)
            return await self.drop(&message, .storeFailure(error), rule: "not-kept", findings: findings)
        }
    }

    /// - Parameters:
    ///   - body: Where filters left it, without the header section, which then is `front`; nil: no filter was asked.
    ///   - front: What stands before all that was kept.
    private func keep(
        _ message: inout ReceivedMessage,
        _ body: MessageContent?,
        _ front: [UInt8],
        _ findings: MessageFindings,
        _ disposition: Disposition
    ) async -> SessionAnswer {
        let received = message.context.now
        let proved = findings.proves(message.transaction.mail.reversePath) { IDNA.alabels(of: $0) }
        let rows = ReceivedRows(
            message: message,
            delivery: self.service.delivery,
            returnPaths: self.service.returnPaths,
            front: front,
            disposition: disposition,
            isReversePathProved: proved,
            deliveredTo: message.fields.filter { $0.isNamed("Delivered-To") }.map(\.value),
            makeIdentifier: { MessageIdentifier(created: received, random: RandomOctets.make(9)) }
        )
        if rows.isOnlyLoop {
            return await self.drop(&message, .forwardingLoop, rule: "forwarding-loop", findings: findings)
        }
        do {
            let content: MessageContent
            if let body {
                content = body
            } else {
                if message.content.endsInFile { try await self.write(&message) }
                content = try await message.content.finish()
            }
            if let reply = try await self.takeReport(message, content.with(front: front), disposition) {
                return await self.drop(&message, reply, rule: "no-report", findings: findings)
            }
            let kept = rows.make(content)
            try await self.service.queue.enqueue(kept, sending: nil)
            self.accepted(message, kept, findings, disposition, isProved: proved)
            if kept.contains(where: { $0.route == .deliver }) { self.service.queued() }
            return .queued(identifier: "\(message.identifier)")
        } catch {
            self.storeFailed(error, message)
            return await self.drop(&message, .storeFailure(error), rule: "not-kept", findings: findings)
        }
    }

    /// Signatures, chain and policy, all within one limit of time.
    private func judge(_ message: ReceivedMessage) async -> MessageFindings {
        let (client, spf) = self.state.withLock { ($0.client, $0.spf) }
        let ticks = self.service.ticks
        return await self.judge(message, client, spf, ticks)
    }

    private func judge<Ticks: Clock<Duration>>(
        _ message: ReceivedMessage,
        _ client: ClientFindings?,
        _ spf: SPF.Verdict?,
        _ ticks: Ticks
    ) async -> MessageFindings {
        let resolver = self.service.resolver.limited(to: self.service.rules.timeout, clock: ticks)
        let results = await message.verifier.finish(
            resolver: resolver,
            secondsSince1970: message.context.now.secondsSince1970
        )
        var identifiers = results.dkim.verdicts.compactMap { verdict in
            DMARC.Identifier(verdict, alabels: { IDNA.alabels(of: $0) })
        }
        if let spf, let identifier = DMARC.Identifier(spf) { identifiers.append(identifier) }
        let dmarc = await DMARC.check(
            DMARC.Author(of: message.fields, alabels: { IDNA.alabels(of: $0) }),
            identifiers: identifiers,
            resolver: resolver,
            clock: ticks
        )
        return MessageFindings(client: client, spf: spf, dkim: results.dkim, arc: results.arc, dmarc: dmarc)
    }

    /// What stands before all that was kept.
    private func front(_ findings: MessageFindings, _ disposition: Disposition) -> [UInt8] {
        var front = findings.field(self.service.hostname)?.octets ?? []
        if case .mark(let rule) = disposition {
            let value = "quarantine; rule=\(rule); \(findings.summary)"
            front += HeaderField(name: ReceivedMessage.verdictField, value: value)?.octets ?? []
            // What filters of mailbox stores look for.
            front += HeaderField(name: "X-Spam-Flag", value: "YES")?.octets ?? []
        }
        return front
    }

    // MARK: What became of it

    private func accepted(
        _ message: ReceivedMessage,
        _ rows: [NewMessage],
        _ findings: MessageFindings,
        _ disposition: Disposition,
        isProved: Bool
    ) {
        self.service.counters.messageAccepted()
        var content = SendingContent(message.transaction)
        content.message = message.identifier
        content.size = message.content.receivedOctets
        let hold = rows.lazy.compactMap(\.holdReason).first
        let verdict: SendingEvent.Verdict = hold.map { .held(rule: $0) } ?? .accepted
        self.record(content, verdict, "250 2.0.0", findings: findings)
        self.service.logger.info(
            "message received",
            metadata: self.metadata(message, findings).merging(
                [
                    "did": "\(disposition.word)", "held": "\(hold ?? "no")",
                    "messages": "\(rows.map { "\($0.identifier)" }.joined(separator: " "))",
                    "bounces": "\(isProved ? "to sender" : "to postmaster")",
                ],
                uniquingKeysWith: { first, _ in first }
            )
        )
    }

    func drop(
        _ message: inout ReceivedMessage,
        _ reply: Reply,
        rule: String,
        findings: MessageFindings?
    ) async -> SessionAnswer {
        var content = SendingContent(message.transaction)
        content.message = message.identifier
        content.size = message.content.receivedOctets
        self.service.counters.messageRefused()
        self.record(content, .refused(rule: rule), reply.codes, findings: findings)
        self.service.logger.info(
            "message refused",
            metadata: self.metadata(message, findings).merging(
                ["rule": "\(rule)", "reply": "\(reply)"],
                uniquingKeysWith: { first, _ in first }
            )
        )
        await self.discardFile(of: &message)
        return .refused(reply)
    }

    private func metadata(_ message: ReceivedMessage, _ findings: MessageFindings?) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "message": "\(message.identifier)", "from": "\(message.transaction.mail.reversePath)",
            "recipients": "\(message.transaction.recipients.count)", "ip": "\(self.addressText)",
            "size": "\(message.content.receivedOctets)",
        ]
        if let findings {
            metadata["findings"] = "\(findings.summary)"
            metadata["dmarc"] = "\(findings.dmarc)"
        }
        return metadata
    }

    func discardFile(of message: inout ReceivedMessage) async {
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

    func storeFailed(_ error: any Error, _ message: ReceivedMessage) {
        self.service.logger.error(
            "message could not be kept",
            metadata: ["message": "\(message.identifier)", "error": "\(error)"]
        )
    }

    func record(
        _ content: SendingContent,
        _ verdict: SendingEvent.Verdict,
        _ reply: String,
        findings: MessageFindings?
    ) {
        self.service.audit.record(
            .sending(
                SendingEvent(
                    time: self.service.clock.now(),
                    account: nil,
                    address: self.peer.address?.unmapped,
                    listener: self.peer.listener,
                    basis: .reception,
                    message: content.message,
                    reversePath: content.reversePath,
                    recipients: content.recipients,
                    recipientCount: content.recipientCount,
                    size: content.size,
                    verdict: verdict,
                    reply: reply,
                    findings: findings?.summary
                )
            )
        )
    }
}
