import DNS
import GatepostModel
import MailSyntax
import MessageAuthentication
import Synchronization
import Testing

@Suite("What DNS holds beside what it should")
struct DomainCheckTests {
    /// The zone as it should be, but for some names: what stands at them is left out, and these lines are put in.
    ///
    /// - Parameters:
    ///   - changes: By name relative to the domain, the lines in the place of what stands there; names in them are relative too.
    private static func zone(_ changes: [String: [String]]) throws -> Zone {
        let all = (RecordsScene.records.zoneFile + RecordsScene.host).split(separator: "\n").map(String.init)
        let kept = all.filter { line in !changes.keys.contains { line.hasPrefix("\($0) ") } }
        let added = changes.flatMap { name, lines in lines.map { "\(name) \($0)" } }
        return try Zone(parsing: (kept + ["$ORIGIN example.org."] + added).joined(separator: "\n"))
    }

    private static func report(
        _ zone: Zone,
        records: DomainRecords = RecordsScene.records,
        own: Set<IPAddress> = [],
        policy: DomainCheck.Fetched? = nil
    ) async -> DomainCheck.Report {
        var fetch: (@Sendable (String) async -> DomainCheck.Fetched)?
        if let policy { fetch = { _ in policy } }
        return await DomainCheck(records, resolver: zone, own: own, clock: StoppedClock(), fetch: fetch)
            .report { _, _, _ in }
    }

    /// The worst finding about a name, or the only one.
    private static func finding(_ report: DomainCheck.Report, _ name: String) throws -> DomainCheck.Finding {
        let full = name == "@" ? "example.org" : "\(name).example.org"
        return try #require(
            report.findings.filter { $0.name == full }.max { $0.status < $1.status },
            "nothing about \(full)"
        )
    }

    @Test("all as it should be is good, and each part is told as it was looked at")
    func good() async throws {
        let told = Mutex<[Int]>([])
        let check = DomainCheck(RecordsScene.records, resolver: try Self.zone([:]), clock: StoppedClock())
        let report = await check.report { done, total, _ in told.withLock { $0.append(done * 100 + total) } }
        #expect(report.status == .good, "\(report.findings.filter { $0.status != .good })")
        #expect(report.findings.allSatisfy { $0.wanted == nil && $0.advice == nil })
        #expect(told.withLock { $0 } == (1...9).map { $0 * 100 + 9 })
        #expect(Set(report.findings.map(\.purpose)) == Set(DomainRecords.Purpose.allCases))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var name: String
        var lines: [String]
        var status: DomainCheck.Status
        /// Part of what is said.
        var says: String

        init(
            _ description: String,
            _ name: String,
            _ lines: [String],
            _ status: DomainCheck.Status,
            _ says: String
        ) {
            self.testDescription = description
            self.name = name
            self.lines = lines
            self.status = status
            self.says = says
        }
    }

    static let rsa = RecordsScene.rsa.record.description
    static let p = "p=\(rsa.split(separator: "p=").last ?? "")"

    static let mail: [Case] = [
        Case("no MX", "@", ["TXT \"v=spf1 mx:mail.example.org ~all\"", "NS ns", "MX 0 ."], .fault, "a null MX"),
        Case(
            "another MX",
            "@",
            ["TXT \"v=spf1 a:mail.example.org -all\"", "MX 5 mx.example.net."],
            .fault,
            "none of these"
        ),
        Case(
            "another name of this host",
            "@",
            ["TXT \"v=spf1 a:mail.example.org -all\"", "MX 5 mx", "MX 10 backup.example.net."],
            .good,
            "permits"
        ),
        Case(
            "another first",
            "@",
            ["TXT \"v=spf1 a:mail.example.org -all\"", "MX 5 filter.example.net.", "MX 10 mail"],
            .note,
            "goes to filter.example.net first"
        ),
        Case(
            "the domain's own address",
            "@",
            ["TXT \"v=spf1 a -all\"", "A 192.0.2.25", "AAAA 2001:db8::25"],
            .note,
            "there is no MX, but"
        ),
        Case("nothing at all", "@", ["NS ns"], .fault, "there is no"),
        Case("an alias", "@", ["TXT \"v=spf1 mx ~all\"", "MX 5 alias"], .warning, "is an alias"),
        Case("MX unknown", "@", ["TXT \"v=spf1 a:mail.example.org ~all\"", "FAIL MX"], .unknown, "does not answer"),
    ]

    static let spf: [Case] = [
        Case(
            "in its own way",
            "@",
            ["MX 1 mail", "TXT \"v=spf1 include:_spf.example.org -all\""],
            .good,
            "permits 192.0.2.25"
        ),
        Case(
            "upper case and split",
            "@",
            ["MX 1 mail", "TXT \"V=SPF1 i\" \"p4:192.0.2.0/24 ip6:2001:db8::/32 -all\""],
            .good,
            ""
        ),
        Case(
            "among other text",
            "@",
            ["MX 1 mail", "TXT \"google-site-verification=1\"", "TXT \"v=spf1 mx -all\""],
            .good,
            ""
        ),
        Case("by redirect", "@", ["MX 1 mail", "TXT \"v=spf1 redirect=_spf.example.org\""], .good, "permits"),
        Case("none", "@", ["MX 1 mail", "TXT \"hello\""], .fault, "none of it is an SPF record"),
        Case(
            "two",
            "@",
            ["MX 1 mail", "TXT \"v=spf1 mx -all\"", "TXT \"v=spf1 a -all\""],
            .fault,
            "with more than one none counts"
        ),
        Case(
            "unreadable",
            "@",
            ["MX 1 mail", "TXT \"v=spf1 mx ip4:1.2.3 -all\""],
            .fault,
            "cannot be read: ip4:1.2.3"
        ),
        Case(
            "without IPv6",
            "@",
            ["MX 1 mail", "TXT \"v=spf1 ip4:192.0.2.25 ~all\""],
            .fault,
            "2001:db8::25, an address of this host, gets softfail"
        ),
        Case("without us", "@", ["MX 1 mail", "TXT \"v=spf1 include:_other.example.org -all\""], .fault, "gets fail"),
        Case("all the world", "@", ["MX 1 mail", "TXT \"v=spf1 mx +all\""], .warning, "permits the whole internet"),
        Case("nothing said of others", "@", ["MX 1 mail", "TXT \"v=spf1 mx\""], .note, "does not say"),
        Case("neutral", "@", ["MX 1 mail", "TXT \"v=spf1 mx ?all\""], .note, "says nothing about others"),
        Case(
            "a missing include",
            "@",
            ["MX 1 mail", "TXT \"v=spf1 include:nowhere.example.org mx -all\""],
            .fault,
            "broken"
        ),
        Case("no SPF of the host", "mail", ["A 192.0.2.25", "AAAA 2001:db8::25"], .note, "there is no SPF record"),
        Case(
            "the host not permitted",
            "mail",
            ["A 192.0.2.25", "AAAA 2001:db8::25", "TXT \"v=spf1 -all\""],
            .warning,
            "gets fail"
        ),
    ]

    static let keys: [Case] = [
        Case(
            "split elsewhere, tags turned round",
            "gp2026a._domainkey",
            ["TXT \"v=DKIM1; \(p.prefix(100))\" \"\(p.dropFirst(100).prefix(200))\" \"\(p.dropFirst(300)) ; k=rsa;\""],
            .good,
            "holds the key"
        ),
        Case(
            "bare",
            "gp2026a._domainkey",
            ["TXT \"\(p.prefix(200))\" \"\(p.dropFirst(200))\""],
            .good,
            "holds the key"
        ),
        Case("an alias", "gp2026a._domainkey", ["CNAME elsewhere"], .good, "holds the key"),
        Case("absent", "gp2026a._domainkey", [], .fault, "nobody can verify"),
        Case("absent of one that waits", "gp2026b._domainkey", [], .fault, "not seen in DNS yet"),
        Case("another key", "gp2026a._domainkey", ["TXT \"v=DKIM1; k=rsa; p=AAAA\""], .fault, "p= holds another key"),
        Case(
            "cut off",
            "gp2026a._domainkey",
            ["TXT \"v=DKIM1; k=rsa; \(p.prefix(202))\""],
            .fault,
            "p= ends after 150 of 294 octets"
        ),
        Case(
            "another type",
            "gp2026a._domainkey",
            ["TXT \"v=DKIM1; k=ed25519; \(p.prefix(46))\""],
            .fault,
            "a key of the type ed25519"
        ),
        Case("revoked", "gp2026a._domainkey", ["TXT \"v=DKIM1; p=\""], .fault, "revokes the key"),
        Case(
            "for another hash",
            "gp2026b._domainkey",
            ["TXT \"v=DKIM1; h=sha1; k=ed25519; \(ed)\""],
            .fault,
            "h= does not allow sha256"
        ),
        Case(
            "for another service",
            "gp2026b._domainkey",
            ["TXT \"v=DKIM1; s=tlsrpt; k=ed25519; \(ed)\""],
            .fault,
            "s= does not allow mail"
        ),
        Case("of one that tests", "gp2026b._domainkey", ["TXT \"v=DKIM1; t=y; k=ed25519; \(ed)\""], .warning, "t=y"),
        Case(
            "beside another",
            "gp2026b._domainkey",
            ["TXT \"v=DKIM1; k=ed25519; \(ed)\"", "TXT \"v=DKIM1; p=AAAA\""],
            .warning,
            "2 records"
        ),
        Case(
            "with quotes in it",
            "gp2026b._domainkey",
            ["TXT \"\\\"v=DKIM1; k=ed25519; \(ed)\\\"\""],
            .fault,
            "quotes are part of the text"
        ),
        Case("no key at all", "gp2026b._domainkey", ["TXT \"hello\""], .fault, "no"),
        Case("unknown", "gp2026b._domainkey", ["FAIL"], .unknown, "does not answer"),
        Case("forged", "gp2026b._domainkey", ["BOGUS"], .unknown, "DNSSEC"),
    ]
    static let ed = "p=\(RecordsScene.ed25519.record.description.split(separator: "p=").last ?? "")"

    static let policies: [Case] = [
        Case(
            "stricter",
            "_dmarc",
            ["TXT \"v=DMARC1;p=reject;adkim=s;aspf=s;rua=mailto:a@example.org\""],
            .good,
            "reject what proves nothing, adkim=s aspf=s"
        ),
        Case(
            "looser",
            "_dmarc",
            ["TXT \"v=DMARC1; p=none; rua=mailto:a@example.org\""],
            .note,
            "asks others for nothing"
        ),
        Case("tests", "_dmarc", ["TXT \"v=DMARC1; p=quarantine; t=y; rua=mailto:a@example.org\""], .note, "t=y"),
        Case("nobody hears", "_dmarc", ["TXT \"v=DMARC1; p=reject\""], .note, "nobody gets reports"),
        Case("absent", "_dmarc", [], .fault, "there is no DMARC record"),
        Case("two", "_dmarc", ["TXT \"v=DMARC1; p=none\"", "TXT \"v=DMARC1; p=reject\""], .fault, "2 DMARC records"),
        Case("no policy", "_dmarc", ["TXT \"v=DMARC1; p=often\""], .fault, "p= is missing"),
        Case("no DMARC", "_dmarc", ["TXT \"p=none\""], .fault, "must begin with v=DMARC1"),
        Case(
            "reports go elsewhere",
            "_dmarc",
            ["TXT \"v=DMARC1; p=reject; rua=mailto:a@example.net\""],
            .warning,
            "example.net, which does not say"
        ),
        Case(
            "reports go where they may",
            "_dmarc",
            ["TXT \"v=DMARC1; p=reject; rua=mailto:a@reports.example\""],
            .good,
            "reject"
        ),
        Case("no MTA-STS", "_mta-sts", [], .note, "no policy"),
        Case("two of MTA-STS", "_mta-sts", ["TXT \"v=STSv1; id=1\"", "TXT \"v=STSv1; id=2\""], .warning, "2 records"),
        Case("no id", "_mta-sts", ["TXT \"v=STSv1;\""], .warning, "id= is missing"),
        Case("another id", "_mta-sts", ["TXT \"v=STSv1; id=20261124T1200;\""], .good, "announces"),
        Case("no host of the policy", "mta-sts", [], .warning, "does not exist"),
        Case("no TLS reports", "_smtp._tls", [], .note, "nobody reports"),
        Case(
            "TLS reports by https",
            "_smtp._tls",
            ["TXT \"v=TLSRPTv1;rua=https://example.net/r\""],
            .good,
            "example.net"
        ),
        Case("TLS reports nowhere", "_smtp._tls", ["TXT \"v=TLSRPTv1;rua=\""], .warning, "rua="),
        Case("no service", "_submission._tcp", [], .note, "no such record"),
        Case("service elsewhere", "_submission._tcp", ["SRV 0 0 587 mx.example.net."], .warning, "other hosts"),
        Case("service by another name", "_submission._tcp", ["SRV 5 5 587 mx"], .good, "names this host"),
        Case("service at another port", "_submission._tcp", ["SRV 5 5 25 mail"], .warning, "another port"),
        Case("service denied", "_submissions._tcp", ["SRV 0 0 0 ."], .warning, "no such service"),
        Case("no settings", "autoconfig", [], .note, "no such record"),
        Case("settings elsewhere", "autoconfig", ["A 192.0.2.80"], .good, "exists"),
    ]

    @Test("each difference is judged and explained", arguments: mail + spf + keys + policies)
    func differences(_ one: Case) async throws {
        var changes = [
            one.name: one.lines,
            // What the cases name.
            "mx": ["A 192.0.2.25", "AAAA 2001:db8::25"],
            "alias": ["CNAME mail"],
            "_spf": ["TXT \"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all\""],
            "_other": ["TXT \"v=spf1 ip4:198.51.100.1 -all\""],
            "elsewhere": ["TXT \"\(Self.rsa.prefix(250))\" \"\(Self.rsa.dropFirst(250))\""],
        ]
        if one.name != "@" { changes["filter"] = ["A 198.51.100.9"] }
        var zone = try Self.zone(changes)
        zone.add(
            .txt(TXTRecord(strings: [Array("v=DMARC1".utf8)])),
            at: try #require(DNSName("example.org._report._dmarc.reports.example"))
        )
        let report = await Self.report(zone)
        let finding = try Self.finding(report, one.name)
        #expect(finding.status == one.status, "\(finding)")
        let alike = report.findings.filter { $0.name == finding.name && $0.status == finding.status }.map(\.text)
        #expect(alike.contains { $0.contains(one.says) }, "\(alike)")
        #expect((finding.advice == nil) == (one.status == .good) || finding.status == .unknown, "\(finding)")
    }

    @Test("the host: no address, private ones, no reverse name, another one")
    func host() async throws {
        func status(_ lines: [String], reverse: String? = nil) async throws -> [DomainCheck.Finding] {
            var text = (RecordsScene.records.zoneFile + RecordsScene.host).split(separator: "\n").map(String.init)
            text.removeAll { $0.hasPrefix("mail A") || $0.contains("PTR") }
            text += ["$ORIGIN example.org."] + lines.map { "mail \($0)" }
            if let reverse { text += ["$ORIGIN .", "25.2.0.192.in-addr.arpa PTR \(reverse)"] }
            let zone = try Zone(parsing: text.joined(separator: "\n"))
            return await Self.report(zone).findings.filter { $0.purpose == .host }
        }
        let nowhere = try await status([])
        #expect(nowhere.map(\.status) == [.fault])
        #expect(nowhere.first?.text.contains("has no address") == true)
        #expect(try await status(["A 10.0.0.1"]).map(\.status) == [.warning])
        #expect(try await status(["A 127.0.0.1", "A 192.0.2.25"]).map(\.status) == [.warning])
        #expect(try await status(["A 192.0.2.25"]).map(\.status) == [.good, .warning])
        let other = try await status(["A 192.0.2.25"], reverse: "host25.example.net")
        #expect(other.last?.text == "192.0.2.25 is named host25.example.net")
        #expect(try await status(["A 192.0.2.25"], reverse: "mail.example.org").map(\.status) == [.good, .good])
    }

    @Test("a record whose domain was appended twice is found")
    func twice() async throws {
        let name = "gp2026b._domainkey"
        let zone = try Self.zone([name: [], "\(name).example.org": ["TXT \"\(RecordsScene.ed25519.record)\""]])
        let finding = try Self.finding(await Self.report(zone), name)
        #expect(finding.status == .fault)
        #expect(finding.text.contains("appended twice"))
    }

    @Test("addresses of this host that DNS does not name count for SPF; by a relay none does")
    func addresses() async throws {
        let zone = try Self.zone(["@": ["MX 1 mail", "TXT \"v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 -all\""]])
        let own: Set<IPAddress> = [try #require(IPAddress("198.51.100.7"))]
        #expect(try Self.finding(await Self.report(zone, own: own), "@").text.contains("198.51.100.7"))
        var host = RecordsScene.records.host
        host.relay = "smtp.example.net"
        let relayed = DomainRecords(domain: "example.org", keys: [], host: host)
        let found = try Self.finding(await Self.report(zone, records: relayed, own: own), "@")
        #expect(found.status == .good, "\(found)")
    }

    @Test("a policy of the domain above counts")
    func inherited() async throws {
        let records = DomainRecords(
            domain: "lists.example.org",
            keys: [],
            host: DomainRecords.Host(hostname: "mail.example.org")
        )
        let report = await Self.report(try Self.zone([:]), records: records)
        let finding = try #require(report.findings.first { $0.purpose == .dmarc })
        #expect(finding.status == .good)
        #expect(finding.text.contains("that of example.org holds and asks to quarantine"))
    }

    @Test(
        "the file of MTA-STS is looked at",
        arguments: [
            ("version: STSv1\nmode: enforce\nmx: mail.example.org\nmax_age: 1\n", DomainCheck.Status.good, "enforce"),
            ("version: STSv1\nmode: testing\nmx: *.example.org\nmax_age: 1\n", .good, "testing"),
            ("version: STSv1\nmode: enforce\nmx: mx.example.net\nmax_age: 1\n", .fault, "others refuse to send here"),
            ("version: STSv1\nmode: testing\nmx: mx.example.net\nmax_age: 1\n", .warning, "does not name"),
            ("<html>", .warning, "is no policy"),
        ]
    )
    func policyFile(text: String, status: DomainCheck.Status, says: String) async throws {
        let report = await Self.report(try Self.zone([:]), policy: .text(text))
        let finding = try Self.finding(report, "_mta-sts")
        #expect(finding.status == status)
        #expect(finding.text.contains(says), "\(finding.text)")
        let failed = await Self.report(try Self.zone([:]), policy: .failed("refused"))
        #expect(try Self.finding(failed, "_mta-sts").text.contains("cannot be fetched: refused"))
    }

    @Test("DNS that does not answer at all is unknown, and not a fault")
    func silent() async throws {
        struct Silent: Resolver {
            func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
                throw .temporary("no server")
            }
        }
        let check = DomainCheck(RecordsScene.records, resolver: Silent(), clock: StoppedClock())
        let report = await check.report { _, _, _ in }
        #expect(report.status == .unknown)
        #expect(report.findings.allSatisfy { $0.status == .unknown }, "\(report.findings)")
    }
}
