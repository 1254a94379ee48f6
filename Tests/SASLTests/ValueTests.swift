import SASL
import Testing

@Suite("Mechanism names, RFC 4422 §3.1")
struct MechanismNameTests {
    @Test("are compared without case", arguments: ["plain", "PLAIN", "pLaIn"])
    func caseless(_ text: String) {
        #expect(MechanismName(text) == .plain)
        #expect(MechanismName(Array(text.utf8)) == .plain)
    }

    @Test("an unknown name is still a name", arguments: ["X-FOO_1", "A", "ABCDEFGHIJKLMNOPQRST", "SCRAM-SHA-256-PLUS"])
    func unknown(_ text: String) {
        #expect(MechanismName(text)?.description == text)
    }

    @Test(
        "anything else is not",
        arguments: ["", "ABCDEFGHIJKLMNOPQRSTU", "A B", "A.B", "\u{E4}", "PLAIN\r\n", "A\0", "=", "\u{FF21}"]
    )
    func invalid(_ text: String) {
        #expect(MechanismName(text) == nil)
    }

    @Test("what hands the password or token itself over is known")
    func revealsPassword() {
        #expect(ServerMechanisms.available.filter(\.revealsPassword) == [.plain, .login, .oauthBearer, .xoauth2])
    }
}

@Suite("Secrets")
struct SecretTests {
    @Test("are never printed")
    func description() {
        let secret = Secret("pencil")
        #expect("\(secret)" == "(secret)")
        #expect(String(reflecting: secret) == "(secret)")
        var dumped = ""
        dump(secret, to: &dumped)
        dump(ClientCredentials(authenticationIdentity: "user", password: secret), to: &dumped)
        dump(PasswordCredentials(mechanism: .plain, authenticationIdentity: "user", password: secret), to: &dumped)
        dumped += "\(ClientCredentials(authenticationIdentity: "user", password: secret))"
        #expect(!dumped.contains("pencil"))
        #expect(!dumped.contains("112"))
    }

    @Test("keep their octets", arguments: [[], [0], Array("pencil".utf8), Array(0...255)] as [[UInt8]])
    func octets(_ octets: [UInt8]) {
        let secret = Secret(octets)
        #expect(secret.octets == octets)
        #expect(secret.count == octets.count)
        #expect(secret.isEmpty == octets.isEmpty)
        #expect(secret.withUnsafeBytes { Array($0) } == octets)
        #expect(secret == Secret(octets))
        #expect(secret != Secret(octets + [1]))
    }
}

@Suite("The client's choice of mechanism")
struct RankingTests {
    private func ranked(_ offered: [MechanismName], tls: Bool, clear: Bool = false) -> [MechanismName] {
        ClientMechanisms.ranked(offered: offered, overTLS: tls, allowClearTextWithoutTLS: clear)
    }

    static let all: [MechanismName] = [.login, .cramMD5, .plain, .scramSHA1, .scramSHA512, .scramSHA256]

    @Test("is the strongest first under TLS")
    func overTLS() {
        #expect(
            self.ranked(Self.all, tls: true) == [.scramSHA512, .scramSHA256, .scramSHA1, .plain, .login, .cramMD5]
        )
    }

    @Test("shows no password without TLS, unless told to")
    func withoutTLS() {
        #expect(self.ranked(Self.all, tls: false) == [.scramSHA512, .scramSHA256, .scramSHA1, .cramMD5])
        #expect(
            self.ranked(Self.all, tls: false, clear: true)
                == [.scramSHA512, .scramSHA256, .scramSHA1, .cramMD5, .plain, .login]
        )
        #expect(self.ranked([.plain, .login], tls: false).isEmpty)
    }

    @Test("takes only what is offered, and every choice can be made")
    func offered() throws {
        let unknown = try #require(MechanismName("XOAUTH2"))
        #expect(self.ranked([unknown, .plain], tls: true) == [.plain])
        #expect(self.ranked([], tls: true).isEmpty)
        for name in self.ranked(Self.all, tls: true) {
            #expect(Exchange.client(name).name == name)
            #expect(Exchange.server(name).name == name)
        }
    }
}
