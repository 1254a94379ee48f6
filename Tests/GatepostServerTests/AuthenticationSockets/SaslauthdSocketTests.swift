import GatepostServer
import Testing

@Suite("The socket that speaks saslauthd's protocol")
struct SaslauthdSocketTests {
    private static func ask(
        _ fixture: AuthenticationSocketFixture,
        _ login: String,
        _ password: String = AuthenticationSocketFixture.password,
        realm: String = ""
    ) throws -> String {
        let connection = try LocalConnection(fixture.saslauthd.path)
        let request = [login, password, "smtp", realm].flatMap { text in
            [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 255)] + Array(text.utf8)
        }
        try connection.send(request)
        let reply = try connection.rest()
        let isCounted = reply.count >= 2 && Int(reply[0]) << 8 | Int(reply[1]) == reply.count - 2
        return isCounted ? String(decoding: reply.dropFirst(2), as: UTF8.self) : "no reply"
    }

    @Test(
        "a right password is OK, under any spelling of the name",
        arguments: [
            ("alice", "example.org"), ("alice", ""), ("alice@example.org", ""),
            ("Alice@Example.ORG", "elsewhere.example"),
        ]
    )
    func accepted(login: String, realm: String) async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            #expect(try Self.ask(fixture, login, realm: realm) == "OK")
            #expect(fixture.log.lines.contains { $0.hasPrefix("auth [") && $0.contains("saslauthd") })
        }
    }

    @Test(
        "anything else is NO with a reference",
        arguments: [
            ("alice", "wrong", "", "wrong-password"),
            ("alice", AuthenticationSocketFixture.password, "elsewhere.example", "domain-not-hosted"),
            ("bob", AuthenticationSocketFixture.password, "", "disabled"), ("nobody", "x", "", "unknown-account"),
            ("sam", AuthenticationSocketFixture.password, "", "sandbox-account"), ("", "x", "", "malformed"),
            ("alice", "", "", "malformed"), ("alice\0", "x", "", "malformed"), ("a", "x\0y", "", "malformed"),
        ]
    )
    func refused(login: String, password: String, realm: String, cause: String) async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            let reply = try Self.ask(fixture, login, password, realm: realm)
            #expect(reply.hasPrefix("NO Authentication failed (ref ") && reply.hasSuffix(")"), "\(reply)")
            let reference = reply.dropFirst("NO Authentication failed (ref ".count).dropLast()
            #expect(fixture.log.lines.contains { $0.contains(reference) && $0.contains(cause) }, "\(fixture.log.lines)")
        }
    }

    @Test("a string that is too long ends the connection without a reply")
    func tooLong() async throws {
        try await AuthenticationSocketFixture.with { fixture throws in
            #expect(try Self.ask(fixture, String(repeating: "a", count: 1025)) == "no reply")
            #expect(try Self.ask(fixture, "alice") == "OK")
        }
    }
}
