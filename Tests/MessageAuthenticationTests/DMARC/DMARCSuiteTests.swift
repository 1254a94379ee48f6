import DNS
import Foundation
import MailSyntax
import MessageAuthentication
import Testing

/// A case of the shared suite: identifiers already verified, a zone, and assertions by field.
struct DMARCCase: Decodable, Sendable, CustomTestStringConvertible {
    struct Expectation: Decodable, Sendable {
        var field: String
        var op: String
        var value: JSONValue?
    }
    var name: String
    var suite: String
    var standard: String
    var input: JSONValue
    var zone: [String: [String: JSONValue]]
    var expect: [Expectation]

    var testDescription: String { "\(self.standard): \(self.name)" }

    static let all = SharedVectors.json("dmarc/mailauth-cases.json", absent: [DMARCCase]())

    var resolver: Zone {
        var zone = Zone()
        for (text, entries) in self.zone {
            guard let name = DNSName(text) else { continue }
            for (type, value) in entries {
                switch type {
                case "TXT":
                    for record in value.array ?? [] {
                        zone.add(.txt(TXTRecord(strings: record.strings.map { Array($0.utf8) })), at: name)
                    }
                case "A":
                    for address in value.strings.compactMap({ DNSAddress($0) }) { zone.add(.a(address), at: name) }
                case "MX": zone.add(.mx(MXRecord(preference: 1, exchange: "mx.example.com")), at: name)
                case "ERROR": zone.fail(name, with: .temporary("DNS timeout"))
                default: Issue.record("unknown record \(type)")
                }
            }
        }
        return zone
    }

    /// The domain in From.
    var author: DMARC.Author {
        if let domain = self.input.object?["domain"]?.string { return .domain(domain) }
        let address = self.input.object?["headerFrom"]?.strings.first ?? ""
        return DMARC.Author(of: HeaderField(name: "From", value: address).map { [$0] } ?? [])
    }

    var identifiers: [DMARC.Identifier] {
        [("dkimDomains", DMARC.Identifier.Method.dkim), ("spfDomains", .spf)].flatMap { key, method in
            (self.input.object?[key]?.array ?? []).compactMap { entry in
                (entry.string ?? entry.object?["domain"]?.string).map { .init(method, domain: $0) }
            }
        }
    }
}

@Suite("DMARC: the suite of others", .enabled(if: SharedVectors.exists("dmarc"), "the shared vectors are not here"))
struct DMARCSuiteTests {
    /// What their fields are called here; nil for what is no part of a verdict.
    private static func value(_ field: String, _ verdict: DMARC.Verdict) -> String?? {
        let author = verdict.author.domain
        func aligned(_ method: DMARC.Identifier.Method) -> String? {
            verdict.passing.first { $0.method == method }?.domain
        }
        func mode(_ mode: DMARC.AlignmentMode?) -> String { mode == .strict ? "true" : "false" }
        switch field {
        case "status.result": return .some(verdict.result.rawValue)
        case "policy": return .some(verdict.policy?.rawValue)
        case "domain", "status.header.d": return .some(verdict.policyDomain)
        case "status.header.from": return .some(author)
        case "alignment.dkim.result": return .some(aligned(.dkim))
        case "alignment.spf.result": return .some(aligned(.spf))
        case "alignment.dkim.strict": return .some(mode(verdict.record?.dkimAlignment))
        case "alignment.spf.strict": return .some(mode(verdict.record?.spfAlignment))
        case "isOrgRecord": return .some(verdict.policyDomain == author ? "false" : "true")
        case "pct": return .some(verdict.record?.percentage.map { String($0) })
        case "rr": return .some(verdict.record?.description)
        case "error": return .some(verdict.problem)
        case "v", "p", "sp", "adkim", "aspf", "fo", "rua", "ruf", "ri": return .some(verdict.record?.value(field))
        // Their way to show a tag without value, or without name: not kept here.
        case "tagonly", "false": return .some(verdict.record == nil ? nil : "false")
        // A comment on ARC, and octets beyond l=, are told by those verdicts.
        case "status.comment", "alignment.dkim.underSized": return nil
        default: return nil
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): text
        case .number(let number): String(Int(number))
        case .bool(let bool): String(bool)
        default: nil
        }
    }

    /// Whether all assertions hold.
    private static func judge(_ test: DMARCCase) async -> (isRight: Bool, judged: Int) {
        let verdict = await DMARC.check(
            test.author,
            identifiers: test.identifiers,
            resolver: test.resolver,
            clock: StoppedClock()
        )
        var isRight = true
        var judged = 0
        func expect(_ condition: Bool, _ expectation: DMARCCase.Expectation) {
            judged += 1
            isRight = isRight && condition
            #expect(condition, "\(expectation.field) \(expectation.op) \(expectation.value ?? .null): \(verdict)")
        }
        for expectation in test.expect {
            let wanted = Self.text(expectation.value)
            if expectation.field.isEmpty {
                switch (expectation.op, wanted) {
                case ("not property", _): expect(verdict.policy == nil, expectation)
                case (_, "object"): expect(verdict.record != nil, expectation)
                default: expect(verdict.record == nil, expectation)
                }
                continue
            }
            guard let value = Self.value(expectation.field, verdict) else { continue }
            switch expectation.op {
            case "equal" where expectation.field == "error":
                expect(value?.contains(wanted ?? "-") == true, expectation)
            case "equal" where expectation.field == "false":
                expect(value != nil, expectation)
            case "equal": expect(value == wanted, expectation)
            case "contain", "include": expect(value?.contains(wanted ?? "-") == true, expectation)
            case "not ok": expect(value == nil, expectation)
            case "is" where wanted == "undefined": expect(value == nil, expectation)
            case "is": expect(value == wanted, expectation)
            default: Issue.record("unknown assertion \(expectation.op)")
            }
        }
        return (isRight, judged)
    }

    @Test("a case", arguments: DMARCCase.all)
    func judges(_ test: DMARCCase) async {
        _ = await Self.judge(test)
    }

    @Test("it is here whole, and its counts are shown")
    func counts() async {
        var right = 0
        var judged = 0
        for test in DMARCCase.all {
            let outcome = await Self.judge(test)
            right += outcome.isRight ? 1 : 0
            judged += outcome.judged
        }
        print("DMARC, suite of mailauth: \(right) of \(DMARCCase.all.count) cases as expected, \(judged) assertions")
        #expect(DMARCCase.all.count >= 60)
        #expect(right == DMARCCase.all.count)
    }
}
