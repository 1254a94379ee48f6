package import GatepostModel
internal import SMTP

/// Turns the verdict about a recipient into what the queue records and whom it tells. Pure.
package struct OutcomeRule: Hashable, Sendable {
    package var schedule: RetrySchedule
    /// After so long in the queue the sender is told of the delay, once, unless they asked not to be.
    package var delayNotice: Duration

    package init(schedule: RetrySchedule, delayNotice: Duration = .seconds(4 * 3600)) {
        self.schedule = schedule
        self.delayNotice = delayNotice
    }

    package struct Outcome: Hashable, Sendable {
        package var outcome: RecipientResult.Outcome
        /// nil when the sender wants none.
        package var notice: DeliveryStatusNotification.Action?
    }

    /// How the next hop took the message, where it did.
    package enum Handover: Hashable, Sendable {
        /// It knows DSN and has taken over the sender's wishes (RFC 3461 §5.2.1).
        case withNotification
        /// It does not know DSN.
        case withoutNotification
        /// It is the store of mailboxes and does not know DSN.
        case final
    }

    /// - Parameters:
    ///   - jitter: 0 to 1, from a random source.
    ///   - notBefore: The destination is known not to answer until then.
    package func outcome(
        for recipient: LeasedRecipient,
        received: Timestamp,
        verdict: Verdict.Kind,
        handover: Handover,
        now: Timestamp,
        jitter: Double,
        notBefore: Timestamp? = nil
    ) -> Outcome {
        let notify = recipient.recipient.notify
        switch verdict {
        case .delivered:
            switch handover {
            case .withNotification: return Outcome(outcome: .delivered, notice: nil)
            case .withoutNotification: return Outcome(outcome: .delivered, notice: Self.wanted(.relayed, notify))
            case .final: return Outcome(outcome: .delivered, notice: Self.wanted(.delivered, notify))
            }
        case .permanent:
            return Outcome(outcome: .failed, notice: Self.wanted(.failed, notify))
        case .transient:
            let next = self.schedule.nextAttempt(
                after: recipient.attempts.addingReportingOverflow(1).partialValue,
                received: received,
                now: now,
                jitter: jitter
            )
            guard var next else { return Outcome(outcome: .failed, notice: Self.wanted(.failed, notify)) }
            if let notBefore { next = max(next, min(notBefore, received + self.schedule.expire)) }
            let isLate = now - received >= self.delayNotice
            let notice = isLate && !recipient.isDelayNotified ? Self.wanted(.delayed, notify) : nil
            return Outcome(
                outcome: .deferred(next: next, delayNotified: recipient.isDelayNotified || notice != nil),
                notice: notice
            )
        }
    }

    private static func wanted(
        _ action: DeliveryStatusNotification.Action,
        _ notify: DSNNotify?
    ) -> DeliveryStatusNotification.Action? {
        DeliveryStatusNotification.isWanted(action, by: notify) ? action : nil
    }
}
