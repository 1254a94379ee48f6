/// Messages with what canonicalizations differ about; each ends as it is sent.
enum Messages {
    static let header = """
        From: Ann <ann@example.org>\r
        To: bob@example.net,\r
        \tcarol@example.net\r
        Subject: Hello   there\r
        Date: Fri, 21 Nov 2025 12:00:00 +0000\r
        Message-ID: <1@example.org>\r
        MIME-Version: 1.0\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Transfer-Encoding: 8bit\r

        """

    static let all: [(name: String, octets: [UInt8])] = {
        let bodies: [(String, String)] = [
            ("plain", "\r\nHi Bob,\r\n\r\nlunch?\r\n"),
            ("empty-body", "\r\n"),
            ("one-line-end", "\r\n\r\n"),
            ("trailing-lines", "\r\nHi\r\n\r\n\r\n\r\n"),
            ("white-space", "\r\n  a \t b  \r\n\t\r\nc\t\r\n \r\n"),
            ("eight-bit", "\r\nGrüße\r\n"),
            ("dots", "\r\n.\r\n..\r\n.a\r\n"),
            ("long-line", "\r\n" + String(repeating: "abc ", count: 240) + "\r\n"),
        ]
        var messages: [(name: String, octets: [UInt8])] = []
        for (name, body) in bodies { messages.append((name, Array((Messages.header + body).utf8))) }
        let header = Messages.header.replacing("Hello   there", with: "Grüße   dort").replacing("Ann", with: "Änn")
        messages.append(("utf8-header", Array((header + "\r\nGrüße\r\n").utf8)))
        return messages
    }()
}
