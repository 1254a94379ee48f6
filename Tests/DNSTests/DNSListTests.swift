import DNS
import Testing

@Suite("DNS lists, RFC 5782")
struct DNSListTests {
    static let zone = """
        $ORIGIN bl.example.org.
        2.0.0.127        A   127.0.0.2
        99.2.0.192       A   127.0.0.2
        99.2.0.192       A   127.0.0.10
        99.2.0.192       TXT "Sent spam"
        7.2.0.192        A   127.255.255.254
        8.2.0.192        TXT "no A record"
        b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2  A 127.0.0.3
        2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0  A 127.0.0.2
        TEST             A   127.0.0.2
        spammer.example  A   127.0.0.4
        1.1.1.1          FAIL A
        $ORIGIN parked.example.org.
        *                A   203.0.113.80
        $ORIGIN everything.example.org.
        *                A   127.0.0.2
        """

    private func list(_ zone: String = "bl.example.org") throws -> (DNSList, Zone) {
        (try #require(DNSList(zone)), try Zone(parsing: Self.zone))
    }

    @Test(
        "ask for the address in reverse",
        arguments: [
            ("192.0.2.99", "99.2.0.192.bl.example.org"),
            ("::ffff:192.0.2.99", "99.2.0.192.bl.example.org"),
            (
                "2001:db8:1:2:3:4:567:89ab",
                "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example.org"
            ),
        ]
    )
    func names(_ address: String, _ name: String) throws {
        let (list, _) = try self.list()
        #expect(list.name(of: try #require(DNSAddress(address)))?.description == name)
    }

    @Test(
        "tell what the list knows",
        arguments: [
            ("192.0.2.1", "bl.example.org", DNSList.Finding.absent),
            ("192.0.2.8", "bl.example.org", .absent),
            ("192.0.2.99", "bl.example.org", .listed(addresses("127.0.0.2", "127.0.0.10"))),
            ("2001:db8:1:2:3:4:567:89ab", "bl.example.org", .listed(addresses("127.0.0.3"))),
            ("192.0.2.7", "bl.example.org", .refused(addresses("127.255.255.254"))),
            ("192.0.2.1", "parked.example.org", .notAList(addresses("203.0.113.80"))),
            ("192.0.2.1", "gone.example.org", .absent),
        ]
    )
    func findings(_ address: String, _ zone: String, _ finding: DNSList.Finding) async throws {
        let (list, resolver) = try self.list(zone)
        #expect(try await list.finding(for: try #require(DNSAddress(address)), in: resolver) == finding)
    }

    @Test("a list that does not answer says nothing")
    func failure() async throws {
        let (list, resolver) = try self.list()
        await #expect(throws: DNSError.self) {
            try await list.finding(for: try #require(DNSAddress("1.1.1.1")), in: resolver)
        }
    }

    @Test("the reason is the list's text")
    func reason() async throws {
        let (list, resolver) = try self.list()
        #expect(try await list.reason(for: try #require(DNSAddress("192.0.2.99")), in: resolver) == "Sent spam")
        #expect(try await list.reason(for: try #require(DNSAddress("192.0.2.1")), in: resolver) == nil)
    }

    @Test("domains are looked up as they are")
    func domains() async throws {
        let (list, resolver) = try self.list()
        let finding = try await list.finding(for: try #require(DNSName("spammer.example")), in: resolver)
        #expect(finding == .listed(addresses("127.0.0.4")))
        #expect(try await list.finding(for: try #require(DNSName("good.example")), in: resolver) == .absent)
        #expect(list.name(of: DNSName.root) == nil)
    }

    @Test(
        "the test entries tell a list that works from one that is gone or lists everything",
        arguments: [
            ("bl.example.org", nil), ("gone.example.org", .testEntryMissing), ("parked.example.org", .testEntryMissing),
            ("everything.example.org", .listsEverything),
        ] as [(String, DNSList.Fault?)]
    )
    func faults(_ zone: String, _ fault: DNSList.Fault?) async throws {
        let (list, resolver) = try self.list(zone)
        #expect(try await list.fault(in: resolver) == fault)
        #expect(try await list.fault(isIPv6: true, in: resolver) == fault)
        #expect(try await list.domainFault(in: resolver) == fault)
    }

    @Test("no domain name, no list", arguments: ["", ".", "a..b", String(repeating: "a", count: 64)])
    func noList(_ text: String) {
        #expect(DNSList(text) == nil)
    }
}

private func addresses(_ texts: String...) -> [DNSAddress] { texts.compactMap { DNSAddress($0) } }
