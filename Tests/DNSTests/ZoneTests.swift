import DNS
import Testing

@Suite("Zone: a resolver in memory")
struct ZoneTests {
    static let text = """
        $ORIGIN example.org.
        $TTL 1h
        @ IN SOA ns hostmaster ( 1 ; serial
              2h 1h 1w 5m )
          NS  ns
          MX  10 mx1
          60  IN  MX 20 mx2.example.net.
          TXT "v=spf1 " "-all" ; a comment
        mx1   A     192.0.2.1
              AAAA  2001:db8::1
        v4    A     192.0.2.4
        nomail MX   0 .
        alias CNAME chain
        chain CNAME mx1
        gone  CNAME nowhere
        loop1 CNAME loop2
        loop2 CNAME loop1
        *.wild A    192.0.2.9
        deep.below.wild TXT here
        flaky FAIL MX
        flaky A     192.0.2.5
        half  A     192.0.2.6
        half  FAIL  AAAA
        down  FAIL
        forged BOGUS
        quoted TXT "a;b" "c\\"d" e\\;f "\\065"
        $DNSSEC on
        signed MX 5 mx.signed
        mx.signed A 192.0.2.7
        _25._tcp.mx.signed TLSA 3 1 1 0123 ABCD
        half-signed CNAME v4
        $ORIGIN 2.0.192.in-addr.arpa.
        1     PTR   mx1.example.org.
        """
    let zone: Zone

    init() throws {
        self.zone = try Zone(parsing: Self.text)
    }

    @Test("mail exchanges, with TTL and origin")
    func mx() async throws {
        let answer = try await self.zone.mx("EXAMPLE.org.")
        #expect(
            answer.records == [
                MXRecord(preference: 10, exchange: "mx1.example.org"),
                MXRecord(preference: 20, exchange: "mx2.example.net"),
            ]
        )
        #expect(answer.ttl == .seconds(60))
        #expect(!answer.isAuthenticated)
        #expect(try await self.zone.mx("nomail.example.org").records.map(\.isNull) == [true])
    }

    @Test("addresses of both families, through aliases")
    func addresses() async throws {
        let answer = try await self.zone.addresses("alias.example.org")
        #expect(answer.records.map(\.description) == ["2001:db8::1", "192.0.2.1"])
        #expect(answer.canonicalName == "mx1.example.org")
        #expect(try await self.zone.addresses("v4.example.org").records.map(\.description) == ["192.0.2.4"])
        #expect(try await self.zone.cname("alias.example.org").records == ["chain.example.org"])
    }

    @Test("a name without the type is no error; a name that is not there is")
    func absence() async throws {
        #expect(try await self.zone.mx("v4.example.org").isEmpty)
        // Names above existing ones exist (RFC 8020 §2).
        #expect(try await self.zone.mx("wild.example.org").isEmpty)
        #expect(try await self.zone.mx("_tcp.mx.signed.example.org").isEmpty)
        await #expect(throws: DNSError.nameDoesNotExist) { try await self.zone.mx("nope.example.org") }
        await #expect(throws: DNSError.nameDoesNotExist) { try await self.zone.addresses("nope.example.org") }
        await #expect(throws: DNSError.nameDoesNotExist) { try await self.zone.addresses("gone.example.org") }
        await #expect(throws: DNSError.nameDoesNotExist) { try await self.zone.mx("example.com") }
        await #expect(throws: DNSError.malformedName) { try await self.zone.mx("a..b") }
        await #expect(throws: DNSError.malformedName) { try await self.zone.addresses("bücher.example") }
    }

    @Test("wildcards cover what does not exist (RFC 4592)")
    func wildcards() async throws {
        #expect(try await self.zone.addresses("x.wild.example.org").records.map(\.description) == ["192.0.2.9"])
        #expect(try await self.zone.addresses("x.y.wild.example.org").records.count == 1)
        #expect(try await self.zone.addresses("deep.below.wild.example.org").isEmpty)
        #expect(try await self.zone.addresses("below.wild.example.org").isEmpty)
        await #expect(throws: DNSError.nameDoesNotExist) { try await self.zone.addresses("x.below.wild.example.org") }
    }

    @Test("failures, as asked for")
    func failures() async throws {
        await #expect(throws: DNSError.temporary("server failure")) { try await self.zone.mx("flaky.example.org") }
        #expect(try await self.zone.addresses("flaky.example.org").records.count == 1)
        #expect(try await self.zone.addresses("half.example.org").records.count == 1)
        await #expect(throws: DNSError.temporary("server failure")) {
            try await self.zone.addresses("down.example.org")
        }
        await #expect(throws: DNSError.bogus("signature missing")) { try await self.zone.txt("forged.example.org") }
        await #expect(throws: DNSError.temporary("the aliases form a loop")) {
            try await self.zone.mx("loop1.example.org")
        }
        #expect(
            DNSError.bogus("").isTemporary && DNSError.temporary("").isTemporary
                && !DNSError.nameDoesNotExist.isTemporary
        )
    }

    @Test("authenticated only when every step is")
    func dnssec() async throws {
        #expect(try await self.zone.mx("signed.example.org").isAuthenticated)
        let tlsa = try await self.zone.tlsa("_25._tcp.mx.signed.example.org")
        #expect(tlsa.isAuthenticated)
        #expect(tlsa.records == [TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [0x01, 0x23, 0xAB, 0xCD])])
        #expect(try await !self.zone.addresses("half-signed.example.org").isAuthenticated)
    }

    @Test("texts and names of addresses")
    func others() async throws {
        #expect(try await self.zone.txt("example.org").records.map(\.description) == ["v=spf1 -all"])
        #expect(
            try await self.zone.txt("quoted.example.org").records.first?.strings.map {
                String(decoding: $0, as: UTF8.self)
            } == ["a;b", "c\"d", "e;f", "A"]
        )
        #expect(try await self.zone.ptr(#require(DNSAddress("192.0.2.1"))).records == ["mx1.example.org"])
    }

    @Test(
        "mistakes name their line",
        arguments: [
            ("a A 192.0.2.1\nb A 192.0.2\n", 2), ("\n\n  A 192.0.2.1", 3), ("a BANANA x", 1), ("a A", 1), ("a", 1),
            ("a MX ten mx", 1), ("a MX 10", 1),
            ("a TXT \"open", 1), ("a TXT (\nx", 1), ("a TXT )", 1), ("$TTL x", 1), ("$TTL", 1), ("$BANANA x", 1),
            ("$DNSSEC maybe", 1), ("a..b A 192.0.2.1", 1),
            ("a TLSA 3 1 1 0", 1), ("a TLSA 3 1 1 xx", 1), ("a AAAA 192.0.2.1", 1), ("a A ::1", 1),
            ("a FAIL BANANA", 1), ("a 99999999999 A 192.0.2.1", 1),
        ]
    )
    func mistakes(_ text: String, _ line: Int) {
        let error = #expect(throws: ZoneSyntaxError.self) { try Zone(parsing: text) }
        #expect(error?.line == line)
    }

    @Test("records can be put in and taken out by a program")
    func program() async throws {
        var zone = Zone()
        let name = try #require(DNSName("a.example"))
        zone.add(
            .mx(MXRecord(preference: 1, exchange: "mx.example")),
            at: name,
            ttl: .seconds(5),
            isAuthenticated: true
        )
        #expect(try await zone.mx("a.example").isAuthenticated)
        zone.fail(name, type: .txt, with: .bogus("x"))
        await #expect(throws: DNSError.bogus("x")) { try await zone.txt("a.example") }
        zone.remove(name)
        await #expect(throws: DNSError.nameDoesNotExist) { try await zone.mx("example") }
    }
}
