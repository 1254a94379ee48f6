import SMTP
import Testing

@Suite("Replies on the wire, RFC 5321 §4.2, RFC 2034 §4")
struct ReplyTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var reply: Reply
        var wire: String
        var testDescription: String { self.wire.escaped }
    }

    static let vectors = [
        Vector(reply: Reply(220, nil, "mail.example.org ESMTP"), wire: "220 mail.example.org ESMTP\r\n"),
        Vector(reply: Reply(250, .init(2, 1, 0), "Ok"), wire: "250 2.1.0 Ok\r\n"),
        Vector(reply: Reply(535, .init(5, 7, 8), "No"), wire: "535 5.7.8 No\r\n"),
        Vector(reply: Reply(538, .init(5, 7, 11), "No"), wire: "538 5.7.11 No\r\n"),
        Vector(reply: Reply(550, .init(5, 104, 999), "No"), wire: "550 5.104.999 No\r\n"),
        Vector(reply: Reply(250, nil, "host", "PIPELINING", "DSN"), wire: "250-host\r\n250-PIPELINING\r\n250 DSN\r\n"),
        Vector(reply: Reply(550, .init(5, 7, 1), "a", "b"), wire: "550-5.7.1 a\r\n550 5.7.1 b\r\n"),
        Vector(reply: Reply(334, nil, ""), wire: "334 \r\n"),
        Vector(reply: Reply(code: 250, enhanced: nil, lines: []), wire: "250 \r\n"),
        // What a peer said must not become a line of its own (CWE-93).
        Vector(reply: Reply(550, .init(5, 0, 0), "a\r\n250 b"), wire: "550 5.0.0 a??250 b\r\n"),
        Vector(reply: Reply(550, nil, "a\u{0}\u{1b}[31m\u{7f}\tb"), wire: "550 a??[31m??b\r\n"),
        Vector(reply: Reply(550, nil, "a\u{85}b\u{2028}c"), wire: "550 a\u{85}b\u{2028}c\r\n"),
        Vector(reply: Reply(250, nil, "jürgen"), wire: "250 jürgen\r\n"),
    ]

    @Test("each line carries code, enhanced code, text", arguments: vectors)
    func encodes(_ vector: Vector) {
        #expect(String(decoding: vector.reply.encode(), as: UTF8.self) == vector.wire)
    }

    @Test("replies are appended one behind the other")
    func appends() {
        var octets = "x".wire
        Reply(250, nil, "a").encode(into: &octets)
        Reply(251, nil, "b").encode(into: &octets)
        #expect(octets == "x250 a\r\n251 b\r\n".wire)
    }

    @Test("the first digit says what it means", arguments: 200..<600)
    func severity(code: Int) {
        let reply = Reply(code, nil, "")
        #expect(
            [reply.isPositive, reply.isIntermediate, reply.isTransient, reply.isPermanent].filter { $0 }.count == 1
        )
        #expect(reply.isPositive == (code / 100 == 2))
        #expect(reply.isIntermediate == (code / 100 == 3))
        #expect(reply.isTransient == (code / 100 == 4))
        #expect(reply.isPermanent == (code / 100 == 5))
    }
}

@Suite("Enhanced status codes, RFC 3463 §2")
struct EnhancedStatusCodeTests {
    @Test(
        "are read where they are whole",
        arguments: [
            ("2.0.0", (2, 0, 0)), ("5.7.8", (5, 7, 8)), ("4.7.0", (4, 7, 0)), ("5.7.139", (5, 7, 139)),
            ("5.999.999", (5, 999, 999)), ("5.07.1", (5, 7, 1)),
        ]
    )
    func reads(_ text: String, _ parts: (Int, Int, Int)) {
        #expect(EnhancedStatusCode(text) == EnhancedStatusCode(parts.0, parts.1, parts.2))
    }

    @Test(
        "are not read where they are not",
        arguments: [
            "", "5", "5.7", "5.7.", "5.7.8.9", ".5.7.8", "5..8", "3.7.8", "1.0.0", "6.0.0", "0.0.0", "5.7.1000",
            "5.1000.1", "99999999999999999999.1.1", "5.7.8 ", "a.b.c", "5.7.-8", "5.7.٨",
        ]
    )
    func refuses(_ text: String) {
        #expect(EnhancedStatusCode(text) == nil)
    }

    @Test("print as they are read", arguments: ["2.0.0", "5.7.8", "5.7.139"])
    func prints(_ text: String) {
        #expect(EnhancedStatusCode(text)?.description == text)
    }
}
