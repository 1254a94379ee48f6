internal import MailSyntax

/// Lines of a notification under construction. What others said cannot break out of the line it is put in.
struct DSNText {
    var octets: [UInt8] = []

    /// Lines of 998 octets at most (RFC 5322 §2.1.1), CRLF included here.
    mutating func line(_ text: String = "") {
        self.octets += Self.clean(text).prefix(998)
        self.octets += [ASCII.cr, ASCII.lf]
    }

    /// A header field, folded at blanks so that lines stay below 78 octets where they can.
    mutating func field(_ name: String, _ value: String) {
        let words = Self.clean(value).prefix(4096).split(separator: ASCII.space)
        self.octets += name.utf8
        self.octets.append(ASCII.colon)
        var column = name.utf8.count + 1
        for (index, word) in words.enumerated() {
            if index > 0, column + 1 + word.count > 77 {
                self.octets += [ASCII.cr, ASCII.lf, ASCII.tab]
                column = 8
            } else {
                self.octets.append(ASCII.space)
                column += 1
            }
            self.octets += word.prefix(900)
            column += word.count
        }
        self.octets += [ASCII.cr, ASCII.lf]
    }

    /// Text broken at blanks, each line indented.
    mutating func paragraph(_ text: String, indent: String) {
        var line = Array(indent.utf8)
        var hasWord = false
        for word in Self.clean(text).prefix(4096).split(separator: ASCII.space) {
            if hasWord, line.count + 1 + word.count > 77 {
                self.octets += line + [ASCII.cr, ASCII.lf]
                line = Array(indent.utf8)
                hasWord = false
            }
            if hasWord { line.append(ASCII.space) }
            line += word.prefix(900)
            hasWord = true
        }
        if hasWord { self.octets += line + [ASCII.cr, ASCII.lf] }
    }

    private static func clean(_ text: String) -> [UInt8] {
        text.utf8.map { $0 < 0x20 || $0 == ASCII.del ? ASCII.space : $0 }
    }
}
