import SMTP
import Testing

@Suite("Replies as they arrive, RFC 5321 §4.2")
struct ReplyDecoderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var octets: String
        var replies: [Reply]

        init(_ octets: String, _ replies: Reply...) {
            self.octets = octets
            self.replies = replies
        }

        var testDescription: String { self.octets.debugDescription }
    }

    static let good: [Case] = [
        Case("250 ok\r\n", Reply(250, nil, "ok")),
        Case("250\r\n", Reply(250, nil, "")),
        Case("250 \r\n", Reply(250, nil, "")),
        Case("250 2.1.0 ok\r\n", Reply(250, EnhancedStatusCode(2, 1, 0), "ok")),
        Case("250 2.1.0\r\n", Reply(250, EnhancedStatusCode(2, 1, 0), "")),
        Case("550 5.7.139 no\r\n", Reply(550, EnhancedStatusCode(5, 7, 139), "no")),
        // Not an enhanced code: another class, too long, not three numbers, something else after it.
        Case("550 2.1.0 ok\r\n", Reply(550, nil, "2.1.0 ok")),
        Case("250 2.1.1000 ok\r\n", Reply(250, nil, "2.1.1000 ok")),
        Case("250 2.1 ok\r\n", Reply(250, nil, "2.1 ok")),
        Case("250 2.1.0. ok\r\n", Reply(250, nil, "2.1.0. ok")),
        Case("250 2..0 ok\r\n", Reply(250, nil, "2..0 ok")),
        Case("334 3.0.0 x\r\n", Reply(334, nil, "3.0.0 x")),
        Case("250-a\r\n250-b\r\n250 c\r\n", Reply(250, nil, "a", "b", "c")),
        Case("250-a\r\n250\r\n", Reply(250, nil, "a", "")),
        Case("550-5.1.1 a\r\n550 5.1.1 b\r\n", Reply(550, EnhancedStatusCode(5, 1, 1), "a", "b")),
        Case("550-5.1.1 a\r\n550 b\r\n", Reply(550, EnhancedStatusCode(5, 1, 1), "a", "b")),
        Case("250 a\r\n251 b\r\n", Reply(250, nil, "a"), Reply(251, nil, "b")),
        // A bare LF ends a line of a reply as well.
        Case("250-a\n250 b\n", Reply(250, nil, "a", "b")),
        Case("250 a\rb\u{1b}[2Jc\td\r\n", Reply(250, nil, "a?b?[2Jc\td")),
        Case("250 grüß\r\n", Reply(250, nil, "grüß")),
    ]

    @Test("are read", arguments: good)
    func reads(_ vector: Case) throws {
        var decoder = ReplyDecoder()
        decoder.append(Array(vector.octets.utf8))
        var replies: [Reply] = []
        while let reply = try decoder.next() { replies.append(reply) }
        #expect(replies == vector.replies)
        #expect(decoder.isEmpty)
    }

    @Test("are read one octet at a time", arguments: good)
    func readsOctets(_ vector: Case) throws {
        var decoder = ReplyDecoder()
        var replies: [Reply] = []
        for octet in vector.octets.utf8 {
            decoder.append(CollectionOfOne(octet))
            while let reply = try decoder.next() { replies.append(reply) }
        }
        #expect(replies == vector.replies)
        #expect(decoder.isEmpty)
    }

    @Test(
        "that are none are errors",
        arguments: [
            ("\r\n", ReplySyntaxError.Code.notAReply), ("25\r\n", .notAReply), ("2x0 ok\r\n", .notAReply),
            ("150 ok\r\n", .notAReply), ("650 ok\r\n", .notAReply), ("250ok\r\n", .notAReply),
            ("250\tok\r\n", .notAReply),
            (" 250 ok\r\n", .notAReply), ("250-a\r\n251 b\r\n", .codesDiffer), ("250-a\r\nb\r\n", .notAReply),
            ("HTTP/1.1 400 Bad Request\r\n", .notAReply), ("\u{0}\u{0}\u{0}\n", .notAReply),
        ]
    )
    func malformed(_ octets: String, _ code: ReplySyntaxError.Code) {
        var decoder = ReplyDecoder()
        decoder.append(Array(octets.utf8))
        let error = #expect(throws: ReplySyntaxError.self) {
            while try decoder.next() != nil {}
        }
        #expect(error?.code == code)
    }

    @Test("are bounded in line and total length")
    func bounds() throws {
        var decoder = ReplyDecoder(maximumLineOctets: 16, maximumReplyOctets: 40)
        decoder.append(Array("250 0123456789\r\n".utf8))
        #expect(try decoder.next() == Reply(250, nil, "0123456789"))
        decoder.append(Array("250 0123456789a\r\n".utf8))
        #expect(throws: ReplySyntaxError.self) { try decoder.next() }

        decoder = ReplyDecoder(maximumLineOctets: 16, maximumReplyOctets: 40)
        decoder.append(Array("250 0123456789abcdef".utf8))
        #expect(throws: ReplySyntaxError.self) { try decoder.next() }

        decoder = ReplyDecoder(maximumLineOctets: 16, maximumReplyOctets: 40)
        let error = #expect(throws: ReplySyntaxError.self) {
            for _ in 0..<5 {
                decoder.append(Array("250-0123456789\r\n".utf8))
                let reply = try decoder.next()
                #expect(reply == nil)
            }
        }
        #expect(error?.code == .replyTooLong)
    }

    @Test("know whether something is left over")
    func leftover() throws {
        var decoder = ReplyDecoder()
        #expect(decoder.isEmpty)
        decoder.append(Array("220 a\r\n2".utf8))
        _ = try decoder.next()
        #expect(!decoder.isEmpty)
        decoder.append(Array("20-b\r\n".utf8))
        #expect(try decoder.next() == nil)
        #expect(!decoder.isEmpty)
    }
}
