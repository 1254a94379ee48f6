import MailSyntax
import Milter
import Testing

@Suite("Milter session")
struct MilterSessionTests {
    private static let field = MilterField(name: Array("To".utf8), value: Array(" b".utf8))

    @Test("a whole message, step by step")
    func message() throws {
        var session = try MilterSession.agreed()
        session.macros["j"] = "mail.example.org"
        session.macros["i"] = "4711"
        session.macros["auth_authen"] = "alice"
        let answer = Filter.packet("c")
        let steps: [(MilterSession.Event, String)] = [
            (.connect(name: "c", .unknown), "DC"), (.helo("h"), "H"), (.mail(.null), "DM"),
            (.recipient(.postmaster), "DR"), (.data, "DT"), (.header(Self.field), "L"), (.endOfHeaders, "DN"),
            (.body([0x61]), "B"), (.endOfMessage, "DE"),
        ]
        for (event, codes) in steps {
            let step = try session.tell(event)
            #expect(step.codes == codes)
            #expect(session.isWaiting)
            #expect(try session.receive(answer) == .verdict(.proceed))
            #expect(!session.isWaiting)
        }
        #expect(session.modifications.isEmpty)
        #expect(try session.abort() == nil)
        #expect(session.quit() == Filter.packet("Q").octets)
    }

    @Test("macros go along as pairs behind the code of their command")
    func macros() throws {
        var session = try MilterSession.agreed(macros: [(.mail, "i,{auth_authen} {mail_addr}"), (.helo, "")])
        session.macros["i"] = "1"
        session.macros["auth_authen"] = "al\0ice"
        session.macros["tls_version"] = "TLSv1.3"
        let helo = try session.tell(.helo("h"))
        // An empty list is a list: nothing is wanted there.
        #expect(helo.codes == "H")
        _ = try session.receive(Filter.packet("c"))
        let mail = try session.tell(.mail(.null))
        let expected =
            Filter.packet("D", "Mi\u{0}1\u{0}{auth_authen}\u{0}al?ice\0").octets
            + Filter.packet("M", "<>\0").octets
        #expect(mail.octets == expected)
    }

    @Test(
        "a step that the filter does not want is not told",
        arguments: [
            (MilterSteps.noConnect, MilterSession.Event.connect(name: "c", .unknown)), (.noHelo, .helo("h")),
            (.noUnknown, .unknown([0x58])), (.noMail, .mail(.null)),
        ]
    )
    func omission(_ steps: MilterSteps, _ event: MilterSession.Event) throws {
        var session = try MilterSession.agreed(steps: steps)
        #expect(try session.tell(event) == .settled(.proceed))
        var other = try MilterSession.agreed(steps: MilterSteps.all.subtracting(steps))
        #expect(try other.tell(event) != .settled(.proceed))
    }

    @Test("the content is left out too, the end of the message never is")
    func contentOmission() throws {
        var session = try MilterSession.agreed(steps: [.noRecipients, .noData, .noHeaders, .noEndOfHeaders, .noBody])
        try session.tell(.mail(.null), answer: Filter.packet("c"))
        #expect(!session.wantsBody)
        for event in [.recipient(.postmaster), .data, .header(Self.field), .endOfHeaders, .body([1])]
            as [MilterSession.Event]
        {
            #expect(try session.tell(event) == .settled(.proceed))
        }
        #expect(try session.tell(.endOfMessage).codes == "E")
    }

    @Test("a step that the filter does not answer is not waited for")
    func silence() throws {
        let steps: MilterSteps = [
            .noReplyToConnect, .noReplyToHelo, .noReplyToMail, .noReplyToRecipients, .noReplyToData, .noReplyToHeaders,
            .noReplyToEndOfHeaders, .noReplyToBody, .noReplyToUnknown,
        ]
        var session = try MilterSession.agreed(steps: steps)
        let events: [MilterSession.Event] = [
            .connect(name: "c", .unknown), .helo("h"), .unknown([0x58]), .mail(.null), .recipient(.postmaster), .data,
            .header(Self.field), .endOfHeaders, .body([1]),
        ]
        for event in events {
            guard case .send = try session.tell(event) else {
                Issue.record("waits after \(event)")
                return
            }
        }
        guard case .ask = try session.tell(.endOfMessage) else {
            Issue.record("the end of a message is always answered")
            return
        }
    }

    @Test("how far an early verdict reaches")
    func reach() throws {
        // The session.
        var session = try MilterSession.agreed()
        try session.tell(.connect(name: "c", .unknown), answer: Filter.packet("a"))
        #expect(try session.tell(.helo("h")) == .settled(.accept))
        #expect(try session.tell(.mail(.null)) == .settled(.accept))
        // The message.
        session = try MilterSession.agreed()
        try session.tell(.mail(.null), answer: Filter.packet("a"))
        #expect(try session.tell(.recipient(.postmaster)) == .settled(.accept))
        #expect(try session.tell(.data) == .settled(.accept))
        #expect(!session.wantsBody)
        #expect(try session.tell(.endOfMessage) == .settled(.accept))
        #expect(try session.abort() == Filter.packet("A").octets)
        #expect(try session.tell(.mail(.null)).codes == "M")
        // The recipient.
        session = try MilterSession.agreed()
        try session.tell(.mail(.null), answer: Filter.packet("c"))
        #expect(try session.tell(.recipient(.postmaster), answer: Filter.packet("r")) == .verdict(.reject))
        #expect(try session.tell(.recipient(.postmaster), answer: Filter.packet("t")) == .verdict(.temporaryFailure))
        #expect(try session.tell(.recipient(.postmaster), answer: Filter.packet("d")) == .verdict(.discard))
        #expect(try session.tell(.data) == .settled(.discard))
    }

    @Test("a refusal in the midst of the content ends the message and not the session")
    func refusal() throws {
        var session = try MilterSession.agreed()
        try session.tell(.mail(.null), answer: Filter.packet("c"))
        try session.tell(.data, answer: Filter.packet("c"))
        #expect(try session.tell(.header(Self.field), answer: Filter.packet("r")) == .verdict(.reject))
        #expect(try session.tell(.body([1])) == .settled(.reject))
        #expect(try session.tell(.endOfMessage) == .settled(.reject))
        #expect(try session.abort() == Filter.packet("A").octets)
        #expect(try session.tell(.mail(.null)).codes == "M")
    }

    @Test(
        "a session can end by the filter's word",
        arguments: [Filter.packet("4"), Filter.packet("f"), Filter.packet("y", "421 4.7.0 Bye\0")]
    )
    func disconnect(_ packet: MilterPacket) throws {
        var session = try MilterSession.agreed()
        let reaction = try session.tell(.mail(.null), answer: packet)
        guard case .verdict(.disconnect(let reply)) = reaction else {
            Issue.record("\(String(describing: reaction))")
            return
        }
        #expect((reply == nil) == (packet.code != UInt8(ascii: "y")))
        _ = try session.abort()
        #expect(try session.tell(.mail(.null)) == .settled(.disconnect(reply)))
    }

    @Test("skip ends the body, where it was agreed on")
    func skip() throws {
        var session = try MilterSession.agreed(steps: [.skip])
        try session.tell(.mail(.null), answer: Filter.packet("c"))
        try session.tell(.data, answer: Filter.packet("c"))
        #expect(try session.tell(.body([1]), answer: Filter.packet("s")) == .verdict(.proceed))
        #expect(!session.wantsBody)
        #expect(try session.tell(.body([2])) == .settled(.proceed))
        #expect(try session.tell(.endOfMessage).codes == "E")
        _ = try session.receive(Filter.packet("c"))
        _ = try session.abort()
        _ = try session.tell(.mail(.null))
        #expect(session.wantsBody)
        var other = try MilterSession.agreed()
        try other.tell(.mail(.null), answer: Filter.packet("c"))
        try other.tell(.data, answer: Filter.packet("c"))
        #expect(throws: MilterFailure(.unexpectedResponse)) { try other.tell(.body([1]), answer: Filter.packet("s")) }
    }

    @Test("changes come at the end, before the answer")
    func changes() throws {
        var session = try MilterSession.agreed(steps: [.leadingSpace])
        try session.runToEndOfMessage()
        #expect(try session.receive(Filter.packet("p")) == .progress)
        #expect(try session.receive(Filter.packet("h", "X-A\u{0} b\0")) == .noted)
        #expect(try session.receive(Filter.packet("b", "new ")) == .body(Array("new ".utf8)))
        #expect(try session.receive(Filter.packet("b", "body")) == .body(Array("body".utf8)))
        #expect(try session.receive(Filter.packet("q", "odd\0")) == .noted)
        #expect(try session.receive(Filter.packet("e", "<>\0")) == .noted)
        #expect(try session.receive(Filter.packet("a")) == .verdict(.accept))
        let modifications = session.modifications
        #expect(modifications.header.count == 1)
        #expect(modifications.replacesBody)
        #expect(modifications.quarantine == "odd")
        #expect(modifications.sender?.path == .null)
        #expect(modifications.hasLeadingSpace)
        // The next message begins without them.
        _ = try session.abort()
        _ = try session.tell(.mail(.null))
        #expect(session.modifications.isEmpty)
    }

    @Test(
        "what is changed too early, or unasked, is a failure",
        arguments: [
            Filter.packet("h", "X\u{0}b\0"), Filter.packet("b", "x"), Filter.packet("q", "x\0"),
            Filter.packet("e", "<>\0"),
            Filter.packet("+", "a@example.org\0"), Filter.packet("-", "a@example.org\0"), Filter.change(1, "X", "y"),
            Filter.insertion(1, "X", "y"), Filter.packet("2", "a@example.org\0"),
        ]
    )
    func unaskedChange(_ packet: MilterPacket) throws {
        var early = try MilterSession.agreed()
        _ = try early.tell(.mail(.null))
        #expect(throws: MilterFailure(.unexpectedResponse)) { try early.receive(packet) }
        var unasked = try MilterSession.agreed(actions: [])
        try unasked.runToEndOfMessage()
        #expect(throws: MilterFailure(.actionNotAgreed)) { try unasked.receive(packet) }
        var asked = try MilterSession.agreed()
        try asked.runToEndOfMessage()
        _ = try asked.receive(packet)
    }

    @Test("a filter cannot make us hold more than is allowed")
    func limits() throws {
        var limits = MilterLimits()
        limits.changes = 2
        limits.progressReports = 3
        limits.bodyOctets = 10
        limits.headerOctets = 20
        var session = try MilterSession.agreed(limits: limits)
        try session.runToEndOfMessage()
        for _ in 0..<3 { #expect(try session.receive(Filter.packet("p")) == .progress) }
        var copy = session
        #expect(throws: MilterFailure(.limitExceeded)) { try copy.receive(Filter.packet("p")) }
        copy = session
        for _ in 0..<2 { _ = try copy.receive(Filter.packet("q", "x\0")) }
        #expect(throws: MilterFailure(.limitExceeded)) { try copy.receive(Filter.packet("q", "x\0")) }
        copy = session
        _ = try copy.receive(Filter.packet("b", "0123456789"))
        #expect(throws: MilterFailure(.limitExceeded)) { try copy.receive(Filter.packet("b", "0")) }
        copy = session
        #expect(throws: MilterFailure(.limitExceeded)) {
            try copy.receive(Filter.packet("h", "X\u{0}01234567890123456789\0"))
        }
    }

    @Test("an answer that nobody asked for", arguments: ["c", "r", "p", "a"] as [Character])
    func unasked(_ code: Character) throws {
        var session = try MilterSession.agreed()
        #expect(throws: MilterFailure(.unexpectedResponse)) { try session.receive(Filter.packet(code)) }
        // The connection is of no use any more.
        #expect(throws: MilterFailure(.outOfOrder)) { try session.tell(.mail(.null)) }
        #expect(session.quit() == [])
    }

    @Test("discard needs a message")
    func discard() throws {
        var session = try MilterSession.agreed()
        _ = try session.tell(.helo("h"))
        #expect(throws: MilterFailure(.unexpectedResponse)) { try session.receive(Filter.packet("d")) }
    }

    @Test(
        "negotiations that cannot be agreed to",
        arguments: [
            (Filter.negotiation(version: 7), MilterFailure.Code.versionRefused),
            (Filter.negotiation(version: 1), .versionRefused),
            (Filter.negotiation(actions: MilterActions(rawValue: 0x200)), .optionNotOffered),
            (Filter.negotiation(steps: MilterSteps(rawValue: 0x20_0000)), .optionNotOffered),
            (Filter.negotiation(actions: [], macros: [(.mail, "i")]), .actionNotAgreed),
            (Filter.packet("c"), .unexpectedResponse),
        ]
    )
    func disagreement(_ answer: MilterPacket, _ code: MilterFailure.Code) throws {
        var session = MilterSession()
        _ = try session.start()
        #expect(throws: MilterFailure(code)) { try session.receive(answer) }
    }

    @Test("an offer is kept to")
    func offer() throws {
        var session = MilterSession(offer: MilterOptions(actions: [.addHeaders], steps: [.noBody]))
        _ = try session.start()
        var other = session
        #expect(throws: MilterFailure(.optionNotOffered)) { try other.receive(Filter.negotiation(steps: [.skip])) }
        other = session
        #expect(throws: MilterFailure(.optionNotOffered)) {
            try other.receive(Filter.negotiation(actions: .quarantine))
        }
        #expect(try session.receive(Filter.negotiation(actions: [.addHeaders], steps: [.noBody])) == .verdict(.proceed))
        #expect(session.agreed?.steps == [.noBody])
    }

    @Test("larger packets only where both want them")
    func largerPackets() throws {
        var session = MilterSession(offer: MilterOptions(steps: [.data1M, .data256K]))
        _ = try session.start()
        _ = try session.receive(Filter.negotiation(steps: [.data256K]))
        #expect(session.maximumBodyOctets == 262_143)
        // Echoed by a filter to which they were not offered.
        #expect(try MilterSession.agreed(steps: [.data1M]).maximumBodyOctets == 65_535)
    }

    @Test("events out of order are ours to avoid")
    func order() throws {
        let early: [MilterSession.Event] = [
            .recipient(.postmaster), .data, .header(Self.field), .body([1]), .endOfMessage,
        ]
        for event in early {
            var session = try MilterSession.agreed()
            #expect(throws: MilterFailure(.outOfOrder)) { try session.tell(event) }
        }
        var session = try MilterSession.agreed()
        _ = try session.tell(.mail(.null))
        #expect(throws: MilterFailure(.outOfOrder)) { try session.tell(.data) }
        session = MilterSession()
        #expect(throws: MilterFailure(.outOfOrder)) { try session.tell(.mail(.null)) }
    }

    @Test("refused recipients are told where the filter asks, and its answer does not count")
    func rejectedRecipients() throws {
        var session = try MilterSession.agreed()
        try session.tell(.mail(.null), answer: Filter.packet("c"))
        #expect(try session.tell(.recipient(.postmaster, isRejected: true)) == .settled(.proceed))
        session = try MilterSession.agreed(steps: [.rejectedRecipients])
        try session.tell(.mail(.null), answer: Filter.packet("c"))
        let reaction = try session.tell(.recipient(.postmaster, isRejected: true), answer: Filter.packet("d"))
        #expect(reaction == .verdict(.proceed))
        #expect(try session.tell(.data).codes == "T")
    }

    @Test("one connection serves one session after another")
    func newConnection() throws {
        var session = try MilterSession.agreed()
        session.macros["i"] = "1"
        try session.tell(.helo("h"), answer: Filter.packet("r"))
        #expect(try session.tell(.mail(.null)) == .settled(.reject))
        _ = try session.abort()
        #expect(try session.quitForNewConnection() == Filter.packet("K").octets)
        #expect(session.macros["i"] == nil)
        #expect(try session.tell(.connect(name: "c", .unknown)).codes == "C")
    }
}
