import Testing

@testable import GatepostServer

@Suite("Policy tests in a file")
struct PolicyTestTests {
    @Test("each key is read")
    func whole() throws {
        let tests = try PolicyTest.read(
            """
            tests:
              - name: the scanner may not write to strangers
                account: alice@example.org
                credential: scanner
                ip: 192.0.2.7
                tls: false
                listener: submission:25
                from: scans@example.org
                header: { From: "Scanner <scans@example.org>", Subject: [a, b] }
                to: boss@example.net
                size: 2MiB
                expect: refused
                rule: credential-recipient
                reply: "550 5.7.1"
              - { account: bob, to: [a@example.org, b@example.org], expect: accepted }
            """,
            file: "t.yaml"
        )
        var request = SimulationRequest(
            account: "alice@example.org",
            credential: "scanner",
            address: "192.0.2.7",
            isTLS: false,
            listener: "submission:25",
            from: "scans@example.org",
            recipients: ["boss@example.net"],
            header: "From: Scanner <scans@example.org>\r\nSubject: a\r\nSubject: b\r\n",
            size: 2 * 1024 * 1024
        )
        #expect(tests.count == 2)
        #expect(tests.first?.request == request)
        #expect(tests.first?.name == "the scanner may not write to strangers")
        #expect(tests.first?.place == "t.yaml:2")
        #expect(tests.first?.verdict == .refused)
        #expect(tests.first?.rule == "credential-recipient")
        #expect(tests.first?.reply == "550 5.7.1")
        request = SimulationRequest(account: "bob", recipients: ["a@example.org", "b@example.org"])
        #expect(tests.last?.request == request)
        #expect(tests.last?.name == "test 2")
    }

    static let faults: [(yaml: String, told: String)] = [
        ("", "t.yaml:1:1: error: key tests: is required: a list of tests"),
        ("test: []", "t.yaml:1:1: error: key test: unknown; did you mean 'tests'?"),
        (
            "tests:\n  - { acount: a, to: b, expect: accepted }",
            """
            t.yaml:2:7: error: key tests[0].acount: unknown; did you mean 'account'?
            t.yaml:2:5: error: key tests[0].account: is required
            """
        ),
        (
            "tests:\n  - { account: a, to: b, expect: refuse }",
            "t.yaml:2:34: error: key tests[0].expect: must be accepted, held or refused, not 'refuse'; did you mean 'refused'?"
        ),
        (
            "tests:\n  - { account: a, expect: held }",
            "t.yaml:2:5: error: key tests[0].to: is required: one recipient or more"
        ),
        (
            "tests:\n  - { account: a, to: b, tls: maybe, expect: held }",
            "t.yaml:2:31: error: key tests[0].tls: must be true or false, not 'maybe'"
        ),
    ]

    @Test("faults are told with their place", arguments: faults)
    func fault(_ vector: (yaml: String, told: String)) {
        #expect {
            try PolicyTest.read(vector.yaml, file: "t.yaml")
        } throws: { error in
            "\(error)" == vector.told
        }
    }

    @Test("what came out otherwise is said")
    func differences() throws {
        let test = try #require(
            try PolicyTest.read(
                "tests: [{ account: a, to: b, expect: refused, rule: locked, reply: '535 5.7.8' }]",
                file: "t.yaml"
            ).first
        )
        func report(_ verdict: SimulationReport.Verdict, _ rule: String?, _ reply: String) -> SimulationReport {
            SimulationReport(
                verdict: verdict,
                account: "a",
                steps: [.init(stage: .login, subject: "a", verdict: verdict, rule: rule, reply: reply)],
                headerChanges: [],
                limits: [],
                route: nil
            )
        }
        #expect(test.differences(report(.refused, "locked", "535 5.7.8 No")) == [])
        #expect(
            test.differences(report(.accepted, nil, "250 2.0.0 Ok")) == [
                "is accepted, and not refused", "was decided by no rule, and not by locked",
                "was answered '250 2.0.0 Ok', and not '535 5.7.8'",
            ]
        )
    }
}
