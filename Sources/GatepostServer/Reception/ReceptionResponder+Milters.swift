internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import SMTP
internal import SMTPServer
internal import Synchronization

/// Mail filters, asked once our own rules said yes. They see what was found out about a message, in its `Authentication-Results`.
extension ReceptionResponder {
    /// What the filters leave of a message.
    enum Filtered {
        /// The body where it lies now, and the filter that wants the message held.
        case kept(MessageContent, Configuration.Milter?)
        /// Nothing.
        case answered(SessionAnswer)
    }

    /// The answer to MAIL.
    func filtered(_ answer: SessionAnswer, _ mail: MailParameters, _ facts: SessionFacts) async -> SessionAnswer {
        guard let milters = self.milters, case .accepted = answer else { return answer }
        let sender = MilterSender(
            mail: mail,
            helo: facts.clientName ?? "",
            tlsVersion: facts.tlsVersion,
            clientName: self.state.withLock { $0.client?.reverse?.name }
        )
        guard let refusal = await milters.mail(sender) else { return answer }
        var content = SendingContent(recipients: [])
        content.reversePath = mail.reversePath.description
        self.record(content, .refused(rule: refusal.rule), refusal.reply.codes, findings: nil)
        return refusal.answer
    }

    /// The answer to RCPT.
    func filtered(_ answer: SessionAnswer, _ recipient: RecipientParameters) async -> SessionAnswer {
        guard let milters = self.milters, case .accepted = answer,
            let refusal = await milters.recipient(recipient)
        else { return answer }
        self.state.withLock { state in
            if !state.recipients.isEmpty { state.recipients.removeLast() }
        }
        _ = self.refuseRecipient(recipient.forwardPath, refusal.reply, rule: refusal.rule)
        return refusal.answer
    }

    /// The answer to DATA.
    func filtered(_ answer: SessionAnswer) async -> SessionAnswer {
        guard let milters = self.milters, case .accepted = answer,
            let identifier = self.state.withLock({ $0.message?.identifier }),
            let refusal = await milters.data(identifier), var message = self.takeMessage()
        else { return answer }
        _ = await self.drop(&message, refusal.reply, rule: refusal.rule, findings: nil)
        return refusal.answer
    }

    /// Shows the whole message to the filters, which may change all of it.
    ///
    /// - Parameter front: Fields of ours, which they see too.
    func filter(
        _ message: inout ReceivedMessage,
        by milters: MilterChain,
        front: [UInt8],
        _ findings: MessageFindings
    ) async throws -> Filtered {
        if message.content.endsInFile { try await self.write(&message) }
        let body = try await message.content.finish()
        let ours = try HeaderSection(parsing: front).lines.count
        let shown = try MilterMessage(
            header: front + message.header,
            // Our own trace field, as sendmail and Postfix have it.
            hiding: ours..<(ours + 1),
            body: body,
            in: message.content,
            mail: message.transaction.mail,
            recipients: message.recipients.map(\.parameters)
        )
        switch try await milters.content(shown) {
        case .refused(let refusal):
            _ = await self.drop(&message, refusal.reply, rule: refusal.rule, findings: findings)
            return .answered(refusal.answer)
        case .discarded(let rule):
            self.discarded(message, rule: rule, findings)
            return .answered(.queued(identifier: "\(message.identifier)"))
        case .kept(let kept):
            message.take(kept)
            message.recipients = try await self.recipients(of: message, kept.recipients)
            guard !message.recipients.isEmpty else {
                await self.discardFile(of: &message)
                self.discarded(message, rule: self.service.milters?.filters.first?.rule ?? "milter", findings)
                return .answered(.queued(identifier: "\(message.identifier)"))
            }
            let lasting = try await message.content.ready(kept.body, behind: message.header, spool: self.service.spool)
            return .kept(lasting, kept.quarantine?.filter)
        }
    }

    /// Those that filters left, and those that they added: only local ones, for this host relays for nobody.
    private func recipients(
        of message: ReceivedMessage,
        _ wanted: [RecipientParameters]
    ) async throws -> [ReceivedMessage.Recipient] {
        var recipients = message.recipients.filter { known in
            wanted.contains { $0.forwardPath == known.parameters.forwardPath }
        }
        for parameters in wanted
        where !recipients.contains(where: { $0.parameters.forwardPath == parameters.forwardPath }) {
            let found = try await self.service.recipients.resolve(parameters.forwardPath, in: self.service.directory)
            if case .places(let places) = found, !places.isEmpty {
                recipients.append(ReceivedMessage.Recipient(parameters: parameters, places: places))
            } else {
                self.service.logger.warning(
                    "a mail filter added a recipient that is not local: left out",
                    metadata: ["message": "\(message.identifier)", "recipient": "\(parameters.forwardPath)"]
                )
            }
        }
        return recipients
    }

    private func discarded(_ message: ReceivedMessage, rule: String, _ findings: MessageFindings) {
        var content = SendingContent(message.transaction)
        content.message = message.identifier
        content.size = message.content.receivedOctets
        self.record(content, .discarded(rule: rule), "250 2.0.0", findings: findings)
        self.service.logger.notice(
            "message discarded",
            metadata: ["message": "\(message.identifier)", "rule": "\(rule)", "ip": "\(self.addressText)"]
        )
    }
}
