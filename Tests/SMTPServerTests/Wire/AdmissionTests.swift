import MailSyntax
import NIOCore
import SMTP
import SMTPServer
import Testing

@Suite("Who is let in")
struct AdmissionTests {
    private static let loopback = IPNetwork("127.0.0.0/8")!

    private static func greeting(_ server: TestListener) async throws -> String? {
        try await server.connect().line()
    }

    @Test(
        "sessions of one address are limited: 421 4.7.0",
        arguments: [ServerSessionConfiguration.Security.none, .implicit]
    )
    func perAddress(_ security: ServerSessionConfiguration.Security) async throws {
        let registry = SessionRegistry(maximumSessions: 100, maximumSessionsPerAddress: 2)
        let configuration = ServerSessionConfiguration(hostname: "mail.example.org", security: security)
        let server = try await TestListener.start(configuration, service: ScriptedService(), registry: registry)
        let first = try await server.connect()
        let second = try await server.connect()
        #expect(try await first.line()?.hasPrefix("220 ") == true)
        #expect(try await second.line()?.hasPrefix("220 ") == true)
        let third = try await server.connect()
        #expect(try await third.line() == "421 4.7.0 Too many sessions; try again later")
        #expect(try await third.line() == nil)
        #expect(registry.count == 2)
        try await first.close()
        // The server learns of the end a moment later than the client; on a busy machine the moment can be long.
        var greeting: String?
        let deadline = ContinuousClock.now + .seconds(60)
        while greeting?.hasPrefix("220 ") != true, ContinuousClock.now < deadline {
            greeting = try await Self.greeting(server)
        }
        #expect(greeting?.hasPrefix("220 ") == true)
        await server.stop()
    }

    @Test("allowed networks are free of it")
    func unlimited() async throws {
        let registry = SessionRegistry(
            maximumSessions: 100,
            maximumSessionsPerAddress: 1,
            unlimited: [Self.loopback]
        )
        let server = try await TestListener.start(.withoutTLS, service: ScriptedService(), registry: registry)
        let first = try await server.connect()
        let second = try await server.connect()
        #expect(try await first.line()?.hasPrefix("220 ") == true)
        #expect(try await second.line()?.hasPrefix("220 ") == true)
        await server.stop()
    }

    @Test("sessions in all are limited: 421 4.3.2")
    func inAll() async throws {
        let registry = SessionRegistry(
            maximumSessions: 1,
            maximumSessionsPerAddress: 1,
            unlimited: [Self.loopback]
        )
        let server = try await TestListener.start(.withoutTLS, service: ScriptedService(), registry: registry)
        let first = try await server.connect()
        #expect(try await first.line()?.hasPrefix("220 ") == true)
        #expect(try await Self.greeting(server) == "421 4.3.2 Too many sessions on this server; try again later")
        await server.stop()
    }

    @Test(
        "denied networks are turned away: 554 5.7.1",
        arguments: [ServerSessionConfiguration.Security.none, .implicit]
    )
    func denied(_ security: ServerSessionConfiguration.Security) async throws {
        let registry = SessionRegistry(maximumSessions: 1, maximumSessionsPerAddress: 1)
        let configuration = ServerSessionConfiguration(hostname: "mail.example.org", security: security)
        let service = ScriptedService()
        let server = try await TestListener.start(
            configuration,
            service: service,
            denied: [Self.loopback],
            registry: registry
        )
        let client = try await server.connect()
        try await client.send(Array("EHLO a\r\n".utf8))
        #expect(try await client.line() == "554 5.7.1 Access from your address is denied")
        #expect(registry.count == 0)
        await server.stop()
    }

    @Test("a network that is allowed and denied is allowed")
    func allowedAndDenied() async throws {
        let registry = SessionRegistry(
            maximumSessions: 1,
            maximumSessionsPerAddress: 1,
            unlimited: [Self.loopback]
        )
        let server = try await TestListener.start(
            .withoutTLS,
            service: ScriptedService(),
            denied: [Self.loopback],
            registry: registry
        )
        #expect(try await Self.greeting(server)?.hasPrefix("220 ") == true)
        await server.stop()
    }

    @Test("few of those who are turned away may do a TLS handshake to hear it", .timeLimit(.minutes(1)))
    func refusedHandshakes() async throws {
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit),
            service: ScriptedService(),
            timeouts: SessionTimeouts(tlsHandshake: .seconds(3600)),
            denied: [Self.loopback]
        )
        var silent: [WireConnection] = []
        for _ in 0..<65 {
            silent.append(
                try await WireConnection.connect(port: server.listener.port, isImplicit: false, patience: .hours(1))
            )
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for connection in silent { group.addTask { await connection.closed() } }
            // The one too many; the others would wait for an hour.
            _ = try await group.next()
            for connection in silent { try await connection.close() }
            try await group.waitForAll()
        }
        await server.stop()
    }
}
