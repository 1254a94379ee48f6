internal import GatepostDelivery
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import Milter
internal import NIOCore
internal import SASL
internal import SMTP
internal import SMTPServer
internal import Synchronization

/// Mail filters, asked once our own rules said yes.
extension SubmissionResponder {
    /// What the filters leave of a message.
    enum Filtered {
        case kept(MessageContent)
        /// Nothing.
        case answered(SessionAnswer)
    }

    /// The answer to MAIL. Filters hear of connection and greeting now: before it there is nothing to filter here.
    func filtered(
        _ response: SessionResponse,
        _ facts: SessionFacts,
        _ parameters: MailParameters
    ) -> SessionResponse {
        guard let milters = self.milters else { return response }
        return self.then(response, SendingContent(reversePath: parameters.reversePath)) {
            var mail = parameters
            if let path = self.service.device?.fixedAuthor?.reversePath(for: mail.reversePath) {
                mail.reversePath = path
            }
            return await milters.mail(
                MilterSender(
                    mail: mail,
                    helo: facts.clientName ?? "",
                    tlsVersion: facts.tlsVersion,
                    mechanism: facts.mechanism?.description,
                    account: self.state.withLock { $0.account?.address }
                )
            )
        }
    }

    /// The answer to RCPT.
    func filtered(_ response: SessionResponse, _ parameters: RecipientParameters) -> SessionResponse {
        guard let milters = self.milters else { return response }
        let content = SendingContent(recipients: [parameters.forwardPath.description])
        return self.then(response, content) { await milters.recipient(parameters) }
    }

    /// The answer to DATA.
    func filtered(_ response: SessionResponse) -> SessionResponse {
        guard let milters = self.milters else { return response }
        return self.then(response, SendingContent(recipients: [])) {
            guard let identifier = self.state.withLock({ $0.message?.identifier }) else { return nil }
            let refusal = await milters.data(identifier)
            if refusal != nil { self.abandonMessage() }
            return refusal
        }
    }

    private func then(
        _ response: SessionResponse,
        _ content: SendingContent,
        ask: @escaping @Sendable () async -> MilterRefusal?
    ) -> SessionResponse {
        .later {
            let answer: SessionAnswer
            switch response {
            case .now(let settled): answer = settled
            case .later(let work): answer = await work()
            }
            guard case .accepted = answer, let refusal = await ask() else { return answer }
            if let account = self.state.withLock({ $0.account }) {
                self.refused(refusal.reply, account, rule: refusal.rule, content)
            }
            return refusal.answer
        }
    }

    /// Shows the whole message to the filters, which may change all of it.
    func filter(_ message: inout IncomingMessage, by milters: MilterChain) async throws -> Filtered {
        if message.content.endsInFile { try await self.write(&message) }
        let body = try await message.content.finish()
        let shown = try MilterMessage(
            header: message.header,
            // Our own trace field, as sendmail and Postfix have it.
            hiding: 0..<1,
            body: body,
            in: message.content,
            mail: message.transaction.mail,
            recipients: message.transaction.recipients
        )
        switch try await milters.content(shown) {
        case .refused(let refusal):
            message.refusalRule = refusal.rule
            _ = await self.drop(message, refusal.reply)
            return .answered(refusal.answer)
        case .discarded(let rule):
            self.discard(message, rule: rule)
            return .answered(.queued(identifier: "\(message.identifier)"))
        case .kept(let kept):
            message.take(kept)
            let body = try await message.content.ready(kept.body, behind: message.header, spool: self.service.spool)
            let signatures = try await self.sign(body.with(front: message.header), of: message)
            return .kept(body.with(front: signatures + message.header))
        }
    }

    /// What stands in front of the message as filters left it: signatures must cover what they changed.
    private func sign(_ content: MessageContent, of message: IncomingMessage) async throws -> [UInt8] {
        let signer = self.service.signer
        var signing = signer.begin(secondsSince1970: message.context.now.secondsSince1970)
        guard signing != nil, let context = self.service.milters else {
            return await signer.finish(nil, rest: [], message.identifier)
        }
        let chunks = try await context.contents.chunks(of: content)
        defer { chunks.close() }
        while let chunk = try await chunks.chunk() {
            await signer.receive(Array(chunk.readableBytesView), by: &signing)
        }
        return await signer.finish(signing, rest: [], message.identifier)
    }

    private func discard(_ message: IncomingMessage, rule: String) {
        self.service.sending.cancel(message.admission.change)
        self.recordSending(
            SendingContent(message, size: message.content.receivedOctets),
            account: message.account.address,
            verdict: .discarded(rule: rule),
            reply: "250 2.0.0"
        )
        self.service.logger.notice(
            "message discarded",
            metadata: [
                "message": "\(message.identifier)", "account": "\(message.account.address)", "rule": "\(rule)",
            ]
        )
    }
}

extension IncomingMessage {
    /// Takes over what filters made of it.
    mutating func take(_ filtered: MilterMessage) {
        self.transaction.mail = filtered.mail
        self.transaction.recipients = filtered.recipients
        self.header = filtered.headerOctets
        self.subject = filtered.subject ?? self.subject
        self.quarantine = filtered.quarantine?.filter
        if let content = filtered.bodies.last { self.content = content }
    }
}
