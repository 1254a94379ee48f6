internal import MailSyntax

/// Encoded words in unstructured fields (RFC 2047): `=?utf-8?B?w6Q=?=`.
package enum EncodedWord {
    /// The text for people: encoded words in UTF-8, US-ASCII and ISO 8859-1 are decoded, others stay as they stand.
    /// White space between two encoded words goes (RFC 2047 §6.2). Invalid octets become U+FFFD, control octets blanks.
    package static func decode(_ value: [UInt8]) -> String {
        guard value.contains(ASCII.equals) else { return self.text(value) }
        var output: [UInt8] = []
        var index = value.startIndex
        var endOfLastWord: Int?
        while index < value.endIndex {
            if value[index] == ASCII.equals, let (octets, end) = self.word(in: value, at: index) {
                if let lastEnd = endOfLastWord, value[lastEnd..<index].allSatisfy({ ASCII.isWhitespace($0) }) {
                    output.removeLast(index - lastEnd)
                }
                output += octets
                index = end
                endOfLastWord = end
            } else {
                output.append(value[index])
                index += 1
            }
        }
        return self.text(output)
    }

    private static func text(_ octets: [UInt8]) -> String {
        String(decoding: octets.map { $0 < 0x20 || $0 == ASCII.del ? ASCII.space : $0 }, as: UTF8.self)
    }

    /// One encoded word that begins at `start`: its octets in UTF-8, and where it ends.
    private static func word(in value: [UInt8], at start: Int) -> (octets: [UInt8], end: Int)? {
        // At most 75 octets long by the RFC; senders overdo it, so ten times that is read.
        let limit = min(value.endIndex, start + 750)
        guard start + 1 < limit, value[start + 1] == ASCII.question else { return nil }
        guard let charsetEnd = value[(start + 2)..<limit].firstIndex(of: ASCII.question), charsetEnd + 2 < limit,
            value[charsetEnd + 2] == ASCII.question
        else { return nil }
        let textStart = charsetEnd + 3
        guard let textEnd = value[textStart..<limit].firstIndex(of: ASCII.question), textEnd + 1 < limit,
            value[textEnd + 1] == ASCII.equals
        else { return nil }
        let text = value[textStart..<textEnd]
        let decoded: [UInt8]?
        switch value[charsetEnd + 1] {
        case UInt8(ascii: "B"), UInt8(ascii: "b"): decoded = Base64.decode(text)
        case UInt8(ascii: "Q"), UInt8(ascii: "q"): decoded = self.quoted(text)
        default: decoded = nil
        }
        guard let decoded else { return nil }
        // RFC 2231 §5: a language may follow the charset.
        let charset = value[(start + 2)..<charsetEnd].prefix { $0 != ASCII.asterisk }
        switch ASCII.lowercased(String(decoding: charset, as: UTF8.self)) {
        case "utf-8", "us-ascii", "utf8":
            return (decoded, textEnd + 2)
        case "iso-8859-1", "latin1":
            return (Array(String(String.UnicodeScalarView(decoded.map { Unicode.Scalar($0) })).utf8), textEnd + 2)
        default:
            return nil
        }
    }

    private static func quoted(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "_"):
                output.append(ASCII.space)
            case ASCII.equals:
                guard index + 2 < text.endIndex, let high = ASCII.hexadecimalValue(text[index + 1]),
                    let low = ASCII.hexadecimalValue(text[index + 2])
                else { return nil }
                output.append(high << 4 | low)
                index += 2
            default:
                output.append(text[index])
            }
            index += 1
        }
        return output
    }
}
