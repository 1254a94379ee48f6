/// What a refused login is looked up by: `7K3Q-9FDM`. Carried by the `535` reply, the log and the case file.
///
/// 40 random bits in an alphabet that can be read over the telephone: no I, L, O, U (Crockford's base32).
package struct AuthenticationReference: Hashable, Sendable, Codable, CustomStringConvertible {
    package let description: String

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// - Parameter random: 5 random octets or more; with fewer, the missing ones count as zero.
    package init(random: some Sequence<UInt8>) {
        var octets = Array(random.prefix(5))
        while octets.count < 5 { octets.append(0) }
        let bits = octets.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var text: [UInt8] = []
        for group in 0..<8 {
            if group == 4 { text.append(UInt8(ascii: "-")) }
            text.append(Self.alphabet[Int(truncatingIfNeeded: bits >> UInt64(35 - 5 * group)) & 0x1f])
        }
        self.description = String(decoding: text, as: UTF8.self)
    }

    /// Reads what a person typed: any case, with or without the hyphen, I and L for 1, O for 0; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var digits: [UInt8] = []
        for octet in text.utf8 {
            let upper = (0x61...0x7a).contains(octet) ? octet & 0xdf : octet
            switch upper {
            case UInt8(ascii: "-"), UInt8(ascii: " "): continue
            case UInt8(ascii: "I"), UInt8(ascii: "L"): digits.append(UInt8(ascii: "1"))
            case UInt8(ascii: "O"): digits.append(UInt8(ascii: "0"))
            default:
                guard Self.alphabet.contains(upper) else { return nil }
                digits.append(upper)
            }
            guard digits.count <= 8 else { return nil }
        }
        guard digits.count == 8 else { return nil }
        digits.insert(UInt8(ascii: "-"), at: 4)
        self.description = String(decoding: digits, as: UTF8.self)
    }
}
