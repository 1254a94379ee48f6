import NIOCore
import NIOEmbedded
import SMTP
import SMTPServer
import Testing

@Suite("A client that goes away")
struct DisconnectTests {
    private static let dialog = Array(
        """
        EHLO client.example
        AUTH LOGIN
        YWxpY2VAZXhhbXBsZS5vcmc=
        c2VjcmV0
        MAIL FROM:<alice@example.org>
        RCPT TO:<bob@example.net>
        DATA
        Subject: x

        ..body
        .
        MAIL FROM:<alice@example.org>
        RCPT TO:<bob@example.net>
        BDAT 5
        12345BDAT 7 LAST
        67890
        QUIT

        """.replacing("\n", with: "\r\n")
    )

    @Test("at every octet: the responder hears of it once, last", arguments: [ScriptedService.Pace.now, .later])
    func everyOctet(_ pace: ScriptedService.Pace) throws {
        for length in 0...Self.dialog.count {
            let session = try EmbeddedSession(service: ScriptedService(pace: pace))
            for character in Self.dialog[..<length] {
                try session.send(String(character))
                session.run()
            }
            if session.channel.isActive { session.channel.close(promise: nil) }
            session.run()
            let events = session.responder.events
            #expect(events.last == .closed, "after \(length)")
            #expect(events.filter { $0 == .closed }.count == 1, "after \(length)")
            let begun = events.filter { $0 == .begun }.count
            #expect(begun == events.filter { $0 == .ended || $0 == .abandoned }.count, "after \(length): \(events)")
        }
    }

    @Test("while work is under way: told when it is done")
    func underWay() throws {
        let session = try EmbeddedSession(service: ScriptedService(pace: .later))
        try session.beginMessage()
        try session.send("x\r\n")
        // The piece is being written when the connection breaks.
        session.channel.pipeline.fireChannelInactive()
        #expect(session.responder.events == [.begun])
        session.run()
        #expect(session.responder.events == [.begun, .abandoned, .closed])
        #expect(try session.replies() == [])
    }

    @Test("while the end of a message is answered: the answer is kept, nobody is told")
    func atEnd() throws {
        let session = try EmbeddedSession(service: ScriptedService(pace: .later))
        try session.beginMessage()
        try session.send(".\r\n")
        session.channel.pipeline.fireChannelInactive()
        session.run()
        #expect(session.responder.events == [.begun, .ended, .closed])
        #expect(session.service.messages.count == 1)
    }
}
