/// The frame that every context token of Kerberos has (RFC 2743 §3.1, RFC 4121 §4.1).
enum TokenFrame {
    /// 1.2.840.113554.1.2.2 in DER, with tag and length.
    private static let mechanism: [UInt8] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02]

    /// Whether the octets are `[APPLICATION 0] { mechanism, … }` of just this length, for the mechanism Kerberos.
    static func isKerberos(_ token: [UInt8]) -> Bool {
        guard token.count >= 2, token[0] == 0x60 else { return false }
        var rest = token[2...]
        var length = Int(token[1])
        if length >= 0x80 {
            let octets = length - 0x80
            // Four octets of length are more than any token has.
            guard (1...4).contains(octets), rest.count >= octets else { return false }
            length = rest.prefix(octets).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(octets)
        }
        return length == rest.count && rest.starts(with: self.mechanism)
    }
}
