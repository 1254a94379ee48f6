import GatepostModel
import GatepostTesting
import MailSyntax
import SMTP
import Testing

@Suite("Sending limits")
struct SendingRecordTests {
    private static let day = Duration.seconds(86_400)
    private static let hour = Duration.seconds(3600)

    private static func policy(
        _ account: [SendingLimit: Int] = [:],
        credential: [SendingLimit: Int] = [:],
        action: SendingPolicy.Action = .hold,
        burst: SendingPolicy.Burst? = nil
    ) -> SendingPolicy {
        SendingPolicy(
            account: SendingLimits(account.mapValues { .atMost($0) }),
            credential: SendingLimits(credential.mapValues { .atMost($0) }),
            action: action,
            burst: burst
        )
    }

    private static func network(_ text: String) throws -> IPNetwork {
        SendingQuestion.network(of: try #require(IPAddress(text)))
    }

    private struct Sent {
        var time: Timestamp
        var amount: [SendingLimit: Int]
    }

    @Test("no hour and no day holds more than its limit, and what is told to fit then fits then", arguments: 1...12)
    func never(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let limits: [SendingLimit: Int] = [
            .messagesPerHour: Int.random(in: 1...10, using: &random),
            .messagesPerDay: Int.random(in: 5...40, using: &random),
            .recipientsPerHour: Int.random(in: 5...30, using: &random),
            .recipientsPerDay: Int.random(in: 20...90, using: &random),
            .newRecipientsPerDay: Int.random(in: 0...30, using: &random),
        ]
        let policy = Self.policy(limits)
        var record = SendingRecord()
        var sent: [Sent] = []
        var now = noon
        var verdicts: [SendingDecision.Verdict: Int] = [:]
        for _ in 0..<1500 {
            now = now + .seconds(Int.random(in: 0...1200, using: &random))
            let recipients = Int.random(in: 1...6, using: &random)
            let question = SendingQuestion(
                recipients: recipients,
                newRecipients: Int.random(in: 0...recipients, using: &random)
            )
            let amount: [SendingLimit: Int] = [
                .messagesPerHour: 1, .messagesPerDay: 1, .recipientsPerHour: recipients, .recipientsPerDay: recipients,
                .newRecipientsPerDay: question.newRecipients,
            ]
            func used(_ limit: SendingLimit, within: Duration) -> Int {
                sent.reduce(0) { $1.time > now - within ? $0 + ($1.amount[limit] ?? 0) : $0 }
            }
            func period(_ limit: SendingLimit) -> Duration { limit.rawValue.hasSuffix("Hour") ? Self.hour : Self.day }
            let before = record
            let decision = record.decision(for: question, policy: policy, now: now)
            #expect(record == before, "to decide changes nothing")
            verdicts[decision.verdict, default: 0] += 1
            switch decision.verdict {
            case .accepted:
                #expect(decision.rule == nil)
                for (limit, maximum) in limits where amount[limit] != 0 {
                    #expect(used(limit, within: period(limit)) + (amount[limit] ?? 0) <= maximum, "\(limit)")
                }
                sent.append(Sent(time: now, amount: amount))
            case .held:
                guard case .limit(let limit, .account) = decision.rule else {
                    Issue.record("held by \(String(describing: decision.rule))")
                    return
                }
                #expect(decision.maximum == limits[limit])
                let most = used(limit, within: period(limit) + .seconds(300)) + (amount[limit] ?? 0)
                #expect(most > decision.maximum, "not held without cause")
                if let until = decision.until {
                    #expect(until > now && until <= now + Self.day + .seconds(300))
                    let later = record.decision(for: question, policy: policy, now: until)
                    #expect(later.verdict == .accepted, "\(limit) at \(until)")
                } else {
                    #expect((amount[limit] ?? 0) > decision.maximum, "never is said only of what never fits")
                }
            case .refused:
                Issue.record("refused where mail is held")
            }
            _ = record.record(question, decision: decision, now: now)
            #expect(record.account.steps.count <= 290)
        }
        #expect(verdicts[.accepted, default: 0] > 20)
        #expect(verdicts[.held, default: 0] > 20)
    }

    @Test("what is left is told, and the longest wait is the rule that is named")
    func left() {
        let policy = Self.policy([.messagesPerHour: 2, .messagesPerDay: 3], action: .refuse)
        var record = SendingRecord()
        let question = SendingQuestion(recipients: 1)
        var now = noon
        for number in 1...3 {
            let decision = record.decision(for: question, policy: policy, now: now)
            #expect(decision.verdict == .accepted)
            #expect(decision.left.map(\.limit) == [.messagesPerHour, .messagesPerDay])
            #expect(decision.left.last?.left == 3 - number)
            _ = record.record(question, decision: decision, now: now)
            now = now + .seconds(2400)
        }
        let over = record.decision(for: question, policy: policy, now: now - .seconds(2400))
        #expect(over.rule == .limit(.messagesPerDay, .account))
        let reply = over.reply(now: now)
        #expect(reply?.code == 450)
        #expect(reply?.enhanced?.description == "4.7.1")
        #expect(reply?.text.contains("3 messages a day") == true)
    }

    @Test("a credential has limits of its own beside the account's")
    func credentials() {
        let policy = Self.policy([.messagesPerDay: 5], credential: [.messagesPerHour: 2])
        var record = SendingRecord()
        func send(_ credential: Int64?, _ policy: SendingPolicy) -> SendingRule? {
            let question = SendingQuestion(credential: credential, recipients: 1)
            let decision = record.decision(for: question, policy: policy, now: noon)
            _ = record.record(question, decision: decision, now: noon)
            return decision.rule
        }
        #expect(send(7, policy) == nil)
        #expect(send(7, policy) == nil)
        #expect(send(7, policy) == .limit(.messagesPerHour, .credential))
        #expect(send(8, policy) == nil, "another one has its own hour")
        let main = Self.policy([.messagesPerDay: 5])
        #expect(send(nil, main) == nil)
        #expect(send(nil, main) == nil)
        #expect(send(nil, main) == .limit(.messagesPerDay, .account), "they share the account's day")
        for id in 100..<Int64(100 + 2 * SendingRecord.maximumCredentials) {
            _ = record.record(SendingQuestion(credential: id, recipients: 1), decision: .accepted, now: noon)
        }
        #expect(record.credentials.count <= SendingRecord.maximumCredentials)
    }

    @Test("a message that can never fit is refused for good; one that is too large by its size")
    func never() {
        let policy = Self.policy([.recipientsPerDay: 3, .messageSize: 2000], action: .refuse)
        let record = SendingRecord()
        let many = record.decision(for: SendingQuestion(recipients: 4), policy: policy, now: noon)
        #expect(many.until == nil)
        #expect(many.reply(now: noon)?.code == 550)
        let large = record.decision(for: SendingQuestion(recipients: 1, octets: 2001), policy: policy, now: noon)
        #expect(large.rule == .limit(.messageSize, .account))
        #expect(large.reply(now: noon)?.code == 552)
        let fits = record.decision(for: SendingQuestion(recipients: 3, octets: 2000), policy: policy, now: noon)
        #expect(fits.verdict == .accepted)
        let held = Self.policy([.messageSize: 2000])
        #expect(
            record.decision(for: SendingQuestion(recipients: 1, octets: 2001), policy: held, now: noon).verdict
                == .refused,
            "holding what is too large helps nobody"
        )
    }

    @Test("many strangers from a strange network are held at once, in small portions too, whatever else is configured")
    func burst() throws {
        let policy = Self.policy(action: .refuse, burst: SendingPolicy.Burst(recipients: 10))
        let home = try Self.network("192.0.2.7")
        let away = try Self.network("203.0.113.9")
        var record = SendingRecord()
        var now = noon
        func send(_ recipients: Int, new: Int, from network: IPNetwork?) -> SendingDecision {
            let question = SendingQuestion(recipients: recipients, newRecipients: new, network: network)
            let decision = record.decision(for: question, policy: policy, now: now)
            _ = record.record(question, decision: decision, now: now)
            return decision
        }
        #expect(send(1, new: 1, from: home).isNewNetwork, "the first network is new as well")
        now = now + Self.day
        #expect(send(50, new: 50, from: home).verdict == .accepted, "known for a day")
        for _ in 0..<10 { #expect(send(1, new: 1, from: away).verdict == .accepted) }
        let over = send(1, new: 1, from: away)
        #expect(over.verdict == .held)
        #expect(over.rule == .newNetworkBurst)
        #expect(send(1, new: 0, from: away).verdict == .accepted, "people whom the account knows may have mail")
        #expect(send(30, new: 30, from: home).verdict == .accepted, "the owner at home notices nothing")
        #expect(send(30, new: 30, from: nil).verdict == .accepted, "this host is never new")
        // What was held counts against the burst: trying again does not help.
        now = now + .seconds(1800)
        #expect(send(1, new: 1, from: away).verdict == .held)
        // An hour, and the step of five minutes that it overlaps.
        now = now + .seconds(2200)
        #expect(send(9, new: 9, from: away).verdict == .accepted)
        #expect(send(11, new: 11, from: try Self.network("198.51.100.1")).until == nil, "more than is ever allowed")
        now = now + Self.day
        #expect(send(50, new: 50, from: away).verdict == .accepted, "it is not new any more")
        let ipv6 = try Self.network("2001:db8::1")
        #expect(ipv6 == (try Self.network("2001:db8::ffff:1")))
        #expect(ipv6 != (try Self.network("2001:db8:0:1::1")))
    }

    @Test("networks are few, and the one that was used longest ago makes room")
    func networks() throws {
        let policy = Self.policy(burst: SendingPolicy.Burst())
        var record = SendingRecord()
        for number in 0..<100 {
            let network = try Self.network("10.0.\(number).1")
            let question = SendingQuestion(recipients: 1, network: network)
            let now = noon + .seconds(number)
            let decision = record.decision(for: question, policy: policy, now: now)
            _ = record.record(question, decision: decision, now: now)
        }
        #expect(record.networks.count == SendingRecord.maximumNetworks)
        #expect(record.networks[try Self.network("10.0.99.1")] != nil)
        #expect(record.networks[try Self.network("10.0.0.1")] == nil)
    }

    @Test("an event is told once a day, each by itself")
    func told() {
        let policy = Self.policy([.messagesPerDay: 1, .recipientsPerHour: 2])
        var record = SendingRecord()
        var told: [SendingRule] = []
        var now = noon
        for _ in 0..<60 {
            for recipients in [1, 3] {
                let question = SendingQuestion(recipients: recipients)
                let decision = record.decision(for: question, policy: policy, now: now)
                let change = record.record(question, decision: decision, now: now)
                if let rule = change.told { told.append(rule) }
            }
            now = now + .seconds(3600)
        }
        let rules = Dictionary(grouping: told) { $0 }.mapValues(\.count)
        #expect(rules.values.allSatisfy { (2...3).contains($0) }, "\(rules)")
        #expect(rules.count == 2)
    }

    @Test("what did not come after all is not counted, and its event is told the next time", arguments: [1, 2, 3])
    func cancelled(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let policy = Self.policy(
            [.messagesPerDay: 20],
            credential: [.recipientsPerHour: 30],
            burst: SendingPolicy.Burst(recipients: 5)
        )
        let network = try Self.network("192.0.2.1")
        var record = SendingRecord()
        var now = noon
        for _ in 0..<200 {
            now = now + .seconds(Int.random(in: 0...900, using: &random))
            let question = SendingQuestion(
                credential: Int64.random(in: 1...3, using: &random),
                recipients: 3,
                newRecipients: Int.random(in: 0...3, using: &random),
                network: network
            )
            let decision = record.decision(for: question, policy: policy, now: now)
            var tried = record
            let change = tried.record(question, decision: decision, now: now)
            tried.cancel(change)
            let again = tried.decision(for: question, policy: policy, now: now)
            #expect(again.verdict == decision.verdict)
            #expect(again.left == decision.left)
            #expect(tried.told == record.told)
            _ = record.record(question, decision: decision, now: now)
        }
    }

    @Test("a clock that is set back neither resets nor blocks for ever; one that was far ahead is forgotten")
    func clock() {
        let policy = Self.policy([.messagesPerHour: 1])
        var record = SendingRecord()
        let question = SendingQuestion(recipients: 1)
        func send(_ now: Timestamp) -> SendingDecision.Verdict {
            let decision = record.decision(for: question, policy: policy, now: now)
            _ = record.record(question, decision: decision, now: now)
            return decision.verdict
        }
        #expect(send(noon) == .accepted)
        #expect(send(noon - .seconds(7200)) == .held)
        #expect(send(noon + .seconds(3900)) == .accepted)
        #expect(send(noon + .seconds(400 * 86_400)) == .accepted)
        #expect(send(noon + .seconds(9000)) == .accepted)
        #expect(send(noon + .seconds(9001)) == .held)
        for extreme in [Int64.min, .max] {
            var other = SendingRecord()
            let now = Timestamp(milliseconds: extreme)
            let decision = other.decision(for: question, policy: policy, now: now)
            _ = other.record(question, decision: decision, now: now)
            #expect(other.decision(for: question, policy: policy, now: now).verdict == .held)
        }
    }

    @Test(
        "limits are written and read",
        arguments: ["", "messagesPerDay=5", "messagesPerHour=1 newRecipientsPerDay=0 sessions=none"]
    )
    func text(_ text: String) {
        #expect(SendingLimits(text: text)?.text == text)
    }

    @Test(
        "nothing else is read",
        arguments: [
            "x=1", "messagesPerDay", "messagesPerDay=", "messagesPerDay=0", "messagesPerDay=-1", "sessions=many",
            "messageSize=1023",
        ]
    )
    func malformed(_ text: String) {
        #expect(SendingLimits(text: text) == nil)
    }

    @Test("an account's limits win, none frees of the general one, and what is not said stays")
    func overriding() throws {
        let general = try #require(SendingLimits(text: "messagesPerDay=5 recipientsPerDay=7 sessions=2"))
        let own = try #require(SendingLimits(text: "messagesPerDay=9 sessions=none"))
        let both = general.overridden(by: own)
        #expect(both[.messagesPerDay] == 9)
        #expect(both[.recipientsPerDay] == 7)
        #expect(both[.sessions] == nil)
    }

    @Test("rules have codes of their own that are read back")
    func codes() {
        let rules =
            [SendingRule.newNetworkBurst]
            + SendingLimit.allCases.flatMap { limit in SendingRule.Scope.allCases.map { .limit(limit, $0) } }
        #expect(Set(rules.map(\.code)).count == rules.count)
        for rule in rules { #expect(SendingRule(code: rule.code) == rule) }
        #expect(SendingRule(code: "account-messages") == nil)
        #expect(SendingRule.limit(.newRecipientsPerDay, .account).code == "account-new-recipients-per-day")
    }

    @Test("a recipient's mark is the same in any case of letters, and another for another account")
    func marks() throws {
        func mark(_ text: String, _ account: Int64 = 1) throws -> Int64 {
            RecipientMark.mark(of: .mailbox(try mailbox(text)), account: account)
        }
        #expect(try mark("Bob@Example.org") == mark("bob@example.ORG"))
        #expect(try mark("bob@example.org") != mark("bob+x@example.org"))
        #expect(try mark("bob@example.org") != mark("bob@example.org", 2))
    }
}

@Suite("The mail that tells of held mail")
struct SendingNoticeTests {
    @Test("says what, why and what to do, and cannot loop", arguments: [true, false])
    func notice(_ isHeld: Bool) throws {
        var decision = SendingDecision.accepted
        decision.verdict = isHeld ? .held : .refused
        decision.rule = .limit(.messagesPerDay, .account)
        decision.maximum = 42
        let identifier = MessageIdentifier(created: noon, random: [1])
        let notice = try #require(
            SendingNotice(
                account: try mailbox("alice@example.org"),
                decision: decision,
                message: isHeld ? identifier : nil,
                address: IPAddress("192.0.2.7"),
                credential: "pho\r\nBcc: x@example.org",
                hostname: "mail.example.org",
                now: noon
            )
        )
        let owners = notice.ownersMail(MessageIdentifier(created: noon, random: [2]), route: .deliver)
        let operators = notice.operatorsMail(
            MessageIdentifier(created: noon, random: [3]),
            to: .mailbox(try mailbox("admin@example.org")),
            route: .deliver
        )
        for (mail, to) in [(owners, "alice@example.org"), (operators, "admin@example.org")] {
            #expect(mail.envelope.reversePath == .null)
            #expect(mail.account == nil)
            #expect(mail.recipients == [EnvelopeRecipient(forwardPath: .mailbox(try mailbox(to)), notify: .never)])
            guard case .inline(let octets) = mail.content else {
                Issue.record("not inline")
                return
            }
            let text = String(decoding: octets, as: UTF8.self)
            #expect(text.contains("Auto-Submitted: auto-generated\r\n"))
            #expect(text.contains("42 messages a day"))
            #expect(text.contains("account-messages-per-day"))
            #expect(text.contains("192.0.2.7"))
            #expect(text.contains("\(identifier)") == isHeld)
            #expect(!text.contains("\r\nBcc:"))
            #expect(text.split(separator: "\r\n", omittingEmptySubsequences: false).allSatisfy { $0.utf8.count <= 998 })
        }
        guard case .inline(let octets) = operators.content else { return }
        #expect(String(decoding: octets, as: UTF8.self).contains("gatepost queue release") == isHeld)
        #expect(
            SendingNotice(
                account: try mailbox("a@example.org"),
                decision: .accepted,
                message: nil,
                address: nil,
                credential: "",
                hostname: "h",
                now: noon
            ) == nil
        )
    }
}
