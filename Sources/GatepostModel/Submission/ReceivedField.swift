package import MailSyntax

/// The trace field that each server puts in front of a message (RFC 5321 §4.4).
///
///     Received: from [submitted] by mail.example.org (Gatepost)
///         with ESMTPSA id 0jfh5v8m2rk3tq9d1s6n4c;
///         Tue, 24 Nov 2026 06:44:49 +0000
package struct ReceivedField: Hashable, Sendable {
    /// Where the message came from.
    package enum Origin: Hashable, Sendable {
        /// From someone who logged in. Their address is nobody's business: the identifier leads the operator to it.
        case submitted
        /// From another server: what it called itself, its address, and its name in the DNS when one was found.
        case server(heloName: String, address: IPAddress, name: String?)
        /// Over a local socket or by this server itself.
        case local
    }

    /// The field with its CRLF. Lines stay below 78 octets unless one name alone is longer.
    package let octets: [UInt8]

    package init(context: HeaderFixups.Context, origin: Origin, recipient: ForwardPath? = nil) {
        var words = ["from"]
        switch origin {
        case .submitted: words.append("[submitted]")
        case .local: words.append("localhost")
        case .server(let heloName, let address, let name):
            words.append(Self.token(heloName))
            let literal = address.description.utf8.contains(ASCII.colon) ? "[IPv6:\(address)]" : "[\(address)]"
            if let name {
                words += ["(\(Self.token(name))", "\(literal))"]
            } else {
                words.append("(\(literal))")
            }
        }
        words += ["by", Self.token(context.hostname), "(Gatepost)"]
        words += ["with", Self.token(context.protocolKeyword), "id"]
        if let recipient {
            words += [context.identifier.description, "for", recipient.wire + ";"]
        } else {
            words.append("\(context.identifier);")
        }
        let date = MailDate.format(
            secondsSince1970: context.now.secondsSince1970,
            offsetMinutes: context.offsetMinutes
        )
        self.octets = Self.folded("Received:", words: words, date: date)
    }

    /// Words that belong together in the eyes of a reader start a line; the date stands on its own.
    private static func folded(_ name: String, words: [String], date: String) -> [UInt8] {
        var octets = Array(name.utf8)
        var column = octets.count
        for word in words {
            let startsClause = word == "with" || word == "for" || (word == "by" && column > 48)
            if startsClause || column + 1 + word.utf8.count > 76 {
                octets += "\r\n\t".utf8
                column = 8
            } else {
                octets.append(ASCII.space)
                column += 1
            }
            octets += word.utf8
            column += word.utf8.count
        }
        octets += "\r\n\t\(date)\r\n".utf8
        return octets
    }

    /// A peer's word as one token: nothing in it may end a comment, a line or the field.
    private static func token(_ text: String) -> String {
        let octets = text.utf8.prefix(255).map { octet -> UInt8 in
            switch octet {
            case UInt8(ascii: "("), UInt8(ascii: ")"), ASCII.semicolon, ASCII.backslash, ASCII.quote, ASCII.less,
                ASCII.greater, 0...0x20, ASCII.del:
                UInt8(ascii: "?")
            default: octet
            }
        }
        return octets.isEmpty ? "unknown" : String(decoding: octets, as: UTF8.self)
    }
}
