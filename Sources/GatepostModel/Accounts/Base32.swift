internal import MailSyntax

/// Base32 (RFC 4648 §6) without padding, as authenticator programs write secrets.
package enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    package static func encode(_ octets: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for octet in octets {
            bits = bits << 8 | UInt32(octet)
            count += 8
            while count >= 5 {
                count -= 5
                text.append(Base32.alphabet[Int(bits >> UInt32(count)) & 31])
            }
            bits &= (1 << UInt32(count)) - 1
        }
        if count > 0 { text.append(Base32.alphabet[Int(bits << UInt32(5 - count)) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads upper and lower case, with padding at the end or without; spaces are ignored. nil for anything else.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var octets: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        var isPadding = false
        for octet in text.utf8 where octet != ASCII.space {
            if octet == ASCII.equals {
                isPadding = true
                continue
            }
            guard !isPadding, let value = Base32.alphabet.firstIndex(of: ASCII.uppercased(octet)) else { return nil }
            bits = bits << 5 | UInt32(value)
            count += 5
            if count >= 8 {
                count -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        // What is left over is less than a letter, and zero.
        guard count < 5, bits == 0 else { return nil }
        return octets
    }
}
