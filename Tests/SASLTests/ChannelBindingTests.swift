import SASL
import Testing

@Suite("SCRAM with channel binding, RFC 5802 §6, RFC 9266")
struct ChannelBindingTests {
    static let plus: [MechanismName] = [.scramSHA1Plus, .scramSHA256Plus, .scramSHA512Plus]
    static let credentials = ClientCredentials(authenticationIdentity: "user", password: Secret("pencil"))

    private static func server(
        _ name: MechanismName,
        _ bindings: ChannelBindings,
        offersChannelBinding: Bool = true
    ) throws -> any ServerMechanism {
        try #require(
            ServerMechanisms.make(
                name,
                context: ServerMechanismContext(
                    nonce: Exchange.nonce,
                    hostname: "mail.example.org",
                    secondsSince1970: 0,
                    channelBindings: bindings,
                    offersChannelBinding: offersChannelBinding
                )
            )
        )
    }

    private static func client(
        _ name: MechanismName,
        _ bindings: ChannelBindings,
        offered: [MechanismName] = []
    ) throws -> any ClientMechanism {
        try #require(
            ClientMechanisms.make(
                name,
                credentials: credentials,
                nonce: Exchange.nonce,
                iterations: SCRAMIterationLimits(minimum: 1, maximum: 100_000),
                channelBindings: bindings,
                offered: offered
            )
        )
    }

    @Test("both ends on one connection succeed", arguments: plus)
    func sameConnection(_ name: MechanismName) throws {
        let outcome = Exchange().run(
            client: try Self.client(name, Exchange.bindings),
            server: try Self.server(name, Exchange.bindings)
        )
        #expect(outcome.succeeded)
    }

    @Test("someone between two connections is noticed", arguments: plus)
    func otherConnection(_ name: MechanismName) throws {
        let other = ChannelBindings([.tlsExporter: Array(repeating: 0xb2, count: 32)])
        let outcome = Exchange().run(
            client: try Self.client(name, other),
            server: try Self.server(name, Exchange.bindings)
        )
        #expect(outcome.server?.failure?.reason == .channelBindingMismatch)
    }

    @Test("a type that the server cannot compute is refused")
    func otherType() throws {
        let endPoint = ChannelBindings([.tlsServerEndPoint: Array(repeating: 1, count: 32)])
        let outcome = Exchange().run(
            client: try Self.client(.scramSHA256Plus, endPoint),
            server: try Self.server(.scramSHA256Plus, Exchange.bindings)
        )
        #expect(outcome.server?.failure?.reason == .channelBindingMismatch)
    }

    @Test("`y` while -PLUS was offered is a downgrade by somebody between")
    func downgrade() throws {
        let client = try Self.client(.scramSHA256, Exchange.bindings, offered: [.scramSHA256])
        let outcome = Exchange().run(client: client, server: try Self.server(.scramSHA256, Exchange.bindings))
        #expect(outcome.server?.failure?.reason == .channelBindingMismatch)
        let honest = Exchange().run(
            client: client,
            server: try Self.server(.scramSHA256, .none, offersChannelBinding: false)
        )
        #expect(honest.succeeded)
    }

    @Test("a client that cannot bind uses the plain form beside -PLUS")
    func plainBesidePlus() throws {
        let client = try Self.client(.scramSHA256, .none, offered: [.scramSHA256Plus, .scramSHA256])
        let outcome = Exchange().run(client: client, server: try Self.server(.scramSHA256, Exchange.bindings))
        #expect(outcome.succeeded)
    }

    @Test("`n` and `y` have no place in -PLUS", arguments: ["n,,n=user,r=abc", "y,,n=user,r=abc"])
    func flagWithoutBinding(_ message: String) throws {
        var server = try Self.server(.scramSHA256Plus, Exchange.bindings)
        #expect(server.received(.present(Array(message.utf8))).failure?.reason == .channelBindingMismatch)
    }

    @Test("a client without binding data has no -PLUS")
    func nothingToBindTo() {
        #expect(
            ClientMechanisms.make(.scramSHA256Plus, credentials: Self.credentials, nonce: Exchange.nonce) == nil
        )
        #expect(
            ClientMechanisms.ranked(
                offered: Self.plus + [.plain],
                overTLS: true,
                allowClearTextWithoutTLS: false
            ) == [.plain]
        )
    }
}
