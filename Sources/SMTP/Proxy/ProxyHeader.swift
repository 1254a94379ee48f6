public import MailSyntax

/// What a proxy says before it passes a client's octets on: the PROXY protocol of HAProxy, version 1 or 2.
///
/// ```
/// PROXY TCP4 192.0.2.7 198.51.100.25 51432 587<CRLF>
/// ```
///
/// Believed only from addresses that are configured to be proxies: anybody can write one.
public struct ProxyHeader: Hashable, Sendable {
    /// An end of the proxied connection.
    public struct Endpoint: Hashable, Sendable {
        /// Never an IPv4 address mapped into IPv6.
        public var address: IPAddress
        /// 0–65535.
        public var port: Int

        public init(address: IPAddress, port: Int) {
            self.address = address.unmapped
            self.port = port
        }
    }

    /// Where the connection comes from.
    public enum Source: Hashable, Sendable {
        /// A client of the proxy.
        case client(Endpoint, destination: Endpoint)
        /// A Unix socket on the proxy's host.
        case unixSocket
        /// The proxy itself, for a health check (v2 `LOCAL`), or somebody it cannot name (v1 `UNKNOWN`, v2 `UNSPEC`).
        case proxy
    }

    /// What there is of a header at the front of the octets that were received.
    public enum Parsing: Hashable, Sendable {
        /// The whole of it; what follows is the client's.
        case header(ProxyHeader, length: Int)
        /// Not yet all.
        case incomplete
        /// It is none, or a broken one: nothing that follows can be trusted.
        case malformed
    }

    public var source: Source

    public init(source: Source) {
        self.source = source
    }

    /// No header is longer; the address block of version 2 is at most 216 octets, the rest is for its extensions.
    public static let maximumOctets = 4096
    /// The longest line of version 1, its CRLF included.
    static let maximumLineOctets = 107
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let linePrefix = Array("PROXY ".utf8)

    /// Reads a header of either version; looks at no more than ``maximumOctets``.
    public static func parse(_ octets: some Collection<UInt8>) -> Parsing {
        let octets = Array(octets.prefix(self.maximumOctets))
        if Self.agrees(octets, with: self.signature) { return self.parseBinary(octets) }
        if Self.agrees(octets, with: self.linePrefix) { return self.parseLine(octets) }
        return .malformed
    }

    /// Whether one is the beginning of the other.
    private static func agrees(_ octets: [UInt8], with prefix: [UInt8]) -> Bool {
        zip(octets, prefix).allSatisfy { $0 == $1 }
    }

    // MARK: Version 1

    private static func parseLine(_ octets: [UInt8]) -> Parsing {
        let line = octets.prefix(self.maximumLineOctets)
        guard let end = line.firstIndex(of: 0x0A) else {
            return line.count < self.maximumLineOctets ? .incomplete : .malformed
        }
        guard end > self.linePrefix.count, line[end - 1] == 0x0D else { return .malformed }
        let text = line[self.linePrefix.count..<end - 1]
        guard text.allSatisfy({ (0x20...0x7E).contains($0) }) else { return .malformed }
        let words = text.split(separator: 0x20, omittingEmptySubsequences: false)
        // What a proxy adds behind UNKNOWN is to be ignored.
        if words.first?.elementsEqual("UNKNOWN".utf8) == true {
            return .header(ProxyHeader(source: .proxy), length: end + 1)
        }
        guard words.count == 5, let family = self.family(words[0]),
            let source = self.endpoint(words[1], words[3], family),
            let destination = self.endpoint(words[2], words[4], family)
        else { return .malformed }
        return .header(ProxyHeader(source: .client(source, destination: destination)), length: end + 1)
    }

    private static func family(_ word: ArraySlice<UInt8>) -> IPAddress.Family? {
        if word.elementsEqual("TCP4".utf8) { return .v4 }
        return word.elementsEqual("TCP6".utf8) ? .v6 : nil
    }

    private static func endpoint(
        _ address: ArraySlice<UInt8>,
        _ port: ArraySlice<UInt8>,
        _ family: IPAddress.Family
    ) -> Endpoint? {
        guard let address = IPAddress(String(decoding: address, as: UTF8.self)), address.family == family,
            (1...5).contains(port.count), port.allSatisfy({ (0x30...0x39).contains($0) }),
            port.count == 1 || port.first != 0x30
        else { return nil }
        let number = port.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        return number <= 65_535 ? Endpoint(address: address, port: number) : nil
    }

    // MARK: Version 2

    private static func parseBinary(_ octets: [UInt8]) -> Parsing {
        guard octets.count >= 16 else { return .incomplete }
        let version = octets[12] >> 4
        let command = octets[12] & 0x0F
        let length = Int(octets[14]) << 8 | Int(octets[15])
        guard version == 2, command <= 1, 16 + length <= self.maximumOctets else { return .malformed }
        guard octets.count >= 16 + length else { return .incomplete }
        let block = octets[16..<16 + length]
        let whole = octets[..<(16 + length)]
        let size: Int
        let source: Source
        switch octets[13] {
        case 0x11, 0x21:
            let width = octets[13] == 0x11 ? 4 : 16
            size = 2 * width + 4
            guard let from = self.endpoint(block, at: 0, portAt: 2 * width, width),
                let to = self.endpoint(block, at: width, portAt: 2 * width + 2, width)
            else { return .malformed }
            source = .client(from, destination: to)
        case 0x31:
            size = 216
            guard block.count >= size else { return .malformed }
            source = .unixSocket
        case 0x00:
            size = 0
            source = .proxy
        default:
            // Datagrams, and what later versions may add: no connection of ours comes so. LOCAL is taken with any family.
            guard command == 0 else { return .malformed }
            return .header(ProxyHeader(source: .proxy), length: 16 + length)
        }
        if command == 0 { return .header(ProxyHeader(source: .proxy), length: 16 + length) }
        guard self.areExtensionsSound(block.dropFirst(size), of: whole) else { return .malformed }
        return .header(ProxyHeader(source: source), length: 16 + length)
    }

    private static func endpoint(_ block: ArraySlice<UInt8>, at: Int, portAt: Int, _ width: Int) -> Endpoint? {
        let address = block.dropFirst(at).prefix(width)
        let port = block.dropFirst(portAt).prefix(2)
        guard port.count == 2, let address = IPAddress(octets: address) else { return nil }
        return Endpoint(address: address, port: port.reduce(0) { $0 << 8 | Int($1) })
    }

    /// Whether the type-length-value vectors fill their room to the octet, and their checksum is right where there is one.
    private static func areExtensionsSound(_ vectors: ArraySlice<UInt8>, of whole: ArraySlice<UInt8>) -> Bool {
        var rest = vectors
        // Without a family the room may be anything (§2.2: "the receiver must skip it").
        if whole[whole.startIndex + 13] == 0 { return true }
        while !rest.isEmpty {
            let head = Array(rest.prefix(3))
            guard head.count == 3 else { return false }
            let length = Int(head[1]) << 8 | Int(head[2])
            rest = rest.dropFirst(3)
            guard rest.count >= length else { return false }
            if head[0] == CRC32C.extensionType {
                guard length == 4 else { return false }
                let sent = rest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                guard sent == CRC32C.sum(whole, zeroing: rest.startIndex..<rest.startIndex + 4) else { return false }
            }
            rest = rest.dropFirst(length)
        }
        return true
    }
}

/// The checksum of a version 2 header (PP2_TYPE_CRC32C; RFC 4960, appendix B).
enum CRC32C {
    static let extensionType: UInt8 = 0x03

    /// The sum over the octets, with those in `hole` counted as zeros.
    static func sum(_ octets: ArraySlice<UInt8>, zeroing hole: Range<Int> = 0..<0) -> UInt32 {
        var sum = UInt32.max
        for index in octets.indices {
            sum ^= UInt32(hole.contains(index) ? 0 : octets[index])
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        return ~sum
    }
}
