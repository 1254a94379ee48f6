import MailSyntax
import SMTP
import SMTPServer
import Testing

@Suite("XCLIENT from listed addresses")
struct ForwardingTests {
    private static let loopback = IPNetwork("127.0.0.0/8")!

    private static func start(
        _ service: ScriptedService,
        forwarders: [IPNetwork] = [loopback],
        denied: [IPNetwork] = [],
        registry: SessionRegistry = SessionRegistry(maximumSessions: 100, maximumSessionsPerAddress: 1)
    ) async throws -> TestListener {
        try await TestListener.start(
            .withoutTLS,
            service: service,
            denied: denied,
            registry: registry,
            forwarders: forwarders
        )
    }

    private static func lines(_ client: WireConnection, _ command: String) async throws -> [String] {
        try await client.send(Array((command + "\r\n").utf8))
        var lines: [String] = []
        while let line = try await client.line() {
            lines.append(line)
            if !line.dropFirst(3).hasPrefix("-") { break }
        }
        return lines
    }

    @Test("the session starts over for the client, and is counted as his")
    func forwarded() async throws {
        let service = ScriptedService()
        let server = try await Self.start(service)
        let client = try await server.connect()
        #expect(try await client.line()?.hasPrefix("220 ") == true)
        #expect(try await Self.lines(client, "EHLO proxy").contains("250-XCLIENT NAME ADDR PORT PROTO HELO"))
        let greeting = try await Self.lines(
            client,
            "XCLIENT ADDR=192.0.2.7 PORT=5 NAME=[UNAVAILABLE] PROTO=ESMTP HELO=a+2Eb"
        )
        #expect(greeting.first?.hasPrefix("220 ") == true)
        #expect(service.peers.map { $0.address?.description } == ["127.0.0.1", "192.0.2.7"])
        #expect(service.responders.map(\.events) == [[.closed], []])
        let second = try await server.connect()
        _ = try await second.line()
        #expect(
            try await Self.lines(second, "XCLIENT ADDR=192.0.2.7")
                == ["421 4.7.0 Too many sessions; try again later"]
        )
        await server.stop()
    }

    @Test(
        "IPv6 stands behind a tag; a client that the proxy does not know has the proxy's address",
        arguments: [
            ("ADDR=IPV6:2001:db8::7", "2001:db8::7"), ("ADDR=IPV6:::ffff:192.0.2.7", "192.0.2.7"),
            ("ADDR=[UNAVAILABLE]", "127.0.0.1"), ("NAME=x.example", "127.0.0.1"),
        ]
    )
    func addresses(_ arguments: String, _ address: String) async throws {
        let service = ScriptedService()
        let server = try await Self.start(service)
        let client = try await server.connect()
        _ = try await client.line()
        #expect(try await Self.lines(client, "XCLIENT \(arguments)").first?.hasPrefix("220 ") == true)
        #expect(service.peers.last?.address?.description == address)
        await server.stop()
    }

    @Test(
        "what is not to the letter is refused",
        arguments: [
            "", "ADDR", "ADDR=", "ADDR=192.0.2.07", "ADDR=2001:db8::7", "ADDR=IPV6:192.0.2.7",
            "ADDR=192.0.2.7 ADDR=192.0.2.8",
            "ADDR=192.0.2.7+00", "NAME=a+0Ab", "PORT=65536", "PORT=-1", "PROTO=HTTP", "LOGIN=alice",
            "DESTADDR=192.0.2.1",
            "FORWARD=x", "HELO=\(String(repeating: "x", count: 256))", "ADDR=192.0.2.7=", "NAME=+4",
        ]
    )
    func malformed(_ arguments: String) async throws {
        let service = ScriptedService()
        let server = try await Self.start(service)
        let client = try await server.connect()
        _ = try await client.line()
        #expect(try await Self.lines(client, "XCLIENT \(arguments)").first?.hasPrefix("501 5.5.4 ") == true)
        #expect(service.peers.count == 1)
        await server.stop()
    }

    @Test("to an address that is not listed it is neither offered nor known")
    func stranger() async throws {
        let service = ScriptedService()
        let server = try await Self.start(service, forwarders: [IPNetwork("192.0.2.0/24")!])
        let client = try await server.connect()
        _ = try await client.line()
        #expect(try await Self.lines(client, "EHLO a").contains { $0.contains("XCLIENT") } == false)
        #expect(try await Self.lines(client, "XCLIENT ADDR=192.0.2.7") == ["500 5.5.1 Unknown command"])
        #expect(service.peers.count == 1)
        await server.stop()
    }

    @Test("a denied client is told so, and the connection ends")
    func denied() async throws {
        let server = try await Self.start(ScriptedService(), denied: [IPNetwork("192.0.2.0/24")!])
        let client = try await server.connect()
        _ = try await client.line()
        #expect(
            try await Self.lines(client, "XCLIENT ADDR=192.0.2.7") == ["554 5.7.1 Access from your address is denied"]
        )
        #expect(try await client.line() == nil)
        await server.stop()
    }
}
