import MailSyntax

extension DialogScript {
    /// Replaces what stands in braces: `{base64 \0tim\0secret}`, `{repeat 600 x}`, `{raw \r\n.\x00}`.
    static func expand(_ text: Substring) throws -> [UInt8] {
        var octets: [UInt8] = []
        var rest = text.utf8[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            octets += rest[..<open]
            guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else {
                throw DialogSyntaxError(description: "a brace is not closed")
            }
            octets += try Self.expandBrace(Array(rest[rest.index(after: open)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return octets + rest
    }

    private static func expandBrace(_ content: [UInt8]) throws -> [UInt8] {
        let verb = String(decoding: content.prefix { $0 != 0x20 }, as: UTF8.self)
        let argument = Array(content.dropFirst(verb.utf8.count + 1))
        switch verb {
        case "base64": return Base64.encode(try Self.unescape(argument))
        case "raw": return try Self.unescape(argument)
        case "repeat":
            let count = String(decoding: argument.prefix { $0 != 0x20 }, as: UTF8.self)
            guard let number = Int(count) else { throw DialogSyntaxError(description: "repeat takes a number, text") }
            let piece = try Self.unescape(Array(argument.dropFirst(count.utf8.count + 1)))
            return Array(repeatElement(piece, count: number).joined())
        default: throw DialogSyntaxError(description: "in braces stands base64, raw or repeat")
        }
    }

    private static func unescape(_ text: [UInt8]) throws -> [UInt8] {
        var octets: [UInt8] = []
        var iterator = text.makeIterator()
        while let octet = iterator.next() {
            guard octet == UInt8(ascii: "\\") else {
                octets.append(octet)
                continue
            }
            switch iterator.next() {
            case UInt8(ascii: "r"): octets.append(0x0d)
            case UInt8(ascii: "n"): octets.append(0x0a)
            case UInt8(ascii: "0"): octets.append(0)
            case UInt8(ascii: "\\"): octets.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                let digits = [iterator.next(), iterator.next()].compactMap { $0 }
                guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                    throw DialogSyntaxError(description: "\\x takes two hexadecimal digits")
                }
                octets.append(value)
            default: throw DialogSyntaxError(description: "escapes are \\r \\n \\0 \\\\ \\xNN")
            }
        }
        return octets
    }
}
