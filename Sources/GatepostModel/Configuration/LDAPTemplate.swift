/// A distinguished name or search filter with places for parts of an address: `%s` the address, `%u` its local part, `%d` its domain,
/// `%%` a per cent sign.
///
/// What is put in is escaped for where it goes, so that an address cannot change what is asked.
package struct LDAPTemplate: Sendable, Hashable, CustomStringConvertible {
    /// Where the text goes.
    package enum Syntax: Sendable, Hashable {
        /// A distinguished name (RFC 4514 §2.4).
        case distinguishedName
        /// A search filter (RFC 4515 §3).
        case filter
    }

    private enum Part: Sendable, Hashable {
        case text(String)
        case address
        case localPart
        case domain
    }

    package var syntax: Syntax
    package var description: String
    private var parts: [Part] = []

    /// `nil` where a `%` is followed by something else, or where nothing of the address is asked for, which would find the same entry
    /// for everybody.
    package init?(_ text: String, _ syntax: Syntax) {
        self.syntax = syntax
        self.description = text
        var rest = text.utf8[...]
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            self.parts.append(.text(String(decoding: rest[..<percent], as: UTF8.self)))
            rest = rest[percent...].dropFirst()
            switch rest.popFirst() {
            case UInt8(ascii: "s"): self.parts.append(.address)
            case UInt8(ascii: "u"): self.parts.append(.localPart)
            case UInt8(ascii: "d"): self.parts.append(.domain)
            case UInt8(ascii: "%"): self.parts.append(.text("%"))
            default: return nil
            }
        }
        self.parts.append(.text(String(decoding: rest, as: UTF8.self)))
        guard self.parts.contains(.address) || self.parts.contains(.localPart) else { return nil }
    }

    package func filled(localPart: String, domain: String) -> String {
        self.parts.map { part in
            switch part {
            case .text(let text): text
            case .address: self.escaped("\(localPart)@\(domain)")
            case .localPart: self.escaped(localPart)
            case .domain: self.escaped(domain)
            }
        }.joined()
    }

    /// Every octet but letters, digits and `@ . _ -` as a hexadecimal pair, which both grammars take for any octet: there is no list of
    /// dangerous ones to be incomplete.
    private func escaped(_ text: String) -> String {
        var result: [UInt8] = []
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "@"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                result.append(octet)
            default:
                result.append(UInt8(ascii: "\\"))
                result += [octet >> 4, octet & 15].map { $0 < 10 ? $0 + 0x30 : $0 + 0x57 }
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
