import MailSyntax
import SMTP
import Testing

@Suite("PROXY protocol headers")
struct ProxyHeaderTests {
    typealias Endpoint = ProxyHeader.Endpoint

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let four: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 25, 0xC8, 0xE8, 0x02, 0x4B]

    private static func client(_ from: String, _ port: Int, to: String, _ toPort: Int) -> ProxyHeader {
        let nowhere = IPAddress(v4: 0)
        return ProxyHeader(
            source: .client(
                Endpoint(address: IPAddress(from) ?? nowhere, port: port),
                destination: Endpoint(address: IPAddress(to) ?? nowhere, port: toPort)
            )
        )
    }

    /// Version 2 with an address block and vectors.
    private static func binary(_ command: UInt8, _ family: UInt8, _ block: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? block.count
        return Self.signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + block
    }

    @Test(
        "version 1",
        arguments: [
            ("PROXY TCP4 192.0.2.7 198.51.100.25 51432 587\r\n", client("192.0.2.7", 51_432, to: "198.51.100.25", 587)),
            ("PROXY TCP6 2001:db8::7 2001:db8::25 0 65535\r\n", client("2001:db8::7", 0, to: "2001:db8::25", 65_535)),
            (
                "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.25 1 2\r\n",
                client("192.0.2.7", 1, to: "198.51.100.25", 2)
            ),
            ("PROXY UNKNOWN\r\n", ProxyHeader(source: .proxy)),
            ("PROXY UNKNOWN ffff::1 whatever it says\r\n", ProxyHeader(source: .proxy)),
        ]
    )
    func lines(_ line: String, _ header: ProxyHeader) {
        let octets = Array(line.utf8)
        #expect(ProxyHeader.parse(octets) == .header(header, length: octets.count))
        #expect(ProxyHeader.parse(octets + Array("EHLO a\r\n".utf8)) == .header(header, length: octets.count))
        for length in octets.indices { #expect(ProxyHeader.parse(octets[..<length]) == .incomplete) }
    }

    @Test(
        "version 1, broken",
        arguments: [
            "EHLO a\r\n", "proxy TCP4 192.0.2.7 198.51.100.25 51432 587\r\n", "PROXY\r\n", "PROXY \r\n",
            "PROXY TCP4\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.25 51432 587\n", "PROXY TCP4 192.0.2.7 198.51.100.25 51432\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.25 51432 587 \r\n", "PROXY  TCP4 192.0.2.7 198.51.100.25 51432 587\r\n",
            "PROXY TCP4 192.0.2.07 198.51.100.25 51432 587\r\n", "PROXY TCP4 192.0.2.7 198.51.100.25 051432 587\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.25 65536 587\r\n", "PROXY TCP4 192.0.2.7 198.51.100.25 -1 587\r\n",
            "PROXY TCP4 2001:db8::7 2001:db8::25 1 2\r\n", "PROXY TCP6 192.0.2.7 198.51.100.25 1 2\r\n",
            "PROXY TCP6 2001:db8::7%eth0 2001:db8::25 1 2\r\n", "PROXY UDP4 192.0.2.7 198.51.100.25 1 2\r\n",
            "PROXY UNKNOWN\u{0}\r\n", "PROXY UNKNOWN a\rb\r\n", "PROXY UNKNOWNX\r\n",
            "PROXY UNKNOWN \(String(repeating: "x", count: 100))\r\n", "PROXY \(String(repeating: "x", count: 101))",
        ]
    )
    func brokenLines(_ line: String) {
        #expect(ProxyHeader.parse(Array(line.utf8)) == .malformed)
    }

    @Test(
        "version 2",
        arguments: [
            (binary(0x21, 0x11, four), client("192.0.2.7", 51_432, to: "198.51.100.25", 587)),
            (
                binary(
                    0x21,
                    0x21,
                    [UInt8](repeating: 0, count: 15) + [1] + [UInt8](repeating: 0, count: 15) + [2, 0, 9, 0, 8]
                ),
                client("::1", 9, to: "::2", 8)
            ),
            // Vectors: ALPN, a NOOP, one of an unknown type, one without a value.
            (
                binary(
                    0x21,
                    0x11,
                    four + [0x01, 0, 4, 0x73, 0x6D, 0x74, 0x70, 0x04, 0, 1, 0, 0xEE, 0, 2, 1, 2, 0xEF, 0, 0]
                ),
                client("192.0.2.7", 51_432, to: "198.51.100.25", 587)
            ),
            (binary(0x21, 0x31, [UInt8](repeating: 0x2F, count: 216)), ProxyHeader(source: .unixSocket)),
            (binary(0x21, 0x00, []), ProxyHeader(source: .proxy)),
            (binary(0x21, 0x00, [1, 2, 3]), ProxyHeader(source: .proxy)),
            (binary(0x20, 0x00, []), ProxyHeader(source: .proxy)),
            (binary(0x20, 0x11, four), ProxyHeader(source: .proxy)),
            (binary(0x20, 0x55, [9, 9]), ProxyHeader(source: .proxy)),
        ] as [([UInt8], ProxyHeader)]
    )
    func binaries(_ octets: [UInt8], _ header: ProxyHeader) {
        #expect(ProxyHeader.parse(octets) == .header(header, length: octets.count))
        #expect(ProxyHeader.parse(octets + [0x45]) == .header(header, length: octets.count))
        for length in octets.indices { #expect(ProxyHeader.parse(octets[..<length]) == .incomplete) }
    }

    @Test(
        "version 2, broken",
        arguments: [
            [0x0D, 0x0A, 0x0D, 0x0B],
            binary(0x11, 0x11, four), binary(0x31, 0x11, four), binary(0x22, 0x11, four),
            binary(0x21, 0x12, four), binary(0x21, 0x41, four), binary(0x21, 0x01, four),
            binary(0x21, 0x11, Array(four.dropLast())), binary(0x21, 0x21, four),
            binary(0x21, 0x31, [UInt8](repeating: 0x2F, count: 215)),
            binary(0x21, 0x11, four + [1]), binary(0x21, 0x11, four + [1, 0, 2, 0]),
            binary(0x21, 0x11, four + [1, 0xFF, 0xFF, 0]),
            binary(0x21, 0x11, four + [3, 0, 4, 1, 2, 3, 4]), binary(0x21, 0x11, four + [3, 0, 3, 1, 2, 3]),
            binary(0x21, 0x11, four, length: 65_535), binary(0x21, 0x11, four, length: 4081),
        ] as [[UInt8]]
    )
    func brokenBinaries(_ octets: [UInt8]) {
        #expect(ProxyHeader.parse(octets) == .malformed)
    }

    @Test("a checksum that is right is taken, with one bit flipped anywhere it is not")
    func checksum() {
        let sum = Self.crc32c(Self.binary(0x21, 0x11, Self.four + [3, 0, 4, 0, 0, 0, 0]))
        let whole = Self.binary(0x21, 0x11, Self.four + [3, 0, 4] + sum)
        #expect(
            ProxyHeader.parse(whole)
                == .header(Self.client("192.0.2.7", 51_432, to: "198.51.100.25", 587), length: whole.count)
        )
        for bit in 16 * 8..<(16 + Self.four.count) * 8 {
            var flipped = whole
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(ProxyHeader.parse(flipped) == .malformed)
        }
    }

    @Test("the checksum is that of RFC 3720, appendix B.4")
    func vectors() {
        #expect(Self.crc32c([UInt8](repeating: 0, count: 32)) == [0x8A, 0x91, 0x36, 0xAA])
        #expect(Self.crc32c([UInt8](repeating: 0xFF, count: 32)) == [0x62, 0xA8, 0xAB, 0x43])
        #expect(Self.crc32c(Array("123456789".utf8)) == [0xE3, 0x06, 0x92, 0x83])
    }

    /// A second way to compute it: by table, bits reflected.
    private static func crc32c(_ octets: [UInt8]) -> [UInt8] {
        let table = (0..<256 as Range<UInt32>).map { start in
            (0..<8).reduce(start) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
        }
        let sum = ~octets.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 255)] ^ $0 >> 8 }
        return [UInt8(sum >> 24), UInt8(sum >> 16 & 255), UInt8(sum >> 8 & 255), UInt8(sum & 255)]
    }

    @Test(
        "whatever comes, it is read or refused, and what was refused is not read with more behind it",
        arguments: 0..<200 as Range<UInt64>
    )
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var octets = Self.binary(0x21, 0x11, Self.four + [1, 0, 1, 0])
        if seed % 2 == 0 { octets = Array("PROXY TCP4 192.0.2.7 198.51.100.25 51432 587\r\n".utf8) }
        for _ in 0..<Int.random(in: 0..<4, using: &generator) {
            octets[Int.random(in: 0..<octets.count, using: &generator)] = UInt8.random(
                in: .min ... .max,
                using: &generator
            )
        }
        switch ProxyHeader.parse(octets) {
        case .header(_, let length):
            #expect(length <= octets.count)
            #expect(ProxyHeader.parse(octets[..<length]) == ProxyHeader.parse(octets))
        case .malformed:
            #expect(ProxyHeader.parse(octets + octets) == .malformed)
        case .incomplete:
            #expect(ProxyHeader.parse(octets + [UInt8](repeating: 0x41, count: 5000)) != .incomplete)
        }
    }
}
