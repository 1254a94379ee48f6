/// The address of an A or AAAA record: 4 or 16 octets in network order.
public struct DNSAddress: Hashable, Sendable {
    /// 4 octets (IPv4) or 16 (IPv6), the first as first written.
    public let octets: [UInt8]

    /// Creates an address; nil for any number of octets but 4 and 16.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 4 || octets.count == 16 else { return nil }
        self.octets = Array(octets)
    }

    /// Reads a dotted quad or IPv6 text (RFC 4291 §2.2).
    public init?(_ text: some StringProtocol) {
        let text = text.utf8.prefix(46)
        guard let octets = text.contains(UInt8(ascii: ":")) ? Self.v6(Array(text)) : Self.v4(Array(text)) else {
            return nil
        }
        self.octets = octets
    }

    /// Whether it is an IPv4 address.
    public var isIPv4: Bool { self.octets.count == 4 }

    /// The name under which the PTR records of the address stand (RFC 1035 §3.5, RFC 3596 §2.5).
    public var reverseName: DNSName {
        let labels: [String]
        if self.isIPv4 {
            labels = self.octets.reversed().map { String($0) } + ["in-addr", "arpa"]
        } else {
            labels =
                self.octets.reversed().flatMap { [String($0 & 15, radix: 16), String($0 >> 4, radix: 16)] }
                + ["ip6", "arpa"]
        }
        // At most 34 short labels, so that this is always a name.
        return DNSName(labels: labels.map { Array($0.utf8) }) ?? .root
    }

    private static func v4(_ text: [UInt8]) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isDigit) else { return nil }
            guard part.count == 1 || part.first != 0x30 else { return nil }
            guard let octet = UInt8(exactly: part.reduce(0) { $0 * 10 + Int($1 &- 0x30) }) else { return nil }
            octets.append(octet)
        }
        return octets
    }

    private static func v6(_ text: [UInt8]) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        var parts = text.split(separator: colon, omittingEmptySubsequences: false)
        // `::` at an end makes two empty parts there; one stands for the gap.
        if parts.count > 2, parts[0].isEmpty, parts[1].isEmpty { parts.removeFirst() }
        if parts.count > 1, parts[parts.count - 1].isEmpty, parts[parts.count - 2].isEmpty { parts.removeLast() }
        var octets: [UInt8] = []
        var gap: Int?
        for (position, part) in parts.enumerated() {
            if part.isEmpty {
                guard gap == nil else { return nil }
                gap = octets.count
            } else if part.contains(UInt8(ascii: ".")) {
                guard position == parts.count - 1, let tail = self.v4(Array(part)) else { return nil }
                octets += tail
            } else {
                let digits = part.compactMap(\.hexadecimalValue)
                guard digits.count == part.count, digits.count <= 4 else { return nil }
                let group = digits.reduce(UInt16(0)) { $0 << 4 | UInt16($1) }
                octets += [UInt8(truncatingIfNeeded: group >> 8), UInt8(truncatingIfNeeded: group)]
            }
        }
        if let gap {
            // Text such as `:1::` or `1:` has an empty part that is no gap.
            let hasDoubleColon = zip(text, text.dropFirst()).contains { $0 == colon && $1 == colon }
            guard octets.count < 16, hasDoubleColon else { return nil }
            octets.insert(contentsOf: repeatElement(0, count: 16 - octets.count), at: gap)
        }
        return octets.count == 16 ? octets : nil
    }
}

extension DNSAddress: CustomStringConvertible {
    /// The dotted quad, or the canonical IPv6 text of RFC 5952 §4.
    public var description: String {
        if self.isIPv4 { return self.octets.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(self.octets[$0]) << 8 | UInt16(self.octets[$0 + 1]) }
        if groups[0..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF {
            return "::ffff:" + self.octets[12...].map { String($0) }.joined(separator: ".")
        }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = max(end, start + 1)
        }
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard !longest.isEmpty else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}
