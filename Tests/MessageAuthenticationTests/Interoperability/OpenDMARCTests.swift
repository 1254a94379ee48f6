import DNS
import Foundation
import MessageAuthentication
import Testing

@Suite(
    "The same verdicts as OpenDMARC, where RFC 9989 and RFC 7489 agree",
    .enabled(if: PeerProgram.openDMARC.isPresent)
)
struct OpenDMARCTests {
    struct Case: Sendable {
        var author: String
        var spf: String?
        var signatures: [String] = []
        /// `pass`, `reject`, `quarantine`, `none` or `absent`.
        var ours: String
        /// What OpenDMARC says when it is something else, and why that is right for each.
        var theirs: (answer: String, why: String)?
    }

    private static let records = [
        "_dmarc.plain.com": "v=DMARC1; p=reject",
        "_dmarc.quiet.com": "v=DMARC1; p=none; rua=mailto:r@quiet.com",
        "_dmarc.soft.com": "v=DMARC1; p=quarantine; sp=reject",
        "_dmarc.strict.com": "v=DMARC1; p=reject; adkim=s; aspf=s",
        "_dmarc.own.soft.com": "v=DMARC1; p=none",
        "_dmarc.uk-example.co.uk": "v=DMARC1; p=reject",
        "_dmarc.spaced.com": "v = DMARC1 ;p = quarantine ; adkim = r",
        "_dmarc.unknown.com": "v=DMARC1; p=reject; new=thing; rf=afrf; ri=3600",
        "_dmarc.none.com": "v=spf1 -all",
        "_dmarc.percent.com": "v=DMARC1; p=reject; pct=0",
        "_dmarc.test.com": "v=DMARC1; p=reject; t=y",
        "_dmarc.np.com": "v=DMARC1; p=quarantine; np=reject",
        "_dmarc.unit.big.com": "v=DMARC1; p=reject; psd=n",
        "_dmarc.big.com": "v=DMARC1; p=none",
        "_dmarc.tenant.github.io": "v=DMARC1; p=reject",
        "_dmarc.github.io": "v=DMARC1; p=none",
    ]

    private static let cases: [Case] = [
        .init(author: "plain.com", ours: "reject"),
        .init(author: "plain.com", spf: "plain.com=pass", ours: "pass"),
        .init(author: "plain.com", spf: "plain.com=fail", ours: "reject"),
        .init(author: "plain.com", spf: "other.com=pass", ours: "reject"),
        .init(author: "plain.com", signatures: ["plain.com=pass"], ours: "pass"),
        .init(author: "plain.com", signatures: ["plain.com=fail"], ours: "reject"),
        .init(author: "plain.com", signatures: ["other.com=pass"], ours: "reject"),
        .init(
            author: "plain.com",
            spf: "other.com=pass",
            signatures: ["other.com=pass", "a.plain.com=pass"],
            ours: "pass"
        ),
        .init(author: "plain.com", spf: "a.b.plain.com=pass", ours: "pass"),
        .init(author: "plain.com", spf: "notplain.com=pass", ours: "reject"),
        .init(author: "a.plain.com", ours: "reject"),
        .init(author: "a.plain.com", signatures: ["plain.com=pass"], ours: "pass"),
        .init(author: "a.plain.com", signatures: ["b.plain.com=pass"], ours: "pass"),
        .init(author: "PLAIN.com", signatures: ["Plain.COM=pass"], ours: "pass"),
        .init(author: "quiet.com", ours: "none"),
        .init(author: "quiet.com", signatures: ["quiet.com=pass"], ours: "pass"),
        .init(author: "soft.com", ours: "quarantine"),
        .init(author: "a.soft.com", ours: "reject"),
        .init(author: "own.soft.com", ours: "none"),
        .init(author: "own.soft.com", signatures: ["soft.com=pass"], ours: "pass"),
        .init(author: "strict.com", signatures: ["strict.com=pass"], ours: "pass"),
        .init(author: "strict.com", signatures: ["a.strict.com=pass"], ours: "reject"),
        .init(author: "strict.com", spf: "a.strict.com=pass", ours: "reject"),
        .init(author: "uk-example.co.uk", spf: "a.uk-example.co.uk=pass", ours: "pass"),
        .init(author: "a.uk-example.co.uk", spf: "other.co.uk=pass", ours: "reject"),
        .init(author: "spaced.com", ours: "quarantine"),
        .init(author: "unknown.com", ours: "reject"),
        .init(author: "none.com", ours: "absent"),
        .init(author: "a.none.com", ours: "absent"),
        // What RFC 9989 changed.
        .init(
            author: "percent.com",
            ours: "reject",
            theirs: ("none", "RFC 7489 §6.6.4 takes pct=0 for a policy that is not applied; RFC 9989 has no pct")
        ),
        .init(
            author: "test.com",
            ours: "quarantine",
            theirs: ("reject", "t=y, one step less, is new in RFC 9989 §4.7")
        ),
        .init(
            author: "nowhere.np.com",
            ours: "reject",
            theirs: ("quarantine", "np, for names that do not exist, is new in RFC 9989 §4.7")
        ),
        .init(
            author: "unit.big.com",
            signatures: ["big.com=pass"],
            ours: "reject",
            theirs: ("pass", "psd=n makes unit.big.com an organization of its own; the suffix list knows only big.com")
        ),
        .init(
            author: "tenant.github.io",
            signatures: ["github.io=pass"],
            ours: "pass",
            theirs: ("reject", "github.io is on the list of suffixes; its own record does not say psd=y")
        ),
    ]

    private func ours(_ item: Case) async throws -> String {
        var zone = Zone()
        for (name, text) in Self.records {
            zone.add(.txt(TXTRecord(strings: [Array(text.utf8)])), at: try #require(DNSName(name)))
        }
        func identifier(_ method: DMARC.Identifier.Method, _ text: String) -> DMARC.Identifier {
            let parts = text.split(separator: "=")
            return .init(method, domain: String(parts[0]), outcome: parts[1] == "pass" ? .pass : .fail)
        }
        let verdict = await DMARC.check(
            .domain(item.author),
            identifiers: item.signatures.map { identifier(.dkim, $0) }
                + (item.spf.map { [identifier(.spf, $0)] } ?? []),
            resolver: zone,
            clock: StoppedClock()
        )
        switch verdict.result {
        case .pass: return "pass"
        case .none: return "absent"
        case .fail: return verdict.requestedDisposition.rawValue
        case .temperror, .permerror: return verdict.result.rawValue
        }
    }

    @Test("each case")
    func compare() async throws {
        var text = ""
        for (name, record) in Self.records.sorted(by: { $0.key < $1.key }) { text += "record\t\(name)\t\(record)\n" }
        for item in Self.cases {
            text += (["case", item.author, item.spf ?? "-"] + item.signatures).joined(separator: "\t") + "\n"
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("dmarc-\(UUID().uuidString).txt")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let answers = try PeerProgram.openDMARC.ask([file.path]).map { $0.joined(separator: " ") }
        try #require(answers.count == Self.cases.count)
        var differences = 0
        for (item, answer) in zip(Self.cases, answers) {
            let name = "\(item.author) spf=\(item.spf ?? "-") dkim=\(item.signatures)"
            #expect(try await self.ours(item) == item.ours, "\(name)")
            #expect(answer == item.theirs?.answer ?? item.ours, "\(name): OpenDMARC says \(answer)")
            if item.theirs != nil { differences += 1 }
        }
        print("OpenDMARC: \(Self.cases.count) cases, \(differences) differ as RFC 9989 differs from RFC 7489")
    }
}

extension PeerProgram {
    static let openDMARC = PeerProgram(
        "OpenDMARC",
        ["/usr/bin/python3", "\(PeerProgram.programs)/opendmarc.py"],
        knowsEd25519: false,
        check: [
            "/usr/bin/python3", "-c",
            "import ctypes; ctypes.CDLL('libopendmarc.so.2'); open('/usr/share/publicsuffix/public_suffix_list.dat')",
        ]
    )
}
