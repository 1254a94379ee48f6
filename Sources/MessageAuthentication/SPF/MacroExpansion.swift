internal import DNS
internal import MailSyntax

/// What macros stand for in one evaluation (RFC 7208 §7.2).
struct MacroValues {
    var request: SPF.Request
    /// The domain whose record is being evaluated.
    var domain: String
    /// The client's validated name, `unknown` when there is none or it was not looked for.
    var clientName = "unknown"

    /// The octets that text with macros stands for.
    ///
    /// - Returns: nil when the local part has octets above 127 and a macro asks for it: such a term never matches
    ///   (RFC 8616 §4).
    func expand(_ text: MacroString) -> [UInt8]? {
        var expansion: [UInt8] = []
        for part in text.parts {
            switch part {
            case .literal(let octets), .escape(let octets): expansion += octets
            case .macro(let macro):
                let value = Array(self.value(macro.letter).utf8)
                guard value.allSatisfy({ $0 < 0x80 }) else { return nil }
                expansion += Self.transform(value, macro)
            }
        }
        return expansion
    }

    private func value(_ letter: UInt8) -> String {
        switch letter {
        case UInt8(ascii: "s"): self.request.sender
        case UInt8(ascii: "l"): self.request.localPart
        case UInt8(ascii: "o"): self.request.domain
        case UInt8(ascii: "d"): self.domain
        case UInt8(ascii: "i"): Self.dotted(self.request.clientAddress)
        case UInt8(ascii: "p"): self.clientName
        case UInt8(ascii: "h"): self.request.helo
        case UInt8(ascii: "c"): self.request.clientAddress.description
        case UInt8(ascii: "r"): self.request.receiver
        case UInt8(ascii: "t"): String(self.request.secondsSince1970)
        default: self.request.clientAddress.family == .v4 ? "in-addr" : "ip6"
        }
    }

    /// The dotted quad, or the 32 nibbles with dots between.
    private static func dotted(_ address: IPAddress) -> String {
        guard address.family == .v6 else { return address.description }
        return address.octets.flatMap { [$0 >> 4, $0 & 15] }
            .map { String($0, radix: 16, uppercase: true) }
            .joined(separator: ".")
    }

    private static func transform(_ value: [UInt8], _ macro: MacroString.Macro) -> [UInt8] {
        var parts = value.split(omittingEmptySubsequences: false) { macro.delimiters.contains($0) }
        if macro.isReversed { parts.reverse() }
        if let count = macro.count { parts = parts.suffix(count) }
        let joined = Array(parts.joined(separator: [ASCII.dot]))
        guard macro.isURLEncoded else { return joined }
        return joined.flatMap { octet -> [UInt8] in
            if ASCII.isLetterOrDigit(octet) || "-._~".utf8.contains(octet) { return [octet] }
            let digits = Array("0123456789ABCDEF".utf8)
            return [ASCII.percent, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
        }
    }

    /// The name that an expansion is, shortened from the left until it is no longer than a name may be (RFC 7208 §7.3).
    ///
    /// - Returns: nil when a label is empty or too long: no name of DNS.
    static func name(_ expansion: [UInt8]) -> DNSName? {
        var labels = expansion.split(separator: ASCII.dot, omittingEmptySubsequences: false).map { Array($0) }
        if labels.last?.isEmpty == true { labels.removeLast() }
        // In text a name has at most 253 octets without its final dot: one less than in wire form, twice.
        var count = labels.reduce(-1) { $0 + $1.count + 1 }
        while count > 253, let first = labels.first {
            count -= first.count + 1
            labels.removeFirst()
        }
        return labels.isEmpty ? nil : DNSName(labels: labels)
    }
}
