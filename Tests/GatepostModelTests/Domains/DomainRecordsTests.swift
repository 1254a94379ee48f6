import DNS
import Foundation
import GatepostModel
import MailSyntax
import MessageAuthentication
import Testing

/// A domain with a key of each algorithm, one of them waiting, on mail.example.org.
enum RecordsScene {
    static let rsa = DKIMKey(
        domain: "example.org",
        selector: "gp2026a",
        algorithm: .rsa2048,
        publicKey: (0..<294).map { UInt8(truncatingIfNeeded: $0) },
        sealedKey: nil,
        state: .active,
        created: noon
    )
    static let ed25519 = DKIMKey(
        domain: "example.org",
        selector: "gp2026b",
        algorithm: .ed25519,
        publicKey: Array(repeating: 7, count: 32),
        sealedKey: nil,
        created: noon
    )
    static let records = DomainRecords(
        domain: "example.org",
        keys: [rsa, ed25519],
        host: DomainRecords.Host(hostname: "mail.example.org")
    )

    /// What the host's own zone says beside the records.
    static let host = """
        $ORIGIN example.org.
        mail A 192.0.2.25
        mail AAAA 2001:db8::25
        $ORIGIN .
        25.2.0.192.in-addr.arpa PTR mail.example.org
        5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mail.example.org

        """
}

@Suite("Records to publish")
struct DomainRecordsTests {
    @Test("have reports sent to where reception reads them")
    func reports() throws {
        func places(_ reports: String?) -> [String] {
            var host = DomainRecords.Host(hostname: "mail.example.org")
            host.reports = reports
            return DomainRecords(domain: "example.org", keys: [], host: host).entries
                .map { $0.value.split(separator: "rua=mailto:") }
                .filter { $0.count == 2 }
                .map { String($0[1]) }
        }
        for place in places(nil) {
            #expect(Configuration.Reports().isReportAddress(try Mailbox(parsing: place)), "\(place)")
        }
        #expect(places("reports@example.net") == ["reports@example.net", "reports@example.net"])
    }

    @Test("are these")
    func list() {
        let lines = RecordsScene.records.entries.filter { $0.purpose != .dkim && $0.purpose != .mtaSTS }
            .map { "\($0.name) \($0.type) \($0.value)" }
        #expect(
            lines == [
                "example.org MX 10 mail.example.org.",
                "example.org TXT v=spf1 mx ~all",
                "mail.example.org TXT v=spf1 a -all",
                "_dmarc.example.org TXT v=DMARC1; p=quarantine; rua=mailto:dmarc-reports@example.org",
                "_smtp._tls.example.org TXT v=TLSRPTv1; rua=mailto:tls-reports@example.org",
                "_submissions._tcp.example.org SRV 0 1 465 mail.example.org.",
                "_submission._tcp.example.org SRV 10 1 587 mail.example.org.",
                "autoconfig.example.org CNAME mail.example.org.",
                "autodiscover.example.org CNAME mail.example.org.",
            ]
        )
        let keys = RecordsScene.records.entries.filter { $0.purpose == .dkim }
        #expect(keys.map(\.name) == ["gp2026a._domainkey.example.org", "gp2026b._domainkey.example.org"])
        #expect(keys.map(\.keyState) == [.active, .pending])
    }

    @Test("text is split in pieces of 255 octets, which joined are the text")
    func split() throws {
        let entry = try #require(RecordsScene.records.entries.first { $0.purpose == .dkim })
        let strings = try #require(entry.strings)
        #expect(strings.map(\.utf8.count) == [255, entry.value.utf8.count - 255])
        #expect(strings.joined() == entry.value)
        #expect(try DKIM.KeyRecord(parsing: Array(entry.value.utf8)).publicKey == RecordsScene.rsa.publicKey)
        let line = RecordsScene.records.splitStrings.split(separator: "\n").first { $0.contains("gp2026a") }
        #expect(line == "gp2026a._domainkey.example.org.\tTXT\t\"\(strings[0])\" \"\(strings[1])\"")
        let whole = RecordsScene.records.singleStrings.split(separator: "\n").first { $0.contains("gp2026a") }
        #expect(whole == "gp2026a._domainkey.example.org.\tTXT\t\(entry.value)")
    }

    @Test("the zone file is one, and holds all of them")
    func zone() async throws {
        let zone = try Zone(parsing: RecordsScene.records.zoneFile)
        #expect(try await zone.mx("example.org").records == [MXRecord(preference: 10, exchange: "mail.example.org")])
        for entry in RecordsScene.records.entries where entry.type == "TXT" {
            #expect(try await zone.txt(entry.name).records.map(\.description) == [entry.value])
        }
        #expect(try await zone.srv("_submissions._tcp.example.org").records.first?.port == 465)
        #expect(try await zone.cname("mta-sts.example.org").records == ["mail.example.org"])
        #expect(RecordsScene.records.zoneFile.contains(";   mx: mail.example.org\n"))
    }

    @Test("an id of MTA-STS is of its policy alone")
    func identifiers() throws {
        func id(_ hostname: String) -> String? {
            DomainRecords(domain: "example.org", keys: [], host: DomainRecords.Host(hostname: hostname))
                .entries.first { $0.purpose == .mtaSTS }?.value
        }
        #expect(id("mail.example.org") == RecordsScene.records.entries.first { $0.purpose == .mtaSTS }?.value)
        #expect(id("mail.example.org") != id("mx.example.org"))
        #expect(try #require(id("mail.example.org")).utf8.count == "v=STSv1; id=".utf8.count + 20)
    }

    @Test("a host elsewhere gets no record in the domain, and a relay is named")
    func elsewhere() {
        var host = DomainRecords.Host(hostname: "mail.example.net", startTLSPorts: [], implicitTLSPorts: [465])
        host.relay = "smtp.example.com"
        let records = DomainRecords(domain: "example.org", keys: [], host: host)
        #expect(!records.entries.contains { $0.name == "mail.example.net" })
        #expect(records.entries.filter { $0.purpose == .submission }.count == 1)
        #expect(records.entries.first { $0.purpose == .spf }?.comment.contains("smtp.example.com") == true)
    }

    @Test(
        "policies of MTA-STS",
        arguments: [
            (
                "version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmx: *.example.net\r\nmax_age: 86400\r\n",
                true
            ),
            ("version: STSv1\nmode: none\nmax_age: 0", true),
            ("version: STSv1\nmode: enforce\nmax_age: 86400\n", false),
            ("version: STSv2\nmode: none\nmax_age: 1\n", false),
            ("version: STSv1\nmode: often\nmx: a\nmax_age: 1\n", false),
            ("version: STSv1\nmode: none\nmax_age: 31557601\n", false),
            ("<html>", false), ("", false),
        ]
    )
    func policy(text: String, isOne: Bool) throws {
        let policy = MTASTSPolicy(parsing: text)
        #expect((policy != nil) == isOne)
        if let policy, policy.mode == .enforce {
            #expect(policy.allows("mail.example.org"))
            #expect(policy.allows("mx.example.net"))
            #expect(!policy.allows("a.mx.example.net"))
            #expect(!policy.allows("example.net"))
        }
    }
}
