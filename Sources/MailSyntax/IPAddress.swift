/// An IPv4 or IPv6 address, without port or zone.
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) stays IPv6 and is not equal to the IPv4 address it maps; compare
/// `unmapped` where a socket may deliver either.
public struct IPAddress: Hashable, Sendable {
    /// Which of the two.
    public enum Family: Hashable, Sendable {
        /// 32 bits.
        case v4
        /// 128 bits.
        case v6
    }

    /// Which of the two.
    public let family: Family
    let high: UInt64
    let low: UInt64

    private init(family: Family, high: UInt64, low: UInt64) {
        self.family = family
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its 32 bits, the first octet highest.
    public init(v4 bits: UInt32) {
        self.init(family: .v4, high: 0, low: UInt64(bits))
    }

    /// An IPv6 address from its two halves, the first octet highest.
    public init(v6High high: UInt64, low: UInt64) {
        self.init(family: .v6, high: high, low: low)
    }

    /// An address from 4 or 16 octets in network order; nil for any other number.
    public init?(octets: some Collection<UInt8>) {
        switch octets.count {
        case 4:
            self.init(v4: octets.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            let high = octets.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let low = octets.dropFirst(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            self.init(v6High: high, low: low)
        default:
            return nil
        }
    }

    /// The 4 or 16 octets in network order.
    public var octets: [UInt8] {
        switch self.family {
        case .v4: (0..<4).map { UInt8(truncatingIfNeeded: self.low >> (24 - 8 * $0)) }
        case .v6:
            (0..<8).map { UInt8(truncatingIfNeeded: self.high >> (56 - 8 * $0)) }
                + (0..<8).map { UInt8(truncatingIfNeeded: self.low >> (56 - 8 * $0)) }
        }
    }

    /// The number of bits: 32 or 128.
    public var bitWidth: Int { self.family == .v4 ? 32 : 128 }

    /// The IPv4 address inside an IPv4-mapped one (RFC 4291 §2.5.5.2); any other address as it is.
    public var unmapped: IPAddress {
        self.isMapped ? IPAddress(v4: UInt32(truncatingIfNeeded: self.low)) : self
    }

    /// Whether this is an IPv4-mapped IPv6 address, `::ffff:0:0/96`.
    public var isMapped: Bool { self.family == .v6 && self.high == 0 && self.low >> 32 == 0xFFFF }

    /// Whether packets to it never leave this host: `127.0.0.0/8`, `::1`, or the former mapped.
    public var isLoopback: Bool {
        let address = self.unmapped
        return address.family == .v4 ? address.low >> 24 == 127 : address.high == 0 && address.low == 1
    }

    /// Whether it is `0.0.0.0` or `::`, or the former mapped.
    public var isUnspecified: Bool {
        let address = self.unmapped
        return address.high == 0 && address.low == 0
    }
}

extension IPAddress {
    /// Reads an address from text: dotted quad without leading zeros, or RFC 4291 §2.2 IPv6 text of any of its three
    /// forms; no brackets, no zone, no surrounding white space.
    ///
    /// - Returns: nil when `text` is anything else.
    public init?(_ text: some StringProtocol) {
        self.init(parsing: Array(text.utf8)[...])
    }

    init?(parsing octets: ArraySlice<UInt8>) {
        // 45 octets is the longest text of an address; more cannot be one, and a peer must not make us look further.
        guard !octets.isEmpty, octets.count <= 45 else { return nil }
        if octets.contains(ASCII.colon) {
            self.init(parsingV6: octets)
        } else {
            guard let bits = Self.parseV4(octets) else { return nil }
            self.init(v4: bits)
        }
    }

    private static func parseV4(_ octets: ArraySlice<UInt8>) -> UInt32? {
        let parts = octets.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            // A leading zero is refused: some readers take it for octal, and then two programs see two addresses.
            guard (1...3).contains(part.count), part.allSatisfy(ASCII.isDigit) else { return nil }
            guard part.count == 1 || part.first != ASCII.zero else { return nil }
            let value = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 &- ASCII.zero) }
            guard value <= 255 else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    private init?(parsingV6 octets: ArraySlice<UInt8>) {
        var text = octets
        var groups: [UInt16] = []
        var gap: Int?
        if text.starts(with: [ASCII.colon, ASCII.colon]) {
            gap = 0
            text = text.dropFirst(2)
        }
        while !text.isEmpty {
            guard groups.count < 8 else { return nil }
            let end = text.firstIndex(of: ASCII.colon) ?? text.endIndex
            let part = text[text.startIndex..<end]
            if part.contains(ASCII.dot) {
                guard end == text.endIndex, groups.count <= 6, let bits = Self.parseV4(part) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: bits >> 16))
                groups.append(UInt16(truncatingIfNeeded: bits))
                break
            }
            guard (1...4).contains(part.count) else { return nil }
            var value: UInt16 = 0
            for octet in part {
                guard let digit = ASCII.hexadecimalValue(octet) else { return nil }
                value = value << 4 | UInt16(digit)
            }
            groups.append(value)
            text = text[end...]
            guard !text.isEmpty else { break }
            text = text.dropFirst()
            if text.first == ASCII.colon {
                guard gap == nil else { return nil }
                gap = groups.count
                text = text.dropFirst()
            } else if text.isEmpty {
                return nil
            }
        }
        if let gap {
            // `::` stands for at least one group (RFC 4291 §2.2 has no empty use of it).
            guard groups.count < 8 else { return nil }
            groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap)
        }
        guard groups.count == 8 else { return nil }
        let high = groups[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = groups[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        self.init(v6High: high, low: low)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The dotted quad, or the canonical text of RFC 5952; a mapped address with a dotted quad at its end (§5).
    public var description: String {
        if self.family == .v4 {
            return self.octets.map { String($0) }.joined(separator: ".")
        }
        if self.isMapped {
            return "::ffff:" + self.unmapped.description
        }
        let groups =
            (0..<4).map { UInt16(truncatingIfNeeded: self.high >> (48 - 16 * $0)) }
            + (0..<4).map { UInt16(truncatingIfNeeded: self.low >> (48 - 16 * $0)) }
        // The longest run of at least two zero groups is shortened, the first of equals (RFC 5952 §4.2).
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > best.count, end - start > 1 { best = start..<end }
            start = max(end, start + 1)
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !best.isEmpty else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by value.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        if left.family != right.family { return left.family == .v4 }
        return (left.high, left.low) < (right.high, right.low)
    }
}
