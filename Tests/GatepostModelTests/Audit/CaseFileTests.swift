import GatepostModel
import MailSyntax
import SASL
import Testing

@Suite("Explaining a refused login")
struct CaseFileTests {
    static let now = Timestamp(milliseconds: 1_795_500_000_000)

    static func event(
        _ result: LoginResult = .refused(.wrongPassword),
        at time: Timestamp = now,
        name: String = "alice@example.com",
        account: String? = "alice@example.com",
        mechanism: MechanismName = .plain,
        ip: String = "192.0.2.7",
        tag: UInt16? = 0x3f9c,
        client: String? = "phone",
        reference: UInt8 = 1
    ) -> AuthenticationEvent {
        AuthenticationEvent(
            attempt: LoginAttempt(
                time: time,
                loginName: name,
                account: account,
                mechanism: mechanism,
                address: IPAddress(ip),
                listener: "submission:465",
                tls: "1.3",
                clientName: client,
                secretTag: tag
            ),
            result: result,
            reference: AuthenticationReference(random: [reference, 2, 3, 4, 5])
        )
    }

    /// Fourteen failures in twenty minutes, the last one now.
    static func fourteen(tag: (Int) -> UInt16?) -> [AuthenticationEvent] {
        (0..<13).map { index in
            event(at: now - .seconds(1200 - index * 60), tag: tag(index), reference: UInt8(index + 10))
        }
    }

    @Test("the same wrong secret fourteen times is a device with an old password")
    func device() {
        let file = CaseFile(
            event: Self.event(),
            ofAccount: Self.fourteen { _ in 0x3f9c },
            administration: [
                AdministrationEvent(
                    time: Self.now - .seconds(86_400),
                    actor: .user(1000),
                    action: "account password",
                    account: "alice@example.com"
                )
            ],
            successes: [Self.event(.succeeded, at: Self.now - .seconds(3 * 86_400 + 60), reference: 99)]
        )
        let explanation = file.explanation
        #expect(
            explanation.summary
                == "14 failures in 20 min, all with the same wrong secret, from 192.0.2.7 "
                + "(seen before with this account, last success 3 days ago)"
        )
        #expect(explanation.cause.contains("changed on 2026-11-23"))
        #expect(explanation.cause.contains("uid 1000"))
        #expect(explanation.likely == "a phone or program still holds the old password (client says EHLO \"phone\")")
        #expect(explanation.advice.first == "gatepost app-password add alice@example.com --name phone")
        #expect(explanation.ruledOut.contains("locked"))
        #expect(explanation.secret == "3f9c")
        #expect(explanation.lines.contains { $0.hasPrefix("Try:      gatepost app-password add") })
    }

    @Test("a revoked app password is told by its name, and not taken for the password that was changed")
    func revoked() {
        func done(_ action: String, _ subject: String?, _ seconds: Int) -> AdministrationEvent {
            AdministrationEvent(
                time: Self.now - .seconds(seconds),
                actor: .user(1000),
                action: action,
                account: "alice@example.com",
                subject: subject
            )
        }
        let explanation = CaseFile(
            event: Self.event(.refused(.oldPassword)),
            administration: [
                done("account password", nil, 60), done("app-password revoke", "tablet", 120),
                done("app-password revoke", "phone", 86_400),
            ],
            former: FormerCredential(
                id: 7,
                kind: .appPassword,
                name: "phone",
                retired: Self.now - .seconds(86_400),
                scram: []
            )
        ).explanation
        #expect(explanation.cause.hasPrefix("this is the app password 'phone', which was revoked on 2026-11-23 "))
        #expect(explanation.cause.hasSuffix(" UTC by uid 1000"))
        #expect(explanation.advice.first == "gatepost app-password list alice@example.com")
    }

    @Test("fourteen different secrets are a guesser")
    func guesser() {
        let explanation = CaseFile(
            event: Self.event(),
            ofAccount: Self.fourteen { UInt16($0) }
        ).explanation
        #expect(explanation.summary.contains("14 failures in 20 min with 14 different secrets from 192.0.2.7"))
        #expect(explanation.likely?.hasPrefix("somebody guesses") == true)
        #expect(explanation.advice.contains("gatepost lock list"))
    }

    @Test("where the mechanism does not bring the secret, nobody claims to know")
    func unknownSecrets() {
        let explanation = CaseFile(
            event: Self.event(mechanism: .scramSHA256, tag: nil),
            ofAccount: Self.fourteen { _ in nil }
        ).explanation
        #expect(explanation.summary.contains("SCRAM-SHA-256 does not show whether the secrets differ"))
        #expect(explanation.secret == nil)
    }

    @Test("failures elsewhere are not those of this network")
    func otherNetwork() {
        let elsewhere = (0..<13).map { Self.event(ip: "198.51.100.\($0)", tag: UInt16($0), reference: UInt8($0 + 10)) }
        #expect(CaseFile(event: Self.event(), ofAccount: elsewhere).pattern == .alone)
    }

    @Test("many accounts from one address is somebody who tries them")
    func spraying() {
        let others = (0..<5).map { index in
            Self.event(name: "u\(index)@example.com", account: "u\(index)@example.com", reference: UInt8(index + 10))
        }
        let explanation = CaseFile(event: Self.event(), fromAddress: others).explanation
        #expect(explanation.likely == "somebody tries names and passwords: 6 accounts from this address")
        #expect(explanation.advice.first == "gatepost audit list --address 192.0.2.7")
    }

    @Test("a success right after is a slip")
    func slip() {
        let success = Self.event(.succeeded, at: Self.now + .seconds(30), reference: 9)
        let explanation = CaseFile(event: Self.event(), ofAccount: [success]).explanation
        #expect(explanation.likely == "a slip: the same network logged in 30 s later")
    }

    @Test(
        "an unknown account says which form of the name was tried",
        arguments: [
            ("alice", "alice@example.com", "(bare name, completed to alice@example.com)"),
            ("alice", nil, "(bare name)"),
            ("Alice@Example.com", "alice@example.com", "(full address, read as alice@example.com)"),
            ("alice@example.com", "alice@example.com", "(full address)"),
            ("", nil, "(the client gave no name)"),
        ] as [(String, String?, String)]
    )
    func form(name: String, account: String?, text: String) {
        let event = Self.event(.refused(.unknownAccount), name: name, account: account)
        #expect(CaseFile(event: event).explanation.cause.hasSuffix(text))
    }

    @Test("what was removed, disabled or locked says when and by whom")
    func history() {
        func cause(_ reason: AuthenticationReason, _ action: String) -> String {
            let done = AdministrationEvent(
                time: Self.now - .seconds(60),
                actor: .user(0),
                action: action,
                account: "alice@example.com"
            )
            return CaseFile(event: Self.event(.refused(reason)), administration: [done]).explanation.cause
        }
        #expect(cause(.disabled, "account disable") == "the account is disabled since 2026-11-24 05:59 UTC, by uid 0")
        #expect(cause(.unknownAccount, "account remove").contains("removed on 2026-11-24 05:59 UTC by uid 0"))
        let lock = LockoutEvent(
            time: Self.now - .seconds(60),
            change: .locked,
            account: "alice@example.com",
            network: IPNetwork("192.0.2.0/24"),
            until: Self.now + .seconds(60),
            distinctSecrets: 10
        )
        let locked = CaseFile(event: Self.event(.refused(.locked)), locks: [lock]).explanation
        #expect(locked.cause.hasPrefix("10 different wrong secrets came from 192.0.2.0/24; until 2026-11-24T"))
        #expect(locked.advice.contains("gatepost account unlock alice@example.com"))
    }

    @Test("every reason is explained: a cause, and something to do", arguments: AuthenticationReason.allCases)
    func everyReason(_ reason: AuthenticationReason) {
        let explanation = CaseFile(event: Self.event(.refused(reason))).explanation
        #expect(!explanation.cause.isEmpty)
        #expect(!explanation.advice.isEmpty)
        #expect(explanation.page == "docs/reasons/\(reason.rawValue).md")
        #expect(explanation.lines[1] == "Cause     \(reason.rawValue): \(explanation.cause)")
        #expect(!explanation.ruledOut.contains(reason.rawValue))
    }

    @Test("a success is explained too")
    func success() {
        let explanation = CaseFile(event: Self.event(.succeeded)).explanation
        #expect(explanation.result == "succeeded")
        #expect(explanation.reason == nil)
        #expect(explanation.summary == "A login that succeeded, with PLAIN from 192.0.2.7")
    }

    @Test(
        "what a stranger typed is never part of a command",
        arguments: ["a; rm -rf /@example.com", "$(id)@x", "-x@y", "a b@c"]
    )
    func commands(_ name: String) {
        let event = Self.event(.refused(.unknownAccount), name: name, account: name, client: "`id`")
        for advice in CaseFile(event: event).explanation.advice { #expect(!advice.contains(name)) }
        let wrong = Self.event(client: "`id`")
        #expect(CaseFile(event: wrong).explanation.advice.first?.hasSuffix("--name phone") == true)
    }
}
