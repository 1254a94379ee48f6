import GatepostModel
import MailSyntax
import SASL
import SMTP
import SMTPClient
import Testing

@testable import GatepostDelivery

@Suite("What a verdict means for queue and sender")
struct OutcomeRuleTests {
    private static let received = Timestamp(secondsSince1970: 1_800_000_000)
    private static let rule = OutcomeRule(
        schedule: RetrySchedule(first: .seconds(300), maximum: .seconds(14_400), expire: .seconds(432_000))
    )

    private func outcome(
        _ verdict: Verdict.Kind,
        notify: DSNNotify? = nil,
        attempts: Int = 0,
        isDelayNotified: Bool = false,
        handover: OutcomeRule.Handover = .withoutNotification,
        after: Duration = .zero,
        notBefore: Timestamp? = nil
    ) throws -> OutcomeRule.Outcome {
        Self.rule.outcome(
            for: LeasedRecipient(
                number: 0,
                recipient: EnvelopeRecipient(
                    forwardPath: .mailbox(try Mailbox(parsing: "bob@a.example")),
                    notify: notify
                ),
                attempts: attempts,
                isDelayNotified: isDelayNotified
            ),
            received: Self.received,
            verdict: verdict,
            handover: handover,
            now: Self.received + after,
            jitter: 0.5,
            notBefore: notBefore
        )
    }

    @Test(
        "who is told of a failure",
        arguments: [
            (nil, true), (DSNNotify.failure, true), ([.failure, .delay], true), (.never, false), (.success, false),
            (.delay, false),
        ] as [(DSNNotify?, Bool)]
    )
    func failure(_ notify: DSNNotify?, _ isTold: Bool) throws {
        #expect(try self.outcome(.permanent, notify: notify).notice == (isTold ? .failed : nil))
        let expired = try self.outcome(.transient, notify: notify, after: .seconds(432_000))
        #expect(expired.outcome == .failed)
        #expect(expired.notice == (isTold ? .failed : nil))
    }

    @Test(
        "who is told of success",
        arguments: [
            (DSNNotify.success, OutcomeRule.Handover.withoutNotification, DeliveryStatusNotification.Action.relayed),
            (.success, .final, .delivered), (.success, .withNotification, nil), (nil, .withoutNotification, nil),
            (.never, .final, nil), (.failure, .withoutNotification, nil),
        ] as [(DSNNotify?, OutcomeRule.Handover, DeliveryStatusNotification.Action?)]
    )
    func success(
        _ notify: DSNNotify?,
        _ handover: OutcomeRule.Handover,
        _ notice: DeliveryStatusNotification.Action?
    ) throws {
        let outcome = try self.outcome(.delivered, notify: notify, handover: handover)
        #expect(outcome.outcome == .delivered)
        #expect(outcome.notice == notice)
    }

    @Test("the waiting time doubles")
    func waits() throws {
        for (attempts, seconds) in [(0, 300), (1, 600), (2, 1200), (20, 14_400)] {
            let outcome = try self.outcome(.transient, attempts: attempts)
            #expect(outcome.outcome == .deferred(next: Self.received + .seconds(seconds), delayNotified: false))
        }
    }

    @Test("a delay is told once, after its time")
    func delay() throws {
        #expect(try self.outcome(.transient, notify: .delay, after: .seconds(14_399)).notice == nil)
        let first = try self.outcome(.transient, notify: .delay, after: .seconds(14_400))
        #expect(first.notice == .delayed)
        guard case .deferred(_, let delayNotified) = first.outcome else {
            Issue.record("not deferred")
            return
        }
        #expect(delayNotified)
        let second = try self.outcome(.transient, notify: .delay, isDelayNotified: true, after: .seconds(20_000))
        #expect(second.notice == nil)
        #expect(try self.outcome(.transient, notify: .failure, after: .seconds(20_000)).notice == nil)
    }

    @Test("no retry before the destination is tried again, and none after the message's end")
    func notBefore() throws {
        let later = Self.received + .seconds(900)
        let outcome = try self.outcome(.transient, notBefore: later)
        #expect(outcome.outcome == .deferred(next: later, delayNotified: false))
        let never = try self.outcome(.transient, notBefore: Self.received + .seconds(999_999))
        #expect(never.outcome == .deferred(next: Self.received + .seconds(432_000), delayNotified: false))
    }
}

@Suite("Destinations that do not answer")
struct StandingTests {
    @Test("are left alone longer each time, up to a limit, and forgiven by one success")
    func backsOff() {
        let now = Timestamp(secondsSince1970: 1_800_000_000)
        var standing = Standing(first: .seconds(30), longest: .seconds(100))
        let verdict = Verdict.transient(.noAnswerFromHost)
        var at = now
        for seconds in [30, 60, 100, 100] {
            let refusal = standing.failed(verdict, peer: nil, now: at)
            #expect(refusal.until == at + .seconds(seconds))
            // A second failure of the same time counts once.
            #expect(standing.failed(verdict, peer: nil, now: at) == refusal)
            #expect(standing.refusal(at: refusal.until - .milliseconds(1)) == refusal)
            #expect(standing.refusal(at: refusal.until) == nil)
            at = refusal.until
        }
        standing.connected()
        #expect(standing.isProven)
        #expect(standing.failed(verdict, peer: nil, now: at).until == at + .seconds(30))
        #expect(!standing.isProven)
        standing.forgive()
        #expect(standing.refusal(at: at) == nil)
    }

    @Test("a cause may ask for more time")
    func least() {
        let now = Timestamp(secondsSince1970: 1_800_000_000)
        var standing = Standing(first: .seconds(1), longest: .seconds(100))
        let refusal = standing.failed(.transient(.relayLoginRefused), peer: nil, now: now, least: .seconds(300))
        #expect(refusal.until == now + .seconds(300))
    }
}

@Suite("What the client's errors mean")
struct DeliveryFailureTests {
    private static func error(
        _ reason: SMTPClientError.Reason,
        _ stage: ClientStage,
        _ reply: Reply? = nil
    ) -> SMTPClientError {
        SMTPClientError(reason, stage: stage, endpoint: .tcp(host: "h", port: 25), isTLS: false, reply: reply)
    }

    @Test("once content was sent nothing is repeated at once", arguments: [true, false])
    func content(_ isReused: Bool) {
        let error = Self.error(.session(.connectionClosed), .content)
        let reaction = DeliveryFailure.reaction(to: error, isReused: isReused, hasRetried: false)
        #expect(reaction == .settle(DeliveryFailure.lost(error)))
    }

    @Test(
        "before the content a used connection is replaced once, a fresh one by the next address",
        arguments: [
            ClientStage.idle, .reset, .mail, .recipient, .data,
        ]
    )
    func early(_ stage: ClientStage) {
        let error = Self.error(.timedOut, stage)
        #expect(
            DeliveryFailure.reaction(to: error, isReused: true, hasRetried: false) == .retryOnFreshConnection
        )
        #expect(DeliveryFailure.reaction(to: error, isReused: true, hasRetried: true) == .tryNextTarget)
        #expect(DeliveryFailure.reaction(to: error, isReused: false, hasRetried: false) == .tryNextTarget)
    }

    @Test(
        "no refusal of a session fails a message for good",
        arguments: [
            error(.session(.refused), .greeting, Reply(554, nil, "go away")),
            error(.connectFailed("refused"), .connect),
            error(.session(.authenticationRefused(.plain)), .authentication, Reply(535, .init(5, 7, 8), "no")),
            error(.session(.tlsNotOffered), .startTLS), error(.timedOut, .greeting),
        ]
    )
    func sessions(_ error: SMTPClientError) {
        #expect(DeliveryFailure.verdictWithoutConnection(error).kind == .transient)
    }

    @Test("a yes that the server said before it broke off is not given as its reason")
    func lost() {
        let silent = DeliveryFailure.lost(Self.error(.session(.connectionClosed), .content, Reply(250, nil, "ok")))
        #expect(silent.reply == .connectionLost)
        let spoken = DeliveryFailure.lost(Self.error(.session(.refused), .mail, Reply(421, nil, "bye")))
        #expect(spoken.reply.code == 421)
    }

    @Test(
        "452 means too many recipients only at RCPT and with the right status",
        arguments: [
            (ClientStage.recipient, Reply(452, nil, "x"), true), (.recipient, Reply(452, .init(4, 5, 3), "x"), true),
            (.recipient, Reply(452, .init(4, 2, 2), "x"), false), (.content, Reply(452, nil, "x"), false),
            (.recipient, Reply(451, nil, "x"), false),
        ]
    )
    func tooMany(_ stage: ClientStage, _ reply: Reply, _ expected: Bool) {
        #expect(DeliveryFailure.isAboutTooManyRecipients(stage, reply) == expected)
    }
}
