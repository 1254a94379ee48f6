import GatepostModel
import MailSyntax
import SASL
import Testing

/// One event of every kind and form.
enum SampleEvents {
    static let now = Timestamp(milliseconds: 1_795_500_000_123)

    static let all: [AuditEvent] =
        [
            .authentication(CaseFileTests.event()),
            .authentication(CaseFileTests.event(.succeeded, mechanism: .scramSHA256Plus, ip: "2001:db8::1", tag: nil)),
            .authentication(CaseFileTests.event(.refused(.noDomain), name: "", account: nil, client: nil)),
            .administration(
                AdministrationEvent(time: now, actor: .user(1000), action: "account add", account: "a@example.com")
            ),
            .administration(
                AdministrationEvent(
                    time: now,
                    actor: .account("a@example.com"),
                    action: "app-password add",
                    account: "a@example.com",
                    subject: "phone",
                    failure: "there is one of this name"
                )
            ),
            .administration(AdministrationEvent(time: now, actor: .server, action: "rotate-key")),
            .administration(AdministrationEvent(time: now, actor: .offline(0), action: "domain add", subject: "x.org")),
            .sending(
                SendingEvent(
                    time: now,
                    account: "a@example.com",
                    address: IPAddress("192.0.2.7"),
                    listener: "submission:465",
                    credential: 12,
                    message: MessageIdentifier(created: now, random: [1, 2, 3]),
                    reversePath: "a@example.com",
                    recipients: ["b@example.org", "c@example.org"],
                    recipientCount: 2,
                    size: 12_345,
                    verdict: .accepted,
                    reply: "250 2.0.0"
                )
            ),
            .sending(
                SendingEvent(
                    time: now,
                    account: nil,
                    address: nil,
                    listener: "x",
                    verdict: .refused(rule: "no-account")
                )
            ),
            .sending(
                SendingEvent(time: now, account: "a@b", address: nil, listener: "x", basis: .device, verdict: .accepted)
            ),
            .sending(
                SendingEvent(
                    time: now,
                    account: "a@b",
                    address: nil,
                    listener: "x",
                    credential: 3,
                    basis: .popBeforeSMTP,
                    verdict: .accepted
                )
            ),
            .sending(
                SendingEvent(time: now, account: "a@b", address: nil, listener: "x", verdict: .held(rule: "day-limit"))
            ),
            .sending(
                SendingEvent(
                    time: now,
                    account: "a@b",
                    address: nil,
                    listener: "x",
                    verdict: .discarded(rule: "milter-x")
                )
            ),
            .gap(GapEvent(time: now, since: now - .seconds(3), count: 4711)),
        ]
        + LockoutEvent.Change.allCases.map { change in
            .lockout(
                LockoutEvent(
                    time: now,
                    change: change,
                    account: "a@example.com",
                    network: IPNetwork("2001:db8:1:2::/64"),
                    until: now + .seconds(900),
                    distinctSecrets: 10,
                    accountsTried: 3,
                    actor: .user(0)
                )
            )
        }
}

@Suite("Fields of the audit trail")
struct AuditFieldsTests {
    @Test("every event comes back as it was", arguments: SampleEvents.all)
    func roundTrip(_ event: AuditEvent) {
        #expect(AuditFields(event).event == event)
    }

    @Test("without personal fields, what is left names nobody", arguments: SampleEvents.all)
    func erased(_ event: AuditEvent) {
        var fields = AuditFields(event)
        fields.account = nil
        fields.address = nil
        fields.personal = nil
        let left = fields.event
        #expect(left?.kind == event.kind)
        let text = "\(left.map { "\($0)" } ?? "")\(String(decoding: fields.detail, as: UTF8.self))"
        for word in ["alice", "a@example.com", "b@example.org", "192.0.2.7", "2001:db8", "phone"] {
            #expect(!text.contains(word))
        }
    }

    @Test("long texts are cut between characters", arguments: ["a", "é", "\u{1F600}"])
    func cut(_ character: String) {
        let name = String(repeating: character, count: 1000)
        let event = AuditEvent.authentication(CaseFileTests.event(name: name, account: name))
        guard case .authentication(let kept) = AuditFields(event).event else {
            Issue.record("not an authentication")
            return
        }
        #expect(kept.attempt.loginName.utf8.count <= 320)
        #expect(kept.attempt.loginName.utf8.count > 316)
        #expect(name.hasPrefix(kept.attempt.loginName))
    }

    @Test("blocks of addresses are ranges of octets")
    func ranges() throws {
        let v4 = try #require(IPNetwork("192.0.2.0/28"))
        let (first, last) = AuditFields.range(of: v4)
        #expect(AuditFields.address(first) == IPAddress("192.0.2.0"))
        #expect(AuditFields.address(last) == IPAddress("192.0.2.15"))
        let v6 = try #require(IPNetwork("2001:db8::/63"))
        #expect(AuditFields.address(AuditFields.range(of: v6).last) == IPAddress("2001:db8:0:1:ffff:ffff:ffff:ffff"))
    }

    @Test("octets that break off are no fields")
    func truncated() {
        var fields = AuditFields(SampleEvents.all[0])
        fields.detail.removeLast()
        #expect(fields.event == nil)
    }
}
