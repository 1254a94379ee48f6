import MailSyntax
import NIOSSL
import SMTP
import SMTPServer
import Testing

@Suite("TLS on the wire, RFC 3207, RFC 8314")
struct TLSTests {
    private static func connectInTheClear(_ server: TestListener) async throws -> WireConnection {
        try await WireConnection.connect(port: server.listener.port, isImplicit: false)
    }

    @Test("a handshake that never comes is cut")
    func noHandshake() async throws {
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit),
            service: ScriptedService(),
            timeouts: SessionTimeouts(tlsHandshake: .milliseconds(20))
        )
        let client = try await Self.connectInTheClear(server)
        #expect(try await client.line() == nil)
        await server.stop()
    }

    @Test("after STARTTLS too")
    func noHandshakeAfterStartTLS() async throws {
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", security: .startTLS),
            service: ScriptedService(),
            timeouts: SessionTimeouts(tlsHandshake: .milliseconds(20))
        )
        let client = try await server.connect()
        try await client.send(Array("STARTTLS\r\n".utf8))
        #expect(try await client.line()?.hasPrefix("220 ") == true)
        #expect(try await client.line()?.hasPrefix("220 2.0.0") == true)
        #expect(try await client.line() == nil)
        await server.stop()
    }

    @Test("a command in the clear on a TLS port closes it without an answer")
    func clearText() async throws {
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit),
            service: ScriptedService()
        )
        let client = try await Self.connectInTheClear(server)
        try await client.send(Array("EHLO client.example\r\n".utf8))
        while let line = try await client.line() { #expect(!line.hasPrefix("2")) }
        await server.stop()
    }

    @Test("a command in the clear after STARTTLS is never answered")
    func clearTextAfterStartTLS() async throws {
        let service = ScriptedService()
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", security: .startTLS),
            service: service
        )
        let client = try await server.connect()
        try await client.send(Array("STARTTLS\r\n".utf8))
        #expect(try await client.line()?.hasPrefix("220 ") == true)
        #expect(try await client.line()?.hasPrefix("220 2.0.0") == true)
        try await client.send(Array("EHLO injected\r\nMAIL FROM:<>\r\n".utf8))
        while let line = try await client.line() { #expect(!line.hasPrefix("2")) }
        await server.stop()
    }

    @Test("a renewed certificate serves new connections and leaves open ones alone")
    func renewal() async throws {
        let source = TLSContextSource(try TestTLS.makeServerContext())
        let first = source.current.context
        source.replace(with: TLSContextSource.Identity(context: try TestTLS.makeServerContext()))
        #expect(source.current.context !== first)
    }

    @Test("a client that vanishes within a chunk leaves no message")
    func closeInChunk() async throws {
        let service = ScriptedService()
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit),
            service: service
        )
        let client = try await server.connect()
        #expect(try await client.line()?.hasPrefix("220 ") == true)
        let login = Base64.encodeToString(Array("\0alice@example.org\0secret".utf8))
        try await client.send(
            Array(
                "EHLO a\r\nAUTH PLAIN \(login)\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nBDAT 10 LAST\r\n123".utf8
            )
        )
        while let line = try await client.line(), !line.hasPrefix("250 2.1.5") {}
        try await client.close()
        await server.registry.shutDown(within: .seconds(20))
        #expect(service.messages.isEmpty)
        #expect(service.responders[0].events == [.begun, .abandoned, .closed])
        await server.stop()
    }
}
