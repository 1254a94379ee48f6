import GatepostModel
import MailSyntax
import SMTP
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite("Delivery status notifications, RFC 3461, 3464, 6522, 6533")
struct DeliveryStatusNotificationTests {
    private static let identifier = MessageIdentifier(created: noon + .seconds(60), random: Array(1...9))
    private static let text = """
        Received: from [submitted] by mail.example.org (Gatepost)\r
        \twith ESMTPSA id 0000000000000000000000;\r
        \tTue, 24 Nov 2026 12:00:00 +0000\r
        From: Alice <alice@example.org>\r
        To: bob@example.net\r
        Subject: Lunch\r
        Message-ID: <1@example.org>\r
        \r
        At noon?\r

        """

    private static func original(
        _ reversePath: String? = "alice@example.org",
        ret: DSNReturn? = nil,
        text: String = text
    ) throws -> DeliveryStatusNotification.Original {
        DeliveryStatusNotification.Original(
            identifier: MessageIdentifier(created: noon, random: []),
            envelope: Envelope(
                reversePath: try reversePath.map { .mailbox(try mailbox($0)) } ?? .null,
                envid: "QQ314159",
                ret: ret
            ),
            received: noon,
            octets: Array(text.utf8),
            isComplete: true
        )
    }

    private static func recipient(
        _ address: String = "bob@example.net",
        _ action: DeliveryStatusNotification.Action = .failed,
        notify: DSNNotify? = nil,
        reply: Reply? = Reply(550, .init(5, 1, 1), "No such user here")
    ) throws -> DeliveryStatusNotification.Recipient {
        DeliveryStatusNotification.Recipient(
            recipient: EnvelopeRecipient(
                forwardPath: .mailbox(try mailbox(address)),
                notify: notify,
                originalRecipient: OriginalRecipient(addressType: "rfc822", address: "robert@example.net")
            ),
            action: action,
            attempt: DeliveryAttempt(at: noon + .seconds(30), peer: "mx.example.net [192.0.2.7]:25", reply: reply),
            remoteHost: "mx.example.net",
            willRetryUntil: action == .delayed ? noon + .seconds(432_000) : nil
        )
    }

    private static func message(
        _ original: DeliveryStatusNotification.Original,
        _ recipients: [DeliveryStatusNotification.Recipient]
    ) -> NewMessage? {
        DeliveryStatusNotification.message(
            about: original,
            recipients: recipients,
            hostname: "mail.example.org",
            identifier: Self.identifier,
            now: noon + .seconds(60)
        )
    }

    private static func octets(_ message: NewMessage?) -> [UInt8] {
        guard case .inline(let octets) = message?.content else { return [] }
        return octets
    }

    @Test(
        "to the octet",
        arguments: ["failed", "failed-full", "delayed", "relayed", "several", "utf8", "utf8-header", "no-connection"]
    )
    func golden(_ name: String) throws {
        let message =
            switch name {
            case "failed": Self.message(try Self.original(), [try Self.recipient()])
            case "failed-full": Self.message(try Self.original(ret: .full), [try Self.recipient()])
            case "delayed":
                Self.message(
                    try Self.original(ret: .full),
                    [try Self.recipient("bob@example.net", .delayed, reply: Reply(451, .init(4, 7, 1), "Greylisted"))]
                )
            case "relayed":
                Self.message(
                    try Self.original(),
                    [
                        try Self.recipient(
                            "bob@example.net",
                            .relayed,
                            notify: .success,
                            reply: Reply(250, .init(2, 0, 0), "queued")
                        )
                    ]
                )
            case "several":
                Self.message(
                    try Self.original(),
                    [
                        try Self.recipient(),
                        try Self.recipient("carol@example.com", notify: .never),
                        try Self.recipient(
                            "dave@example.com",
                            reply: Reply(
                                code: 554,
                                enhanced: nil,
                                lines: [
                                    "This message looks like something that we do not want here, and the sentence that says so is long",
                                    "See https://example.com/why?id=1",
                                ]
                            )
                        ),
                    ]
                )
            case "utf8":
                Self.message(
                    try Self.original("älice@example.org"),
                    [
                        try Self.recipient(
                            "bøb@example.net",
                            reply: Reply(550, .init(5, 1, 1), "Kein Briefkasten für bøb")
                        )
                    ]
                )
            case "utf8-header":
                Self.message(
                    try Self.original(ret: .full, text: "Subject: Grüße\r\nFrom: alice@example.org\r\n\r\nHallo\r\n"),
                    [try Self.recipient()]
                )
            default:
                Self.message(
                    try Self.original(),
                    [
                        DeliveryStatusNotification.Recipient(
                            recipient: EnvelopeRecipient(forwardPath: .mailbox(try mailbox("bob@example.net"))),
                            action: .failed,
                            status: EnhancedStatusCode(4, 4, 7),
                            attempt: DeliveryAttempt(
                                at: noon,
                                note: "No connection to any mail server of example.net: timed out"
                            )
                        )
                    ]
                )
            }
        let octets = Self.octets(message)
        let path = vectorDirectory("dsn") + "/\(name).eml"
        if getenv("GATEPOST_WRITE_VECTORS") != nil { try Self.write(octets, to: path) }
        let text = String(decoding: octets, as: UTF8.self)
        let wanted = String(decoding: try Self.read(path), as: UTF8.self)
        #expect(text == wanted)
    }

    @Test("a notification comes from nobody and asks for none")
    func envelope() throws {
        let message = try #require(Self.message(try Self.original(), [try Self.recipient()]))
        #expect(message.envelope == Envelope(reversePath: .null))
        #expect(
            message.recipients == [
                EnvelopeRecipient(forwardPath: .mailbox(try mailbox("alice@example.org")), notify: .never)
            ]
        )
        #expect(message.route == .deliver)
        #expect(message.account == nil)
        let utf8 = try #require(Self.message(try Self.original("älice@example.org"), [try Self.recipient()]))
        #expect(utf8.envelope.isSMTPUTF8)
        #expect(utf8.envelope.body == .eightBitMIME)
    }

    @Test("there is no bounce of a bounce")
    func nullSender() throws {
        #expect(Self.message(try Self.original(nil), [try Self.recipient()]) == nil)
    }

    @Test(
        "NOTIFY decides",
        arguments: [
            (nil, .failed, true), (nil, .delayed, true), (nil, .delivered, false), (nil, .relayed, false),
            (.never, .failed, false), (.never, .delivered, false), (.failure, .failed, true),
            (.failure, .delayed, false), (.success, .failed, false), (.success, .delivered, true),
            (.success, .relayed, true), ([.success, .failure, .delay], .delayed, true),
            ([.never, .failure], .failed, false),
        ] as [(DSNNotify?, DeliveryStatusNotification.Action, Bool)]
    )
    func notify(_ notify: DSNNotify?, _ action: DeliveryStatusNotification.Action, _ isWanted: Bool) throws {
        let message = Self.message(try Self.original(), [try Self.recipient("bob@example.net", action, notify: notify)])
        #expect((message != nil) == isWanted)
    }

    @Test("a large message comes back as its header, and a large header in part")
    func bounded() throws {
        let large = Self.text + String(repeating: "body line\r\n", count: 10_000)
        let octets = Self.octets(Self.message(try Self.original(ret: .full, text: large), [try Self.recipient()]))
        #expect(octets.count < 10_000)
        #expect(!String(decoding: octets, as: UTF8.self).contains("body line"))
        let header = String(repeating: "X-Field: 0123456789\r\n", count: 10_000) + Self.text
        let bounded = Self.octets(Self.message(try Self.original(text: header), [try Self.recipient()]))
        #expect(bounded.count < 70_000)
        #expect(
            DeliveryStatusNotification.returnsWholeMessage(
                Envelope(reversePath: .null, ret: .full),
                size: 65_536,
                action: .failed
            )
        )
        #expect(
            !DeliveryStatusNotification.returnsWholeMessage(
                Envelope(reversePath: .null, ret: .full),
                size: 65_537,
                action: .failed
            )
        )
        #expect(
            !DeliveryStatusNotification.returnsWholeMessage(
                Envelope(reversePath: .null, ret: .full),
                size: 1,
                action: .delayed
            )
        )
        #expect(!DeliveryStatusNotification.returnsWholeMessage(Envelope(reversePath: .null), size: 1, action: .failed))
    }

    @Test(
        "a peer's words break out of no line",
        arguments: ["a\r\n--=_gatepost", "\r\n\r\nX", "a\nStatus: 2.0.0", "\u{0}\u{7f}"]
    )
    func injection(_ words: String) throws {
        var recipient = try Self.recipient(reply: Reply(code: 550, enhanced: nil, lines: [words]))
        recipient.attempt?.note = words
        recipient.remoteHost = words
        recipient.recipient.originalRecipient = OriginalRecipient(addressType: "rfc822", address: words)
        var original = try Self.original()
        original.envelope.envid = words
        let lines = String(decoding: Self.octets(Self.message(original, [recipient])), as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 998 && !$0.utf8.contains { $0 < 0x20 && $0 != 0x09 } })
        #expect(lines.filter { $0.hasPrefix("--") }.count == 4)
        #expect(lines.filter { $0.hasPrefix("Status:") }.count == 1)
    }

    @Test(
        "a status whose class does not fit the action is not taken over",
        arguments: [
            (.failed, Reply(421, .init(4, 4, 2), "bye"), "5.0.0"),
            (.delayed, Reply(550, .init(5, 1, 1), "no"), "4.0.0"),
            (.failed, Reply(550, .init(5, 1, 1), "no"), "5.1.1"), (.failed, nil, "5.0.0"),
        ] as [(DeliveryStatusNotification.Action, Reply?, String)]
    )
    func status(_ action: DeliveryStatusNotification.Action, _ reply: Reply?, _ status: String) throws {
        let message = Self.message(try Self.original(), [try Self.recipient("bob@example.net", action, reply: reply)])
        #expect(String(decoding: Self.octets(message), as: UTF8.self).contains("\r\nStatus: \(status)\r\n"))
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"), "\(path) is missing; GATEPOST_WRITE_VECTORS=1 writes it")
        defer { fclose(file) }
        var octets = [UInt8](repeating: 0, count: 1 << 20)
        return Array(octets[..<fread(&octets, 1, octets.count, file)])
    }

    private static func write(_ octets: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        defer { fclose(file) }
        try #require(fwrite(octets, 1, octets.count, file) == octets.count)
    }
}
