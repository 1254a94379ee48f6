import MailSyntax
import SMTP
import SMTPServer
import Testing

@Suite("Listeners behind a proxy")
struct ProxyTests {
    private static let loopback = IPNetwork("127.0.0.0/8")!
    private static let line = "PROXY TCP4 192.0.2.7 198.51.100.25 51432 587\r\n"

    @Test("what a listed address sends first is the client's address, and is counted as such")
    func header() async throws {
        let registry = SessionRegistry(maximumSessions: 100, maximumSessionsPerAddress: 1)
        let service = ScriptedService()
        let server = try await TestListener.start(
            .withoutTLS,
            service: service,
            registry: registry,
            proxies: [Self.loopback]
        )
        let first = try await server.connect()
        try await first.send(Array((Self.line + "EHLO a\r\n").utf8))
        #expect(try await first.line()?.hasPrefix("220 ") == true)
        #expect(try await first.line()?.hasPrefix("250-") == true)
        #expect(service.peers.map { $0.address?.description } == ["192.0.2.7"])
        let second = try await server.connect()
        try await second.send(Array(Self.line.utf8))
        #expect(try await second.line() == "421 4.7.0 Too many sessions; try again later")
        let third = try await server.connect()
        try await third.send(Array("PROXY TCP4 192.0.2.8 198.51.100.25 1 587\r\n".utf8))
        #expect(try await third.line()?.hasPrefix("220 ") == true)
        await server.stop()
    }

    @Test(
        "one octet at a time it is the same, also before TLS",
        arguments: [ServerSessionConfiguration.Security.none, .implicit]
    )
    func slowly(_ security: ServerSessionConfiguration.Security) async throws {
        let service = ScriptedService()
        let server = try await TestListener.start(
            ServerSessionConfiguration(hostname: "mail.example.org", security: security),
            service: service,
            proxies: [Self.loopback]
        )
        let client = try await server.connect(preamble: Array(Self.line.utf8))
        #expect(try await client.line()?.hasPrefix("220 ") == true)
        #expect(service.peers.map { $0.address?.description } == ["192.0.2.7"])
        await server.stop()
    }

    @Test("a listed address that speaks SMTP at once is closed without a word")
    func missing() async throws {
        let server = try await TestListener.start(.withoutTLS, service: ScriptedService(), proxies: [Self.loopback])
        let client = try await server.connect()
        try await client.send(Array("EHLO a\r\n".utf8))
        #expect(try await client.line() == nil)
        await server.stop()
    }

    @Test("from any other address it is a bad command like others")
    func stranger() async throws {
        let service = ScriptedService()
        let server = try await TestListener.start(
            .withoutTLS,
            service: service,
            proxies: [IPNetwork("192.0.2.0/24")!]
        )
        let client = try await server.connect()
        try await client.send(Array(Self.line.utf8))
        #expect(try await client.line()?.hasPrefix("220 ") == true)
        #expect(try await client.line()?.hasPrefix("500 ") == true)
        #expect(service.peers.map { $0.address?.description } == ["127.0.0.1"])
        await server.stop()
    }

    @Test("a denied client is told so through the proxy")
    func denied() async throws {
        let server = try await TestListener.start(
            .withoutTLS,
            service: ScriptedService(),
            denied: [IPNetwork("192.0.2.0/24")!],
            proxies: [Self.loopback]
        )
        let client = try await server.connect()
        try await client.send(Array(Self.line.utf8))
        #expect(try await client.line() == "554 5.7.1 Access from your address is denied")
        await server.stop()
    }

    @Test("connections of one address within a minute are limited: 421 4.7.0; allowed ones are not")
    func rate() async throws {
        let registry = SessionRegistry(
            maximumSessions: 100,
            maximumSessionsPerAddress: 100,
            maximumArrivalsPerMinute: 3,
            unlimited: [IPNetwork("192.0.2.9")!]
        )
        let server = try await TestListener.start(
            .withoutTLS,
            service: ScriptedService(),
            registry: registry,
            proxies: [Self.loopback]
        )
        func greeting(_ address: String) async throws -> String? {
            let client = try await server.connect()
            try await client.send(Array("PROXY TCP6 \(address) 2001:db8::25 1 587\r\n".utf8))
            return try await client.line()
        }
        // One /64 is one customer.
        for number in 1...3 { #expect(try await greeting("2001:db8:1:2::\(number)")?.hasPrefix("220 ") == true) }
        #expect(
            try await greeting("2001:db8:1:2::4")
                == "421 4.7.0 Too many connections from your address within a minute; try again later"
        )
        #expect(try await greeting("2001:db8:1:3::4")?.hasPrefix("220 ") == true)
        for _ in 0..<5 { #expect(try await greeting("::ffff:192.0.2.9")?.hasPrefix("220 ") == true) }
        await server.stop()
    }

    @Test("an address that the service turns away hears its reply, unless it has no limits")
    func turnedAway() async throws {
        let service = ScriptedService(refusal: .addressBanned)
        let server = try await TestListener.start(.withoutTLS, service: service)
        let client = try await server.connect()
        #expect(try await client.line() == "421 4.7.0 Too many failed logins from your address; try again later")
        await server.stop()
        let registry = SessionRegistry(maximumSessions: 9, maximumSessionsPerAddress: 9, unlimited: [Self.loopback])
        let free = try await TestListener.start(
            .withoutTLS,
            service: service,
            denied: [Self.loopback],
            registry: registry
        )
        #expect(try await free.connect().line()?.hasPrefix("220 ") == true)
        await free.stop()
    }
}
