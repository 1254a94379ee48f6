import NIOCore
import NIOEmbedded
import SMTP
import SMTPServer
import Testing

@Suite("Reading waits")
struct BackPressureTests {
    private static func setWritable(_ isWritable: Bool, _ session: EmbeddedSession) {
        session.channel.isWritable = isWritable
        session.channel.pipeline.fireChannelWritabilityChanged()
    }

    @Test("for a client that does not read its replies")
    func slowReader() throws {
        let session = try EmbeddedSession()
        _ = try session.replies()
        Self.setWritable(false, session)
        let reads = session.gate.reads
        try session.send(String(repeating: "EHLO a\r\n", count: 50))
        session.channel.read()
        #expect(try session.replies() == [])
        #expect(session.gate.reads == reads)
        Self.setWritable(true, session)
        #expect(try session.codes().count == 50)
        #expect(session.gate.reads == reads + 1)
    }

    @Test("for an answer: commands behind it are held back, replies stay in order")
    func answer() throws {
        let session = try EmbeddedSession(service: ScriptedService(pace: .later))
        try session.login()
        let reads = session.gate.reads
        try session.send(
            "MAIL FROM:<alice@example.org>\r\nNOOP\r\nRCPT TO:<bob@example.net>\r\nHELP\r\nRSET\r\nFOO\r\n"
        )
        session.channel.read()
        #expect(try session.replies() == [])
        #expect(session.gate.reads == reads)
        session.run()
        #expect(try session.codes() == ["250", "250", "250", "214", "250", "500"])
        #expect(session.gate.reads == reads + 1)
    }

    @Test("for content that is being written")
    func content() throws {
        let session = try EmbeddedSession(service: ScriptedService(pace: .later))
        try session.beginMessage()
        let reads = session.gate.reads
        try session.send("a\r\n..b\r\n.\r\nNOOP\r\n")
        session.channel.read()
        #expect(try session.replies() == [])
        #expect(session.gate.reads == reads)
        session.run()
        #expect(try session.codes() == ["250", "250"])
        #expect(session.gate.reads == reads + 1)
        #expect(session.service.messages.map { $0.content } == [Array("a\r\n.b\r\n".utf8)])
    }
}
