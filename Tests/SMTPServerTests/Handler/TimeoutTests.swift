import NIOCore
import NIOEmbedded
import SMTP
import SMTPServer
import Testing

@Suite("Time limits, RFC 5321 §4.5.3.2")
struct TimeoutTests {
    @Test("a silent client is told 421 4.4.2 and closed")
    func silence() throws {
        let session = try EmbeddedSession()
        #expect(try session.codes() == ["220"])
        session.loop.advanceTime(by: .seconds(299))
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(1))
        #expect(try session.replies() == ["421 4.4.2 Timeout; closing"])
        #expect(!session.channel.isActive)
        #expect(session.responder.events == [.closed])
    }

    @Test("each command starts the limit anew")
    func activity() throws {
        let session = try EmbeddedSession()
        for _ in 0..<5 {
            session.loop.advanceTime(by: .seconds(299))
            try session.send("NOOP\r\n")
        }
        #expect(try session.codes() == ["220", "250", "250", "250", "250", "250"])
        session.loop.advanceTime(by: .seconds(299))
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(1))
        #expect(!session.channel.isActive)
    }

    @Test("a command that comes octet by octet is silence")
    func trickle() throws {
        let session = try EmbeddedSession()
        #expect(try session.codes() == ["220"])
        for _ in 0..<5 {
            session.loop.advanceTime(by: .seconds(59))
            try session.send("N")
        }
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(5))
        #expect(try session.codes() == ["421"])
        #expect(!session.channel.isActive)
    }

    @Test("nor does the rest of a line that is too long")
    func overlongTrickle() throws {
        let session = try EmbeddedSession()
        #expect(try session.codes() == ["220"])
        try session.send(String(repeating: "N", count: 20_000))
        for _ in 0..<5 {
            session.loop.advanceTime(by: .seconds(59))
            try session.send("N")
        }
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(5))
        #expect(try session.codes() == ["421"])
        #expect(!session.channel.isActive)
    }

    @Test("mail data has its own limit, and the message is thrown away")
    func data() throws {
        let session = try EmbeddedSession(timeouts: SessionTimeouts(command: .seconds(300), data: .seconds(400)))
        try session.beginMessage()
        try session.send("Subject: x\r\n")
        session.loop.advanceTime(by: .seconds(399))
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(1))
        #expect(try session.codes() == ["421"])
        #expect(session.responder.events == [.begun, .abandoned, .closed])
    }

    @Test("the time that an answer takes is not the client's")
    func answer() throws {
        let session = try EmbeddedSession(service: ScriptedService(pace: .later))
        try session.login()
        try session.send("MAIL FROM:<alice@example.org>\r\n")
        // The answer is not worked on: its task waits in the loop's queue, which advancing time does not hold back, so
        // only the state before the first tick is looked at.
        #expect(try session.codes() == [])
        session.run()
        #expect(try session.codes() == ["250"])
        session.loop.advanceTime(by: .seconds(299))
        #expect(session.channel.isActive)
    }

    @Test("a TLS handshake that does not end is cut without a word")
    func handshake() throws {
        let session = try EmbeddedSession(ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit))
        #expect(try session.replies() == [])
        session.loop.advanceTime(by: .seconds(29))
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(1))
        #expect(!session.channel.isActive)
        #expect(try session.replies() == [])
        #expect(session.responder.events == [.closed])
    }

    @Test("a client that reads nothing cannot keep a closing connection")
    func stuckClose() throws {
        let session = try EmbeddedSession()
        session.gate.holdsWrites = true
        try session.send("QUIT\r\n")
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(9))
        #expect(session.channel.isActive)
        session.loop.advanceTime(by: .seconds(1))
        #expect(!session.channel.isActive)
        #expect(session.responder.events == [.closed])
    }

    @Test("nor can one that stops reading in between")
    func stuckReader() throws {
        let session = try EmbeddedSession()
        session.gate.holdsWrites = true
        session.channel.isWritable = false
        session.channel.pipeline.fireChannelWritabilityChanged()
        session.loop.advanceTime(by: .seconds(300))
        session.loop.advanceTime(by: .seconds(10))
        #expect(!session.channel.isActive)
    }
}
