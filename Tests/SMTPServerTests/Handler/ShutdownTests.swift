import NIOCore
import NIOEmbedded
import SMTP
import Testing

@testable import SMTPServer

@Suite("Shutdown, RFC 5321 §3.8")
struct ShutdownTests {
    private static let last = "421 4.3.2 Service shutting down; try again soon"

    private static func shutDown(_ session: EmbeddedSession) {
        session.channel.pipeline.fireUserInboundEventTriggered(SessionShutdown())
    }

    @Test("an idle session is told 421 at once", arguments: ["", "EHLO a\r\n", "NO"])
    func idle(_ input: String) throws {
        let session = try EmbeddedSession()
        try session.send(input)
        _ = try session.replies()
        Self.shutDown(session)
        #expect(try session.replies() == [Self.last])
        #expect(!session.channel.isActive)
    }

    @Test("a running transaction is finished, then 421", arguments: [ScriptedService.Pace.now, .later])
    func transaction(_ pace: ScriptedService.Pace) throws {
        let session = try EmbeddedSession(service: ScriptedService(pace: pace))
        try session.beginMessage()
        try session.send("Subject: x\r\n")
        Self.shutDown(session)
        session.run()
        #expect(try session.replies() == [])
        try session.send("\r\nbody\r\n.\r\n")
        session.run()
        #expect(try session.replies() == ["250 2.0.0 Ok: queued as MESSAGE1", Self.last])
        #expect(!session.channel.isActive)
        #expect(session.service.messages.count == 1)
    }

    @Test("between two pipelined transactions", arguments: [ScriptedService.Pace.now, .later])
    func pipelined(_ pace: ScriptedService.Pace) throws {
        let session = try EmbeddedSession(service: ScriptedService(pace: pace))
        try session.beginMessage()
        Self.shutDown(session)
        try session.send("x\r\n.\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.net>\r\nNOOP\r\n")
        session.run()
        #expect(try session.replies() == ["250 2.0.0 Ok: queued as MESSAGE1", Self.last])
    }

    @Test("a transaction that the client gives up ends the session too", arguments: ["RSET\r\n", "EHLO x\r\n"])
    func reset(_ input: String) throws {
        let session = try EmbeddedSession()
        try session.login()
        try session.send("MAIL FROM:<alice@example.org>\r\n")
        Self.shutDown(session)
        _ = try session.replies()
        try session.send(input)
        #expect(try session.replies().last == Self.last)
    }

    @Test("an AUTH exchange is finished")
    func exchange() throws {
        let session = try EmbeddedSession()
        try session.send("EHLO a\r\nAUTH LOGIN\r\n")
        Self.shutDown(session)
        #expect(session.channel.isActive)
        try session.send("*\r\n")
        #expect(try session.codes().suffix(2) == ["501", "421"])
    }

    @Test("in a TLS handshake nothing is said")
    func handshake() throws {
        let session = try EmbeddedSession(ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit))
        Self.shutDown(session)
        #expect(!session.channel.isActive)
        #expect(try session.replies() == [])
    }
}
