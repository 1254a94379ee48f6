/// Base64 inside SCRAM messages (RFC 5802 §7, RFC 4648 §4): no white space, padding where it belongs, pad bits zero.
enum SCRAMBase64 {
    static func encode(_ octets: some Collection<UInt8>) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var encoded: [UInt8] = []
        encoded.reserveCapacity((octets.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for octet in octets {
            bits = bits << 8 | UInt32(octet)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                encoded.append(alphabet[Int(bits >> bitCount & 0x3F)])
            }
            bits &= 0x3F
        }
        if bitCount > 0 {
            encoded.append(alphabet[Int(bits << (6 - bitCount) & 0x3F)])
        }
        while !encoded.count.isMultiple(of: 4) {
            encoded.append(UInt8(ascii: "="))
        }
        return encoded
    }

    /// `nil` for anything that ``encode(_:)`` would not have written.
    static func decode(_ encoded: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        guard encoded.count.isMultiple(of: 4) else { return nil }
        var digits = encoded[...]
        var padding = 0
        while padding < 2, digits.last == UInt8(ascii: "=") {
            digits.removeLast()
            padding += 1
        }
        var octets: [UInt8] = []
        octets.reserveCapacity(encoded.count / 4 * 3)
        var bits: UInt32 = 0
        var bitCount = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                octets.append(UInt8(truncatingIfNeeded: bits >> bitCount))
                bits &= (1 << bitCount) - 1
            }
        }
        guard bits == 0, bitCount == padding * 2 else { return nil }
        return octets
    }
}
