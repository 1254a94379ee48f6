internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import SMTP

/// Tells the queue, the sender, the log and the counters what an attempt came to.
struct DeliveryReporter: Sendable {
    /// What is to be reported about some recipients of one message.
    struct Report: Sendable {
        var message: LeasedMessage
        var verdicts: [(recipient: LeasedRecipient, verdict: Verdict)]
        var peer: String?
        var host: String?
        var isEncrypted = false
        var handover = OutcomeRule.Handover.withoutNotification
        /// The destination is known not to answer until then.
        var notBefore: Timestamp?
        /// Where the caller has it.
        var content: MessageContent?
    }

    let rule: OutcomeRule
    let hostname: String
    let store: any QueueStore
    let content: ContentReader
    let clock: any WallClock
    let settler: Settler
    let counters: CounterBox
    var sign: @Sendable (NewMessage) async -> NewMessage = { $0 }
    /// Who is told of failures whose sender is not known to be one.
    let postmaster: Mailbox?
    /// Whose message went on under a return path of ours.
    let senderBehind: @Sendable (Mailbox) -> Mailbox
    let logger: Logger

    func report(_ report: Report) async {
        let now = self.clock.now()
        var results: [RecipientResult] = []
        results.reserveCapacity(report.verdicts.count)
        var notices: [DeliveryStatusNotification.Recipient] = []
        for (recipient, verdict) in report.verdicts {
            let outcome = self.rule.outcome(
                for: recipient,
                received: report.message.received,
                verdict: verdict.kind,
                handover: report.handover,
                now: now,
                jitter: Double.random(in: 0...1),
                notBefore: report.notBefore
            )
            let attempt = DeliveryAttempt(
                at: now,
                peer: report.peer,
                reply: verdict.speaker == .peer ? verdict.reply : nil,
                note: verdict.speaker == .peer ? verdict.note : Self.note(verdict),
                isEncrypted: report.isEncrypted
            )
            results.append(
                RecipientResult(
                    message: report.message.identifier,
                    recipient: recipient.number,
                    outcome: outcome.outcome,
                    attempt: attempt
                )
            )
            self.log(report, recipient, verdict, outcome.outcome)
            guard let notice = outcome.notice else { continue }
            notices.append(
                DeliveryStatusNotification.Recipient(
                    recipient: recipient.recipient,
                    action: notice,
                    status: Self.status(verdict, action: notice),
                    attempt: attempt,
                    remoteHost: verdict.speaker == .peer ? report.host : nil,
                    willRetryUntil: notice == .delayed ? report.message.received + self.rule.schedule.expire : nil
                )
            )
        }
        self.count(results)
        let notification = notices.isEmpty ? nil : await self.notification(report, notices, now)
        self.settler.add(Settler.Entry(results: results, notifications: notification.map { [$0] } ?? []))
    }

    private func notification(
        _ report: Report,
        _ notices: [DeliveryStatusNotification.Recipient],
        _ now: Timestamp
    ) async -> NewMessage? {
        guard case .mailbox(let sender) = report.message.envelope.reversePath else {
            // Nobody is told: a bounce of a bounce could go on for ever (RFC 5321 §6.1).
            self.counters.add { $0.dropped += notices.count }
            self.logger.notice(
                "Undeliverable notification dropped",
                metadata: ["message": "\(report.message.identifier)", "recipients": "\(notices.count)"]
            )
            return nil
        }
        var notices = notices
        var addressee = self.senderBehind(sender)
        if !report.message.envelope.isReversePathProved {
            // Anybody could have written that reverse-path, and its owner sent nothing: the failure stays here.
            notices = notices.filter { $0.action == .failed }
            guard !notices.isEmpty else { return nil }
            self.logger.notice(
                "Sender is not notified, since nothing proved that the message was theirs",
                metadata: [
                    "message": "\(report.message.identifier)", "from": "\(sender)",
                    "told": "\(self.postmaster.map { "\($0)" } ?? "nobody")",
                ]
            )
            guard let postmaster = self.postmaster else {
                self.counters.add { $0.dropped += notices.count }
                return nil
            }
            addressee = postmaster
        }
        let octets = await self.returnedOctets(report)
        var generator = SystemRandomNumberGenerator()
        let notification = DeliveryStatusNotification.message(
            about: DeliveryStatusNotification.Original(
                identifier: report.message.identifier,
                envelope: report.message.envelope,
                received: report.message.received,
                octets: octets,
                isComplete: octets.count == report.message.size
            ),
            recipients: notices,
            to: addressee,
            hostname: self.hostname,
            identifier: MessageIdentifier(created: now, using: &generator),
            now: now
        )
        guard let notification else { return nil }
        self.counters.add { $0.notifications += 1 }
        self.logger.info(
            "Sender is notified",
            metadata: [
                "to": "\(addressee)",
                "message": "\(report.message.identifier)",
                "notification": "\(notification.identifier)",
                "action": "\(notices.first?.action.rawValue ?? "")",
            ]
        )
        return await self.sign(notification)
    }

    /// A notification without the original is better than none, so trouble in reading is only logged.
    private func returnedOctets(_ report: Report) async -> [UInt8] {
        do {
            var content = report.content
            if content == nil { content = try await self.store.content(of: report.message.identifier) }
            guard let content else { return [] }
            return try await self.content.beginning(
                of: content,
                limit: DeliveryStatusNotification.maximumReturnedOctets
            )
        } catch {
            self.logger.error(
                "A message that failed cannot be read to be returned",
                metadata: ["message": "\(report.message.identifier)", "error": "\(error)"]
            )
            return []
        }
    }

    private func count(_ results: [RecipientResult]) {
        self.counters.add { counters in
            for result in results {
                switch result.outcome {
                case .delivered: counters.delivered += 1
                case .deferred: counters.deferred += 1
                case .failed: counters.failed += 1
                }
            }
        }
    }

    private func log(
        _ report: Report,
        _ recipient: LeasedRecipient,
        _ verdict: Verdict,
        _ outcome: RecipientResult.Outcome
    ) {
        func metadata() -> Logger.Metadata {
            var metadata: Logger.Metadata = [
                "message": "\(report.message.identifier)",
                "reply": "\(verdict.reply)",
            ]
            if let domain = recipient.recipient.forwardPath.mailbox?.domain { metadata["domain"] = "\(domain)" }
            if let peer = report.peer { metadata["host"] = "\(peer)" }
            if let note = verdict.note { metadata["note"] = "\(note)" }
            if case .deferred(let next, _) = outcome { metadata["next"] = "\(next)" }
            return metadata
        }
        switch outcome {
        case .delivered: self.logger.info("Delivered", metadata: metadata())
        case .deferred: self.logger.info("Deferred", metadata: metadata())
        case .failed: self.logger.notice("Failed", metadata: metadata())
        }
    }

    /// The words of this server where no peer spoke.
    private static func note(_ verdict: Verdict) -> String {
        guard let note = verdict.note else { return verdict.reply.description }
        return "\(verdict.reply) (\(note))"
    }

    /// What a notification gives as `Status`: a peer without enhanced codes is left to the builder.
    private static func status(
        _ verdict: Verdict,
        action: DeliveryStatusNotification.Action
    ) -> EnhancedStatusCode? {
        // Given up although it might work later: the time is over (RFC 3463 §3.5, X.4.7).
        if action == .failed, verdict.isTransient { return verdict.reply.enhanced ?? EnhancedStatusCode(4, 4, 7) }
        return verdict.reply.enhanced
    }
}
