import MailSyntax
import SMTP
import Testing

@Suite("What the client says in MAIL and RCPT, and what it will not")
struct ClientEnvelopeTests {
    private static let everything = [
        "PIPELINING", "SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING",
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var offers: [String]
        var transaction: ClientTransaction
        var expected: String
    }

    static let cases: [Case] = [
        Case(
            testDescription: "DSN parameters, RFC 3461",
            offers: ["PIPELINING", "DSN"],
            transaction: .sample(
                ret: .headers,
                envid: "QQ+314=1 5",
                notify: [.success, .delay],
                originalRecipient: OriginalRecipient(addressType: "rfc822", address: "b+x@orig.test")
            ),
            expected: """
                MAIL FROM:<a@client.test> RET=HDRS ENVID=QQ+2B314+3D1+205
                RCPT TO:<b@mail.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bx@orig.test
                DATA
                """
        ),
        Case(
            testDescription: "no DSN parameters where DSN is not offered",
            offers: ["PIPELINING"],
            transaction: .sample(ret: .full, envid: "x", notify: .never),
            expected: "MAIL FROM:<a@client.test>\nRCPT TO:<b@mail.test>\nDATA"
        ),
        Case(
            testDescription: "a UTF-8 original recipient stays ASCII, RFC 6533 §3",
            offers: ["PIPELINING", "DSN"],
            transaction: .sample(originalRecipient: OriginalRecipient(addressType: "utf-8", address: "jörg@orig.test")),
            expected:
                "MAIL FROM:<a@client.test>\nRCPT TO:<b@mail.test> ORCPT=utf-8;j\\x{F6}rg@orig.test\nDATA"
        ),
        Case(
            testDescription: "BODY=8BITMIME, RFC 6152",
            offers: ["PIPELINING", "8BITMIME"],
            transaction: .sample(body: .eightBitMIME),
            expected: "MAIL FROM:<a@client.test> BODY=8BITMIME\nRCPT TO:<b@mail.test>\nDATA"
        ),
        Case(
            testDescription: "SMTPUTF8 for an address that needs it, RFC 6531 §3.4",
            offers: everything,
            transaction: .sample(to: ["jörg@mail.test"]),
            expected: "MAIL FROM:<a@client.test> SIZE=10 SMTPUTF8\nRCPT TO:<jörg@mail.test>"
        ),
        Case(
            testDescription: "no SMTPUTF8 for a message that does not need it",
            offers: everything,
            transaction: .sample(),
            expected: "MAIL FROM:<a@client.test> SIZE=10\nRCPT TO:<b@mail.test>"
        ),
        Case(
            testDescription: "the null reverse-path",
            offers: ["PIPELINING"],
            transaction: .sample(from: ""),
            expected: "MAIL FROM:<>\nRCPT TO:<b@mail.test>\nDATA"
        ),
        Case(
            testDescription: "a local part that needs quotes",
            offers: ["PIPELINING"],
            transaction: .sample(from: "a b@client.test"),
            expected: "MAIL FROM:<\"a b\"@client.test>\nRCPT TO:<b@mail.test>\nDATA"
        ),
    ]

    @Test("is only what the server offers", arguments: cases)
    func says(_ vector: Case) {
        var session = Self.established(offering: vector.offers)
        session.begin(vector.transaction)
        guard case .send(let octets) = session.nextAction() else {
            Issue.record("nothing was sent")
            return
        }
        let text = String(decoding: octets.filter { $0 != 0x0D }, as: UTF8.self)
        #expect(text == vector.expected + "\n")
    }

    @Test(
        "a message the server cannot take is refused before anything is sent",
        arguments: [
            (["8BITMIME", "SIZE 9"], ClientTransaction.sample(), UnsendableReason.tooLarge(maximumOctets: 9)),
            (["SIZE 1000"], .sample(body: .eightBitMIME), .eightBitNotOffered),
            (["8BITMIME"], .sample(isSMTPUTF8: true), .utf8NotOffered),
            (["8BITMIME"], .sample(from: "jörg@client.test"), .utf8NotOffered),
            (["8BITMIME"], .sample(to: ["b@mail.test", "jörg@mail.test"]), .utf8NotOffered),
            ([], .sample(to: ["b@mail.test>\r\nDATA"]), .invalidEnvelope),
            (["PIPELINING"], .sample(from: "a@client.test\u{0}"), .invalidEnvelope),
        ]
    )
    func unsendable(_ offers: [String], _ transaction: ClientTransaction, _ reason: UnsendableReason) {
        var session = Self.established(offering: offers)
        session.begin(transaction)
        guard case .transactionEnded(let result) = session.nextAction() else {
            Issue.record("something was sent")
            return
        }
        #expect(result.unsendable == reason)
        #expect(
            result.outcomes
                == Array(repeating: .refused(.beforeSending, reason.reply), count: transaction.recipients.count)
        )
        #expect(session.isReady)
        if let action = session.nextAction() { Issue.record("\(action) after the refusal") }
    }

    @Test("the exact limit of SIZE is allowed, and SIZE without a limit allows all")
    func size() {
        for offer in ["SIZE 10", "SIZE", "SIZE 0"] {
            var session = Self.established(offering: [offer])
            session.begin(.sample(size: 10))
            guard case .send = session.nextAction() else {
                Issue.record("\(offer) kept it from sending")
                return
            }
        }
    }

    private static func established(offering offers: [String]) -> ClientSession {
        var session = ClientSession(
            configuration: ClientSession.Configuration(
                heloName: "client.test",
                security: .none,
                nonce: { Array(repeating: 0, count: 24) }
            )
        )
        session.connected()
        session.received(Array("220 mail.test\r\n".utf8))
        session.received(Reply(code: 250, enhanced: nil, lines: ["mail.test"] + offers).encode())
        while session.nextAction() != nil {}
        #expect(session.isReady)
        return session
    }
}
