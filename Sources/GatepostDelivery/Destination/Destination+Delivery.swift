internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import NIOCore
internal import SMTP
internal import SMTPClient

extension Destination {
    /// Sends one message to all its recipients here.
    ///
    /// - Returns: The connection for the next message, where it is still of use, and whether the worker should end.
    func deliver(_ message: LeasedMessage, over link: Link?) async -> (link: Link?, isDone: Bool) {
        let content: MessageContent
        switch await self.content(of: message) {
        case .found(let found): content = found
        case .gone: return (link, false)
        case .unreadable: return (link, false)
        }
        var link = link
        var remaining = message.recipients[...]
        var excluded: Set<ExchangerTarget> = []
        var lastFailure: (target: ExchangerTarget, verdict: Verdict)?
        var hasRetried = false
        while !remaining.isEmpty {
            if let spent = link, self.isSpent(spent) {
                await self.end(spent)
                link = nil
            }
            if link == nil {
                switch await self.connect(excluding: excluded) {
                case .link(let new):
                    link = new
                case .cancelled:
                    self.forget([message.with(remaining)])
                    return (nil, true)
                case .failed(let verdict, let peer, let least):
                    if let (target, failure) = lastFailure, !self.brokeOff() {
                        // It may be this message that the server cannot bear: the others get their chance.
                        await self.context.reporter.report(
                            DeliveryReporter.Report(
                                message: message,
                                verdicts: remaining.map { ($0, failure) },
                                peer: target.description,
                                host: target.name,
                                content: content
                            )
                        )
                        return (nil, false)
                    }
                    await self.cannotConnect(
                        message.with(remaining),
                        lastFailure?.verdict ?? verdict,
                        peer: lastFailure?.target ?? peer,
                        least: least
                    )
                    return (nil, true)
                }
            }
            guard var current = link else { break }
            let part = remaining.prefix(self.recipientLimit(current))
            current.transactions += 1
            link = current
            do {
                let result = try await self.send(message.with(part), content, over: current)
                if result.outcomes.contains(where: \.endsConnection) {
                    self.drop(current)
                    link = nil
                    if let verdict = Self.refusalOfAll(result) {
                        // The server has had enough of this connection, not of the message …
                        if current.transactions > 1, !hasRetried {
                            hasRetried = true
                            continue
                        }
                        // … or of us, when it says so again and again.
                        if self.brokeOff() {
                            await self.cannotConnect(
                                message.with(remaining),
                                verdict,
                                peer: current.target,
                                least: .zero
                            )
                            return (nil, true)
                        }
                    }
                } else {
                    self.answered()
                }
                let later = await self.settle(message, part, result, content, over: current)
                remaining = later + remaining.dropFirst(part.count)
            } catch {
                self.drop(current)
                link = nil
                let isReused = current.transactions > 1
                switch Self.reaction(to: error, isReused: isReused, hasRetried: hasRetried) {
                case .retryOnFreshConnection:
                    hasRetried = true
                case .tryNextTarget:
                    excluded.insert(current.target)
                    self.demote(current.target)
                    lastFailure = (error as? SMTPClientError).map { (current.target, DeliveryFailure.lost($0)) }
                case .cancelled:
                    self.forget([message.with(remaining)])
                    return (nil, true)
                case .settle(let verdict):
                    await self.context.reporter.report(
                        self.report(message, remaining.map { ($0, verdict) }, content, over: current)
                    )
                    remaining = []
                }
            }
        }
        return (link, false)
    }

    /// What the server said when it ended the connection without a decision about any recipient; nil when there was one.
    private static func refusalOfAll(_ result: MailTransactionResult) -> Verdict? {
        guard result.outcomes.allSatisfy(\.endsConnection), case .refused(let stage, let reply) = result.outcomes.first
        else { return nil }
        return .refused(reply, at: stage)
    }

    private enum Content {
        case found(MessageContent)
        /// Cancelled meanwhile.
        case gone
        case unreadable
    }

    private func content(of message: LeasedMessage) async -> Content {
        do {
            if let content = try await self.context.store.content(of: message.identifier) { return .found(content) }
            self.forget([message])
            return .gone
        } catch {
            let verdict = Verdict.transient(.contentUnreadable, note: "\(error)")
            await self.context.reporter.report(
                DeliveryReporter.Report(message: message, verdicts: message.recipients.map { ($0, verdict) })
            )
            return .unreadable
        }
    }

    private func isSpent(_ link: Link) -> Bool {
        let announced = link.capabilities.limits?.transactionsPerSession ?? .max
        return link.transactions >= min(self.policy.transactionsPerConnection, max(1, announced))
    }

    private func recipientLimit(_ link: Link) -> Int {
        let announced = link.capabilities.limits?.recipientsPerTransaction ?? .max
        return max(1, min(self.context.configuration.recipientsPerTransaction, announced))
    }

    private func send(
        _ message: LeasedMessage,
        _ content: MessageContent,
        over link: Link
    ) async throws -> MailTransactionResult {
        let (mailContent, file) = try await self.context.content.open(content)
        defer { file?.close() }
        self.context.counters.add { counters in
            counters.transactions += 1
            if link.transactions > 1 { counters.reused += 1 }
        }
        return try await link.connection.send(
            SMTPClient.MailTransaction(
                reversePath: message.envelope.reversePath,
                recipients: message.recipients.map { leased in
                    RecipientParameters(
                        forwardPath: leased.recipient.forwardPath,
                        notify: leased.recipient.notify,
                        originalRecipient: leased.recipient.originalRecipient
                    )
                },
                content: mailContent,
                size: content.octets,
                body8bit: message.envelope.body == .eightBitMIME,
                smtpUTF8: message.envelope.isSMTPUTF8,
                envid: message.envelope.envid,
                ret: message.envelope.ret
            )
        )
    }

    /// Reports what is decided.
    ///
    /// - Returns: Recipients for whom there was no room in this transaction.
    private func settle(
        _ message: LeasedMessage,
        _ recipients: ArraySlice<LeasedRecipient>,
        _ result: MailTransactionResult,
        _ content: MessageContent,
        over link: Link
    ) async -> ArraySlice<LeasedRecipient> {
        var verdicts: [(recipient: LeasedRecipient, verdict: Verdict)] = []
        verdicts.reserveCapacity(recipients.count)
        var later: [LeasedRecipient] = []
        var refusals: [(recipient: LeasedRecipient, verdict: Verdict)] = []
        for (recipient, outcome) in zip(recipients, result.outcomes) {
            switch outcome {
            case .accepted(let reply):
                verdicts.append((recipient, Verdict(.delivered, reply, speaker: .peer)))
            case .refused(let stage, let reply) where DeliveryFailure.isAboutTooManyRecipients(stage, reply):
                later.append(recipient)
                refusals.append((recipient, .refused(reply, at: stage)))
            case .refused(let stage, let reply):
                verdicts.append((recipient, .refused(reply, at: stage)))
            case .interrupted(let error):
                verdicts.append((recipient, DeliveryFailure.lost(error)))
            }
        }
        // Without one recipient accepted the next transaction would go the same way.
        if !later.isEmpty, !verdicts.contains(where: { $0.verdict.kind == .delivered }) {
            verdicts += refusals
            later = []
        }
        if !verdicts.isEmpty {
            await self.context.reporter.report(self.report(message, verdicts, content, over: link))
        }
        return later[...]
    }

    private func report(
        _ message: LeasedMessage,
        _ verdicts: [(recipient: LeasedRecipient, verdict: Verdict)],
        _ content: MessageContent,
        over link: Link
    ) -> DeliveryReporter.Report {
        DeliveryReporter.Report(
            message: message,
            verdicts: verdicts,
            peer: link.target.description,
            host: link.target.name,
            isEncrypted: link.isTLS,
            handover: link.capabilities.isDSN ? .withNotification : self.policy.handoverWithoutDSN,
            content: content
        )
    }

    private static func reaction(to error: any Error, isReused: Bool, hasRetried: Bool) -> DeliveryFailure.Reaction {
        switch error {
        case let error as SMTPClientError:
            DeliveryFailure.reaction(to: error, isReused: isReused, hasRetried: hasRetried)
        case is CancellationError:
            .cancelled
        default:
            // The file could not be opened.
            .settle(.transient(.contentUnreadable, note: "\(error)"))
        }
    }
}

extension MailTransactionResult.Outcome {
    /// Whether the connection is closed, or is about to be (`421`, RFC 5321 §3.8).
    fileprivate var endsConnection: Bool {
        switch self {
        case .accepted: false
        case .refused(_, let reply): reply.code == 421
        case .interrupted: true
        }
    }
}

extension LeasedMessage {
    /// The same message with some of its recipients.
    func with(_ recipients: ArraySlice<LeasedRecipient>) -> LeasedMessage {
        var message = self
        message.recipients = Array(recipients)
        return message
    }
}
