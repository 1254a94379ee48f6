import MailSyntax
import Testing

@Suite("IP addresses, RFC 4291 §2.2 and RFC 5952")
struct IPAddressTests {
    @Test(
        "text and its canonical form",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("192.0.2.1", "192.0.2.1"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:db8::1", "2001:db8::1"),
            ("2001:0DB8:0:0:0:0:0:0001", "2001:db8::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("0:0:0:0:0:0:0:0", "::"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("::FFFF:c000:201", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ]
    )
    func canonical(_ text: String, _ canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(octets: address.octets) == address)
    }

    @Test(
        "what is no address",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..3.4", "+1.2.3.4",
            "0x1.2.3.4",
            "1.2.3.-4", ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::1::", "12345::",
            "g::", "::1%lo",
            "[::1]", "1:2:3:4:5:6:7::8", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::-1",
            "١.٢.٣.٤",
            "1.2.3.4\0", "::ffff:192.0.2.01", "0000000000000000000000000000000000000000000000000000::1",
        ]
    )
    func refuses(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("only 4 or 16 octets make an address", arguments: 0...20)
    func octetCounts(_ count: Int) {
        #expect((IPAddress(octets: [UInt8](repeating: 1, count: count)) != nil) == (count == 4 || count == 16))
    }

    @Test("a mapped address is itself until unmapped")
    func mapped() throws {
        let mapped = try #require(IPAddress("::ffff:127.0.0.1"))
        let plain = try #require(IPAddress("127.0.0.1"))
        #expect(mapped != plain)
        #expect(mapped.unmapped == plain)
        #expect(plain.unmapped == plain)
        #expect(mapped.isLoopback && plain.isLoopback)
        #expect(IPAddress("::1")?.isLoopback == true)
        #expect(IPAddress("::1")?.isMapped == false)
        #expect(IPAddress("128.0.0.1")?.isLoopback == false)
        #expect(IPAddress("::ffff:0.0.0.0")?.isUnspecified == true)
    }

    @Test("printing and reading agree on any address", arguments: 0..<200)
    func roundTrip(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        // Many zeros, so that runs of zero groups arise.
        let octets = (0..<16).map { _ in
            Bool.random(using: &generator) ? 0 : UInt8.random(in: 0...255, using: &generator)
        }
        for octets in [octets, Array(octets.prefix(4))] {
            let address = try #require(IPAddress(octets: octets))
            #expect(IPAddress(address.description) == address)
        }
    }
}

@Suite("Networks in CIDR form, RFC 4632 §3.1")
struct IPNetworkTests {
    @Test(
        "holds",
        arguments: [
            ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.77/24", "192.0.2.1", true),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "::1", false), ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1/32", "192.0.2.2", false), ("192.0.2.0/31", "192.0.2.1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false), ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
            ("2001:db8::/65", "2001:db8::8000:0:0:1", false), ("::/0", "fe80::1", true), ("::1/128", "::1", true),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true), ("::ffff:0:0/96", "::ffff:127.0.0.1", true),
            ("::/0", "127.0.0.1", false),
        ]
    )
    func contains(_ network: String, _ address: String, _ expected: Bool) throws {
        let network = try #require(IPNetwork(network))
        #expect(network.contains(try #require(IPAddress(address))) == expected)
        #expect(IPNetwork(network.description) == network)
    }

    @Test(
        "what is no network",
        arguments: [
            "", "/", "192.0.2.0/", "192.0.2.0/33", "::/129", "192.0.2.0/24/1", "192.0.2/24", "::/-1", "::/+1",
            "::/0001", "/24",
        ]
    )
    func refuses(_ text: String) {
        #expect(IPNetwork(text) == nil)
    }
}
