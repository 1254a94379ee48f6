internal import GatepostModel
internal import GatepostServer
internal import MailSyntax

/// Writes a message (RFC 5322) with text and attachments (RFC 2045, 2046).
struct MessageComposer {
    struct Attachment {
        var name: String
        var content: [UInt8]
    }

    var from: String
    var to: [String]
    var cc: [String]
    var subject: String
    var body: String
    var attachments: [Attachment]

    func compose(now: Timestamp, hostname: String) -> [UInt8] {
        var octets: [UInt8] = []
        func line(_ text: String) { octets += Array("\(text)\r\n".utf8) }
        line("Date: \(MailDate.format(secondsSince1970: now.secondsSince1970))")
        line("From: \(self.from)")
        if !self.to.isEmpty { line("To: \(self.to.joined(separator: ",\r\n "))") }
        if !self.cc.isEmpty { line("Cc: \(self.cc.joined(separator: ",\r\n "))") }
        line("Subject: \(MessageComposer.encodedWords(self.subject))")
        line("Message-ID: <\(MessageComposer.random()).\(now.milliseconds)@\(hostname)>")
        line("MIME-Version: 1.0")
        guard !self.attachments.isEmpty else {
            octets += self.textPart()
            return octets
        }
        let boundary = "=_\(MessageComposer.random())"
        line("Content-Type: multipart/mixed; boundary=\"\(boundary)\"")
        line("")
        line("--\(boundary)")
        octets += self.textPart()
        for attachment in self.attachments {
            line("")
            line("--\(boundary)")
            line("Content-Type: application/octet-stream")
            line("Content-Disposition: attachment; \(MessageComposer.parameter("filename", attachment.name))")
            line("Content-Transfer-Encoding: base64")
            line("")
            octets += MessageComposer.base64Lines(attachment.content)
        }
        line("--\(boundary)--")
        return octets
    }

    /// Content-Type, an empty line and the text: as it is where every line is short ASCII, else base64.
    private func textPart() -> [UInt8] {
        let text = MessageComposer.canonical(Array(self.body.utf8))
        let isASCII = text.allSatisfy { $0 < 0x80 && $0 != 0 }
        let isShort = text.split(separator: 0x0A).allSatisfy { $0.count <= 998 }
        if isASCII && isShort {
            return Array("Content-Type: text/plain; charset=us-ascii\r\n\r\n".utf8) + text
        }
        return Array("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".utf8)
            + MessageComposer.base64Lines(text)
    }

    /// CRLF after every line, the last one too.
    static func canonical(_ octets: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(octets.count + octets.count / 40 + 2)
        var previous: UInt8 = 0
        for octet in octets {
            if octet == 0x0A, previous != 0x0D { result.append(0x0D) }
            if previous == 0x0D, octet != 0x0A { result.append(0x0A) }
            result.append(octet)
            previous = octet
        }
        if previous == 0x0D { result.append(0x0A) }
        if !result.isEmpty, result.last != 0x0A { result += [0x0D, 0x0A] }
        return result
    }

    private static func base64Lines(_ octets: [UInt8]) -> [UInt8] {
        var lines: [UInt8] = []
        var rest = Base64.encode(octets)[...]
        while !rest.isEmpty {
            lines += rest.prefix(76)
            lines += [0x0D, 0x0A]
            rest = rest.dropFirst(76)
        }
        return lines
    }

    /// RFC 2047 §2: what is not printable ASCII goes into encoded words of 75 characters or fewer, no character split.
    static func encodedWords(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) || text.contains("=?") else { return text }
        var words: [String] = []
        var piece: [UInt8] = []
        for scalar in text.unicodeScalars {
            let octets = Array(String(scalar).utf8)
            if piece.count + octets.count > 45 {
                words.append(MessageComposer.encodedWord(piece))
                piece = []
            }
            piece += octets
        }
        if !piece.isEmpty { words.append(MessageComposer.encodedWord(piece)) }
        return words.joined(separator: "\r\n ")
    }

    private static func encodedWord(_ octets: [UInt8]) -> String {
        "=?utf-8?B?\(String(decoding: Base64.encode(octets), as: UTF8.self))?="
    }

    /// RFC 2231 §4 where the value is not ASCII.
    private static func parameter(_ name: String, _ value: String) -> String {
        if value.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) {
            return "\(name)=\"\(value)\""
        }
        let encoded = value.utf8.map { octet -> String in
            let isPlain =
                (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
                || octet == 0x2E || octet == 0x2D || octet == 0x5F
            if isPlain { return String(UnicodeScalar(octet)) }
            return (octet < 16 ? "%0" : "%") + String(octet, radix: 16, uppercase: true)
        }
        return "\(name)*=utf-8''\(encoded.joined())"
    }

    private static func random() -> String {
        RandomOctets.make(12).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
