import DNS
import Testing

@Suite("Domain name, RFC 1035 §2.3 and RFC 4343")
struct DNSNameTests {
    @Test(
        "text both ways",
        arguments: [
            ("example.org", "example.org"), ("example.org.", "example.org"), ("Example.ORG", "Example.ORG"), (".", "."),
            ("_25._tcp.mx.example", "_25._tcp.mx.example"), ("*.example", "*.example"),
            ("a\\.b.example", "a\\.b.example"),
            ("\\097bc.example", "abc.example"), ("a\\032b.example", "a\\032b.example"),
            ("\\000.example", "\\000.example"),
            ("\\255", "\\255"), ("a\\\\b", "a\\\\b"), ("a\\;b", "a\\;b"),
        ]
    )
    func text(_ text: String, _ printed: String) throws {
        let name = try #require(DNSName(text))
        #expect(name.description == printed)
        #expect(DNSName(name.description) == name)
        var wire = name.wire[...]
        #expect(DNSName(consuming: &wire) == name)
        #expect(wire.isEmpty)
    }

    @Test(
        "what is no name",
        arguments: [
            "", "..", ".a", "a..b", "a b", "é.example", "a\\", "a\\25", "a\\256", "a\\2x5", "a\tb", "a\0", "a\n",
        ]
    )
    func refuses(_ text: String) {
        #expect(DNSName(text) == nil)
    }

    @Test("limits: 63 octets a label, 255 a name")
    func limits() {
        let label = String(repeating: "x", count: 63)
        #expect(DNSName(label + ".org") != nil)
        #expect(DNSName(label + "x.org") == nil)
        let longest = [label, label, label, String(repeating: "y", count: 61)].joined(separator: ".")
        #expect(DNSName(longest)?.wire.count == 255)
        #expect(DNSName(longest + "y") == nil)
        #expect(DNSName(longest)?.appending(DNSName("a") ?? .root) == nil)
        #expect(DNSName(String(repeating: "\\065", count: 63)) != nil)
        #expect(DNSName(String(repeating: "a.", count: 100_000)) == nil)
    }

    @Test("case is set aside")
    func comparison() throws {
        #expect(DNSName("Example.ORG") == DNSName("example.org."))
        #expect(DNSName("Example.ORG")?.hashValue == DNSName("example.org")?.hashValue)
        #expect(DNSName("example.org") != DNSName("examplf.org"))
        #expect(DNSName("a\\.b") != DNSName("a.b"))
    }

    @Test("ancestry")
    func ancestry() throws {
        let name = try #require(DNSName("a.b.example"))
        #expect(name.parent == DNSName("b.example"))
        #expect(DNSName.root.parent == nil)
        #expect(name.isInside(name))
        #expect(name.isInside(.root))
        #expect(try name.isInside(#require(DNSName("B.EXAMPLE"))))
        #expect(try !name.isInside(#require(DNSName("c.example"))))
        #expect(try !#require(DNSName("xb.example")).isInside(#require(DNSName("b.example"))))
    }

    @Test(
        "wire forms that are cut off, compressed or too long are refused and left alone",
        arguments: [
            [], [1], [1, 97], [3, 97, 98, 0], [0xC0, 0x0C], [1, 97, 0xC0, 0x00],
            [64] + [UInt8](repeating: 97, count: 64) + [0],
            [[UInt8]](repeating: [63] + [UInt8](repeating: 97, count: 63), count: 4).flatMap(\.self) + [0],
        ] as [[UInt8]]
    )
    func wire(_ octets: [UInt8]) {
        var rest = octets[...]
        #expect(DNSName(consuming: &rest) == nil)
        #expect(rest == octets[...])
    }
}
