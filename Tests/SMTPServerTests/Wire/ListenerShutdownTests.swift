import MailSyntax
import SMTP
import SMTPServer
import Testing

@Suite("A server that goes down")
struct ListenerShutdownTests {
    @Test("tells idle sessions, lets transactions finish, takes nobody new")
    func drains() async throws {
        let service = ScriptedService(pace: .later)
        let server = try await TestListener.start(.withoutTLS, service: service)
        let idle = try await server.connect()
        #expect(try await idle.line()?.hasPrefix("220 ") == true)
        let busy = try await server.connect()
        let login = Base64.encodeToString(Array("\0alice@example.org\0secret".utf8))
        try await busy.send(
            Array("EHLO a\r\nAUTH PLAIN \(login)\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n".utf8)
        )
        while let line = try await busy.line(), !line.hasPrefix("354") {}
        async let end: Void = server.registry.shutDown(within: .seconds(30))
        #expect(try await idle.line() == "421 4.3.2 Service shutting down; try again soon")
        #expect(try await idle.line() == nil)
        let late = try await server.connect()
        #expect(try await late.line() == "421 4.3.2 Service shutting down; try again soon")
        try await busy.send(Array("x\r\n.\r\n".utf8))
        #expect(try await busy.line() == "250 2.0.0 Ok: queued as MESSAGE1")
        #expect(try await busy.line() == "421 4.3.2 Service shutting down; try again soon")
        #expect(try await busy.line() == nil)
        await end
        #expect(server.registry.count == 0)
        await server.stop()
    }

    @Test("cuts what does not end in time")
    func cuts() async throws {
        let service = ScriptedService()
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", service: .reception, security: .none),
            service: service
        )
        let client = try await server.connect()
        try await client.send(Array("EHLO a\r\nMAIL FROM:<>\r\n".utf8))
        while let line = try await client.line(), !line.hasPrefix("250 2.1.0") {}
        await server.registry.shutDown(within: .milliseconds(10))
        #expect(try await client.line() == nil)
        #expect(server.registry.count == 0)
        await server.stop()
    }
}
