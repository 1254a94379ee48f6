import DNS
import GatepostModel
import MailSyntax
import SMTP
import SMTPClient
import Testing

@testable import GatepostDelivery

@Suite("What MX records mean, RFC 5321 §5.1, RFC 7505")
struct MailExchangersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var records: [MXRecord]
        var expected: MailExchangers

        init(_ name: String, _ records: [(UInt16, String)], _ expected: MailExchangers) {
            self.testDescription = name
            self.records = records.map { MXRecord(preference: $0.0, exchange: $0.1) }
            self.expected = expected
        }
    }

    static let cases = [
        Case("no record is the implicit MX", [], .implicit),
        Case("the null MX", [(0, ".")], .null),
        Case("a null MX beside a host names no host", [(0, "."), (10, "a.example")], .hosts(["a.example"])),
        Case("sorted by preference", [(20, "b.example"), (10, "a.example")], .hosts(["a.example", "b.example"])),
        Case("names in lower case, once", [(10, "A.example"), (20, "a.EXAMPLE")], .hosts(["a.example"])),
        Case("we are the best", [(10, "self.example"), (20, "b.example")], .loop),
        Case("we are alone", [(10, "self.example")], .loop),
        Case(
            "we and all from our preference on go",
            [(5, "a.example"), (10, "SELF.example"), (10, "b.example"), (20, "c.example")],
            .hosts(["a.example"])
        ),
    ]

    @Test("order, null, loop", arguments: cases)
    func means(_ example: Case) {
        var generator = SystemRandomNumberGenerator()
        let exchangers = MailExchangers(
            records: example.records,
            isSelf: { $0 == "self.example" },
            using: &generator
        )
        #expect(exchangers == example.expected)
    }

    @Test("hosts of equal preference come in changing order, never after worse ones")
    func shuffles() {
        let records =
            ["a", "b", "c"].map { MXRecord(preference: 10, exchange: $0) }
            + [MXRecord(preference: 20, exchange: "z")]
        var generator = SystemRandomNumberGenerator()
        var firsts: Set<String> = []
        for _ in 0..<200 {
            guard case .hosts(let hosts) = MailExchangers(records: records, isSelf: { _ in false }, using: &generator)
            else {
                Issue.record("no hosts")
                return
            }
            #expect(hosts.count == 4)
            #expect(hosts.last == "z")
            firsts.insert(hosts[0])
        }
        #expect(firsts == ["a", "b", "c"])
    }
}

@Suite("Who takes the mail for a domain")
struct ExchangerLookupTests {
    static let zone = """
        $TTL 60
        ok.example. MX 10 mx.ok.example.
        mx.ok.example. A 192.0.2.1
        mx.ok.example. AAAA 2001:db8::1
        implicit.example. A 192.0.2.2
        empty.example. TXT "nothing here"
        null.example. MX 0 .
        gone.example. MX 10 missing.example.
        half.example. MX 10 missing.example.
        half.example. MX 20 mx.ok.example.
        flaky.example. FAIL MX
        forged.example. BOGUS
        flakyhost.example. MX 10 host.flakyhost.example.
        host.flakyhost.example. FAIL
        loop.example. MX 10 self.example.
        byaddress.example. MX 10 other.example.
        byaddress.example. MX 20 mx.ok.example.
        other.example. A 192.0.2.99
        backup.example. MX 5 mx.ok.example.
        backup.example. MX 10 other.example.
        backup.example. MX 10 third.example.
        third.example. A 192.0.2.3
        """

    private func lookUp(_ domain: String) async throws -> ExchangerLookup.Result {
        let ownAddress = try #require(IPEndpoint("192.0.2.99:25"))
        let lookup = ExchangerLookup(
            resolver: try Zone(parsing: Self.zone),
            own: OwnAddresses(names: ["self.example"], listening: [ownAddress]),
            port: 25
        )
        var generator = SystemRandomNumberGenerator()
        return await lookup.targets(for: domain, using: &generator)
    }

    @Test(
        "hosts and their addresses",
        arguments: [
            ("ok.example", ["mx.ok.example [IPv6:2001:db8::1]:25", "mx.ok.example [192.0.2.1]:25"]),
            ("implicit.example", ["implicit.example [192.0.2.2]:25"]),
            ("half.example", ["mx.ok.example [IPv6:2001:db8::1]:25", "mx.ok.example [192.0.2.1]:25"]),
            ("backup.example", ["mx.ok.example [IPv6:2001:db8::1]:25", "mx.ok.example [192.0.2.1]:25"]),
        ]
    )
    func finds(_ domain: String, _ expected: [String]) async throws {
        guard case .targets(let targets, let keepFor) = try await self.lookUp(domain) else {
            Issue.record("no targets")
            return
        }
        #expect(targets.map(\.description) == expected)
        #expect(keepFor <= .seconds(60))
    }

    @Test(
        "why there is nobody",
        arguments: [
            ("missing.example", Verdict.Kind.permanent, "5.1.2"), ("empty.example", .permanent, "5.4.4"),
            ("null.example", .permanent, "5.1.10"), ("gone.example", .permanent, "5.4.4"),
            ("flaky.example", .transient, "4.4.3"), ("forged.example", .transient, "4.4.3"),
            ("flakyhost.example", .transient, "4.4.3"), ("loop.example", .permanent, "5.4.6"),
            ("byaddress.example", .permanent, "5.4.6"), ("bad..name", .permanent, "5.1.2"),
        ]
    )
    func refuses(_ domain: String, _ kind: Verdict.Kind, _ status: String) async throws {
        guard case .refuse(let verdict) = try await self.lookUp(domain) else {
            Issue.record("not refused")
            return
        }
        #expect(verdict.kind == kind)
        #expect(verdict.reply.enhanced?.description == status)
    }

    @Test(
        "an address that is ours is recognised",
        arguments: [
            ("192.0.2.99", 25, true), ("192.0.2.99", 26, false), ("127.0.0.1", 26, true), ("192.0.2.98", 26, false),
            ("192.0.2.50", 26, true), ("0.0.0.0", 1, true), ("127.0.0.1", 25, false),
        ]
    )
    func ownAddress(_ text: String, _ port: Int, _ isOwn: Bool) throws {
        let own = OwnAddresses(
            names: [],
            listening: [try #require(IPEndpoint("192.0.2.99:25")), try #require(IPEndpoint("0.0.0.0:26"))],
            interfaces: [try #require(IPAddress("192.0.2.50"))]
        )
        #expect(own.isOwn(try #require(IPAddress(text)), port: port) == isOwn)
    }
}

@Suite("Where a recipient's mail goes")
struct RouterTests {
    private struct NoName: Error {}

    private func decide(_ address: String, isRelaying: Bool, hasLocalStore: Bool) throws -> Router.Decision {
        let router = Router(isRelaying: isRelaying, hasLocalStore: hasLocalStore) { name in
            guard name == "bücher.example" else { throw NoName() }
            return "xn--bcher-kva.example"
        }
        return router.decide(
            try ForwardPath(parsing: address),
            localDomains: router.comparable(["Local.example", "bücher.example", "straße.example"])
        )
    }

    @Test(
        "mx, relay, local",
        arguments: [
            ("bob@Remote.Example", false, true, NextHop.exchangers(of: "remote.example")),
            ("bob@remote.example", true, true, .relay), ("bob@LOCAL.example", false, true, .local),
            ("bob@local.example", true, true, .local),
            ("bob@local.example", false, false, .exchangers(of: "local.example")),
            ("bob@local.example", true, false, .relay), ("postmaster", false, true, .local),
            ("postmaster", true, false, .relay), ("bob@bücher.example", false, true, .local),
            ("bob@bücher.example", false, false, .exchangers(of: "xn--bcher-kva.example")),
            ("bob@straße.example", true, true, .relay),
        ]
    )
    func forwards(_ address: String, _ isRelaying: Bool, _ hasLocalStore: Bool, _ hop: NextHop) throws {
        #expect(try self.decide(address, isRelaying: isRelaying, hasLocalStore: hasLocalStore) == .forward(hop))
    }

    @Test("an address literal goes to that host")
    func literal() throws {
        let address = try #require(IPAddress("192.0.2.7"))
        let decision = try self.decide("bob@[192.0.2.7]", isRelaying: false, hasLocalStore: true)
        #expect(decision == .forward(.address(address)))
    }

    @Test("what has no next hop", arguments: [("bob@straße.example", "5.1.2"), ("postmaster", "5.1.1")])
    func refuses(_ address: String, _ status: String) throws {
        guard case .refuse(let verdict) = try self.decide(address, isRelaying: false, hasLocalStore: false) else {
            Issue.record("not refused")
            return
        }
        #expect(verdict.kind == .permanent)
        #expect(verdict.reply.enhanced?.description == status)
    }
}
