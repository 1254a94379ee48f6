internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import SMTP
internal import SMTPServer

/// What follows when a message is over a limit.
extension SubmissionResponder {
    /// Where a message goes, and why it is held.
    func route(of message: IncomingMessage) -> (MessageRoute, reason: String?) {
        if message.account.isSandbox { return (.sandbox(message.account.address), nil) }
        if let rule = message.admission.decision.rule { return (.hold, rule.code) }
        if let filter = message.quarantine { return (.hold, filter.rule) }
        return self.service.disposal == .hold ? (.hold, "delivery-route") : (.deliver, nil)
    }

    /// The mail that tells of an event; none when it was told already.
    func notices(
        _ admission: SendingLedger.Admission,
        _ account: Account,
        message: MessageIdentifier?
    ) async -> [NewMessage] {
        guard admission.change.told != nil, let owner = try? Mailbox(parsing: account.address) else { return [] }
        let now = self.service.clock.now()
        let notice = SendingNotice(
            account: owner,
            decision: admission.decision,
            message: message,
            address: self.peer.address?.unmapped,
            credential: self.credentialName,
            hostname: self.service.hostname,
            now: now
        )
        guard let notice else { return [] }
        let route: MessageRoute = self.service.disposal == .hold ? .hold : .deliver
        func identifier() -> MessageIdentifier { MessageIdentifier(created: now, random: RandomOctets.make(9)) }
        return [
            await self.service.signer.signed(notice.ownersMail(identifier(), route: route)),
            await self.service.signer.signed(
                notice.operatorsMail(identifier(), to: self.service.postmaster, route: route)
            ),
        ]
    }

    /// Tells the client, and whoever else is to know.
    func refuse(
        _ admission: SendingLedger.Admission,
        _ account: Account,
        _ content: SendingContent
    ) async -> SessionAnswer {
        let reply = admission.decision.reply(now: self.service.clock.now()) ?? .localError
        self.refused(reply, account, rule: admission.decision.rule?.code ?? "not-kept", content)
        let notices = await self.notices(admission, account, message: nil)
        if !notices.isEmpty {
            do {
                try await self.service.queue.enqueue(notices, sending: admission.change)
                self.service.queued()
            } catch {
                // The next refusal tells them.
                self.service.sending.cancel(admission.change)
                self.service.logger.error(
                    "a notice could not be kept",
                    metadata: ["account": "\(account.address)", "error": "\(error)"]
                )
            }
        }
        return .refused(reply)
    }

    /// Without knowing what an account sent, nothing can be promised about its limits: it may try later.
    func cannotCount(_ account: Account, _ error: any Error) -> SessionAnswer {
        self.service.logger.error(
            "what an account sent could not be read",
            metadata: ["account": "\(account.address)", "error": "\(error)"]
        )
        return .refused(.localError)
    }
}

extension SendingPolicy {
    /// Whether a message can be refused for how many there were.
    var refusesByCount: Bool {
        guard self.action == .refuse else { return false }
        let counted = SendingLimit.allCases.filter { $0 != .messageSize && $0 != .sessions }
        return counted.contains { self.account[$0] != nil || self.credential[$0] != nil }
    }
}

extension SendingLedger.Admission {
    /// Of a message that no limit is about.
    static let unlimited = SendingLedger.Admission(
        decision: .accepted,
        change: SendingChange(credential: nil, at: Timestamp(milliseconds: 0))
    )
}
