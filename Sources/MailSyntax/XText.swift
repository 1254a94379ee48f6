/// The `xtext` encoding of parameter values (RFC 3461 §4): `+` and two upper-case hexadecimal digits for each octet that
/// is not a visible ASCII character, and for `+` and `=`.
public enum XText {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// The octets as xtext.
    public static func encode(_ octets: some Sequence<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(octets.underestimatedCount)
        for octet in octets {
            if ASCII.isVisible(octet), octet != ASCII.plus, octet != ASCII.equals {
                text.append(octet)
            } else {
                text += [ASCII.plus, Self.digits[Int(octet >> 4)], Self.digits[Int(octet & 15)]]
            }
        }
        return text
    }

    /// The octets that xtext stands for, or nil when `text` is no xtext.
    public static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.underestimatedCount)
        var iterator = text.makeIterator()
        while let octet = iterator.next() {
            guard ASCII.isVisible(octet), octet != ASCII.equals else { return nil }
            guard octet == ASCII.plus else {
                octets.append(octet)
                continue
            }
            guard let high = iterator.next().flatMap(Self.value), let low = iterator.next().flatMap(Self.value) else {
                return nil
            }
            octets.append(high << 4 | low)
        }
        return octets
    }

    /// The text's UTF-8 as xtext.
    public static func encode(_ text: String) -> String {
        String(decoding: self.encode(text.utf8), as: UTF8.self)
    }

    /// The text that xtext stands for, or nil when `text` is no xtext or does not stand for UTF-8.
    public static func decode(_ text: String) -> String? {
        self.decode(text.utf8).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private static func value(_ octet: UInt8) -> UInt8? {
        // Lower case is not xtext (RFC 3461 §4).
        octet >= 0x61 ? nil : ASCII.hexadecimalValue(octet)
    }
}
