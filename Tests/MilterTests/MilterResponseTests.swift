import MailSyntax
import Milter
import Testing

@Suite("Milter responses")
struct MilterResponseTests {
    @Test(
        "responses without data",
        arguments: zip(
            "cartdspf4",
            [
                MilterResponse.proceed, .accept, .reject, .temporaryFailure, .discard, .skip, .progress,
                .connectionFailure,
                .shutdown,
            ]
        )
    )
    func simple(_ code: Character, _ response: MilterResponse) throws {
        #expect(try MilterResponse(Filter.packet(code)) == response)
        #expect(throws: MilterFailure(.malformedResponse)) { try MilterResponse(Filter.packet(code, "x")) }
    }

    @Test("changes of the message")
    func changes() throws {
        let bob = ForwardPath.mailbox(try Mailbox(parsing: "bob@example.org"))
        let field = MilterField(name: Array("X-A".utf8), value: Array(" b".utf8))
        let vectors: [(MilterPacket, MilterChange)] = [
            (Filter.packet("+", "<bob@example.org>\0"), .addRecipient(bob, parameters: "")),
            (Filter.packet("+", "bob@example.org\0"), .addRecipient(bob, parameters: "")),
            (Filter.packet("2", "<bob@example.org>\0"), .addRecipient(bob, parameters: "")),
            (
                Filter.packet("2", "<bob@example.org>\u{0}NOTIFY=NEVER\0"),
                .addRecipient(bob, parameters: "NOTIFY=NEVER")
            ),
            (Filter.packet("-", "<bob@example.org>\0"), .removeRecipient(bob)),
            (Filter.packet("e", "<>\0"), .sender(.null, parameters: "")),
            (Filter.packet("e", "<>\u{0}BODY=8BITMIME\0"), .sender(.null, parameters: "BODY=8BITMIME")),
            (Filter.packet("h", "X-A\u{0} b\0"), .header(.add(field))),
            (Filter.insertion(2, "X-A", " b"), .header(.insert(field, at: 2))),
            (Filter.change(3, "X-A", " b"), .header(.change(field, 3))),
            (Filter.change(3, "X-A", ""), .header(.delete(Array("X-A".utf8), 3))),
            (Filter.packet("q", "virus\r\nfound\0"), .quarantine("virus??found")),
        ]
        for (packet, change) in vectors {
            #expect(try MilterResponse(packet) == .change(change))
        }
        #expect(try MilterResponse(Filter.packet("b", "x\0y")) == .body([0x78, 0, 0x79]))
    }

    @Test(
        "what cannot be read",
        arguments: [
            Filter.packet("+", "<bob@example.org>"), Filter.packet("+", "bob\0"), Filter.packet("+", "\0"),
            Filter.packet("-", "a b@example.org\0"), Filter.packet("e", "<\0"), Filter.packet("h", "X-A\0"),
            Filter.packet("h", "\u{0}b\0"), Filter.packet("h", "X A\u{0}b\0"), Filter.packet("h", "X:\u{0}b\0"),
            Filter.packet("h", "X\r\nY\u{0}b\0"), Filter.packet("m", [0, 0, 0]), Filter.packet("i", "\0"),
            Filter.packet("h", "X-A\u{0}b\u{0}c\0"), Filter.packet("q"), Filter.packet("y"), Filter.packet("y", "\0"),
            Filter.packet("y", "250 ok\0"), Filter.packet("y", "5x0 no\0"), Filter.packet("y", "550no\0"),
            Filter.packet("y", "550-a\r\n451 b\0"), Filter.packet("O", [0, 0, 0, 6]),
            Filter.packet("O", Filter.negotiation().data + [0, 0, 0, 1, 0x6A]),
        ]
    )
    func malformed(_ packet: MilterPacket) {
        #expect(throws: MilterFailure(.malformedResponse)) { try MilterResponse(packet) }
    }

    @Test("codes that the protocol does not have", arguments: ["C", "z", "l", "\0"] as [Character])
    func unknown(_ code: Character) {
        #expect(throws: MilterFailure(.unknownResponse)) { try MilterResponse(Filter.packet(code)) }
    }

    struct ReplyVector: Sendable {
        var text: String
        var reply: MilterReply
    }

    @Test(
        "replies to the client",
        arguments: [
            ReplyVector(text: "550", reply: MilterReply(code: 550, enhancedCode: nil, lines: [""])),
            ReplyVector(text: "550 5.7.1 No", reply: MilterReply(code: 550, enhancedCode: [5, 7, 1], lines: ["No"])),
            ReplyVector(text: "451 No 100%%", reply: MilterReply(code: 451, enhancedCode: nil, lines: ["No 100%"])),
            // A class that belies the code is text.
            ReplyVector(text: "451 5.7.1 No", reply: MilterReply(code: 451, enhancedCode: nil, lines: ["5.7.1 No"])),
            ReplyVector(
                text: "550-5.7.1 One\r\n550-5.7.1 two\r\n550 5.7.1 three",
                reply: MilterReply(code: 550, enhancedCode: [5, 7, 1], lines: ["One", "two", "three"])
            ),
            ReplyVector(text: "554 a\u{7}b", reply: MilterReply(code: 554, enhancedCode: nil, lines: ["a?b"])),
        ]
    )
    func reply(_ vector: ReplyVector) throws {
        #expect(try MilterResponse(Filter.packet("y", vector.text + "\0")) == .reply(vector.reply))
    }

    @Test("a reply of too many lines")
    func longReply() {
        let text = String(repeating: "550 x\r\n", count: 33)
        #expect(throws: MilterFailure(.limitExceeded)) { try MilterResponse(Filter.packet("y", text + "\0")) }
    }

    @Test("the negotiation names macros at each stage")
    func negotiation() throws {
        let packet = Filter.negotiation(macros: [(.connect, "j {daemon_name}"), (.endOfHeaders, "{i}, v")])
        let expected = MilterResponse.negotiated(
            MilterOptions(steps: []),
            macros: [.connect: ["j", "daemon_name"], .endOfHeaders: ["i", "v"]]
        )
        #expect(try MilterResponse(packet) == expected)
        let long = Filter.negotiation(macros: [(.connect, String(repeating: "x ", count: 10_000))])
        #expect(throws: MilterFailure(.limitExceeded)) { try MilterResponse(long) }
    }

    @Test("a failure's detail is printable and short")
    func detail() {
        let failure = MilterFailure(.unknownResponse, "a\r\nb" + String(repeating: "c", count: 400))
        #expect(failure.detail.hasPrefix("a??b"))
        #expect(failure.detail.utf8.count == 200)
    }
}
