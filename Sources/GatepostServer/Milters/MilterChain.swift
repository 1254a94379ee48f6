internal import GatepostDelivery
internal import GatepostModel
internal import Logging
internal import Milter
internal import SMTP

/// All filters of one SMTP session, asked one after another in the order of the configuration.
///
/// Each sees the message as the former left it; the first refusal counts, and ends the asking.
actor MilterChain {
    /// What became of a message.
    enum Outcome: Sendable {
        /// To be kept as it is now.
        case kept(MilterMessage)
        /// To be thrown away, and the client is to hear that all is well; by the rule of a filter.
        case discarded(rule: String)
        case refused(MilterRefusal)
    }

    private let conversations: [MilterConversation]
    private let context: MilterContext
    /// A filter that wants the message under way thrown away.
    private var discarder: Configuration.Milter?

    init(filters: [Configuration.Milter], context: MilterContext, client: MilterClientFacts) {
        self.conversations = filters.map { MilterConversation($0, context: context, client: client) }
        self.context = context
    }

    /// MAIL: begins a message.
    ///
    /// - Returns: nil to go on.
    func mail(_ sender: MilterSender) async -> MilterRefusal? {
        self.discarder = nil
        return await self.ask("\(sender.mail.reversePath)") { await $0.begin(sender) }
    }

    /// RCPT.
    func recipient(_ recipient: RecipientParameters) async -> MilterRefusal? {
        await self.ask("\(recipient.forwardPath)") { await $0.recipient(recipient) }
    }

    /// DATA.
    func data(_ identifier: MessageIdentifier) async -> MilterRefusal? {
        await self.ask("\(identifier)") { await $0.data(identifier) }
    }

    /// The end of the mail data: everything that is left, filter by filter.
    ///
    /// The files of bodies that are not wanted any more are removed; those of `kept` and of a thrown error are the caller's.
    ///
    /// - Throws: Our own trouble.
    func content(_ given: MilterMessage) async throws -> Outcome {
        var message = given
        for conversation in self.conversations where self.discarder == nil {
            let filter = conversation.filter
            let (verdict, changed) = try await conversation.content(message)
            message = changed
            if let refusal = self.judge(verdict, filter, "\(message.identifier)") {
                await self.removeFiles(of: message, keepingLast: false)
                return .refused(refusal)
            }
        }
        // Without recipients it goes nowhere: as sendmail and Postfix have it.
        if message.recipients.isEmpty, let name = message.changedBy.last {
            self.discarder = self.discarder ?? self.conversations.first { $0.filter.name == name }?.filter
        }
        if let discarder = self.discarder {
            await self.removeFiles(of: message, keepingLast: false)
            return .discarded(rule: discarder.rule)
        }
        await self.removeFiles(of: message, keepingLast: true)
        for name in message.changedBy { self.context.counters.add(.changed, name) }
        if let (filter, reason) = message.quarantine {
            self.context.counters.add(.quarantined, filter.name)
            self.context.logger.notice(
                "a mail filter wants a message held",
                metadata: ["milter": "\(filter.name)", "message": "\(message.identifier)", "reason": "\(reason)"]
            )
        }
        return .kept(message)
    }

    /// The session is over.
    func close() async {
        for conversation in self.conversations { await conversation.close() }
    }

    private func ask(
        _ subject: String,
        _ question: (MilterConversation) async -> MilterVerdict
    ) async -> MilterRefusal? {
        for conversation in self.conversations where self.discarder == nil {
            let verdict = await question(conversation)
            if let refusal = self.judge(verdict, conversation.filter, subject) { return refusal }
        }
        return nil
    }

    private func judge(
        _ verdict: MilterVerdict,
        _ filter: Configuration.Milter,
        _ subject: String
    ) -> MilterRefusal? {
        if verdict == .discard {
            self.discarder = filter
            self.context.counters.add(.discarded, filter.name)
            self.context.logger.notice(
                "a mail filter discards a message",
                metadata: ["milter": "\(filter.name)", "at": "\(subject)"]
            )
            return nil
        }
        guard let refusal = MilterRefusal(verdict, filter) else { return nil }
        self.context.counters.add(.refusals, filter.name)
        self.context.logger.info(
            "refused by a mail filter",
            metadata: ["milter": "\(filter.name)", "at": "\(subject)", "reply": "\(refusal.reply)"]
        )
        return refusal
    }

    private func removeFiles(of message: MilterMessage, keepingLast: Bool) async {
        for body in keepingLast ? message.bodies.dropLast() : message.bodies[...] {
            var body = body
            do {
                try await body.discardFile()
            } catch {
                // The next start sweeps it.
                self.context.logger.debug(
                    "spool file not removed",
                    metadata: ["message": "\(message.identifier)", "error": "\(error)"]
                )
            }
        }
    }
}
