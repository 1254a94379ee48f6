import SMTP
import Testing

@Suite("The client's session, RFC 5321, 2033, 2920, 3030, 3207")
struct ClientSessionTests {
    private static let all = Dialog.openings + Dialog.startTLS + Dialog.transactions + Dialog.lmtp

    @Test("goes as written", arguments: all)
    func whole(_ dialog: Dialog) {
        #expect(dialog.played(octetByOctet: false) == dialog.lines)
    }

    @Test("goes the same when octets come one by one", arguments: all)
    func octetByOctet(_ dialog: Dialog) {
        let trace = Dialog.withoutServer(dialog.played(octetByOctet: true))
        #expect(trace == Dialog.withoutServer(dialog.lines))
    }

    @Test(
        "octets in clear after the 220 to STARTTLS end the session, RFC 3207 §6",
        arguments: Dialog.injections,
        [false, true]
    )
    func injection(_ dialog: Dialog, octetByOctet: Bool) {
        let trace = dialog.played(octetByOctet: octetByOctet)
        let last = trace.last ?? ""
        #expect(last.hasPrefix("! failed responseInjection at "))
        #expect(trace.filter { $0.hasPrefix("C: ") } == ["C: EHLO client.test", "C: STARTTLS"])
    }

    @Test("nothing happens after the end")
    func afterTheEnd() {
        var session = ClientSession(
            configuration: ClientSession.Configuration(heloName: "c.test", nonce: { Array(repeating: 0, count: 24) })
        )
        session.connected()
        session.received(Array("554 no\r\n".utf8))
        guard case .failed = session.nextAction() else {
            Issue.record("it went on after 554")
            return
        }
        session.received(Array("220 yes\r\n".utf8))
        session.connectionClosed()
        session.tlsEstablished()
        session.quit()
        if let action = session.nextAction() { Issue.record("\(action) after the end") }
    }

    @Test("a name for EHLO that would be two lines is not sent", arguments: ["a\r\nMAIL FROM:<>", "", "a\u{0}"])
    func heloName(_ name: String) {
        var session = ClientSession(
            configuration: ClientSession.Configuration(heloName: name, nonce: { Array(repeating: 0, count: 24) })
        )
        session.connected()
        guard case .failed(let failure) = session.nextAction() else {
            Issue.record("it went on")
            return
        }
        #expect(failure.reason == .invalidHELOName)
    }
}
