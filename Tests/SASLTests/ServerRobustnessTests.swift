import SASL
import Testing

@Suite("What no server may be brought down by")
struct ServerRobustnessTests {
    static let mechanisms = Exchange.passwordMechanisms

    static let responses: [[UInt8]] = [
        [], [0], [0, 0], [0, 0, 0], [0x20], Array(",".utf8), Array(",,,".utf8), Array("=".utf8), Array("n,,".utf8),
        Array("n,,n=,r=".utf8), Array("p=,,n=u,r=n".utf8), [0xFF], [0xC0, 0x80], Array(repeating: 0xFF, count: 300),
        Array(repeating: UInt8(ascii: ","), count: 5_000), Array(repeating: UInt8(ascii: "="), count: 5_000),
        Array(repeating: 0, count: 5_000), Array(repeating: UInt8(ascii: "a"), count: 1 << 20),
    ]

    @Test("an odd first response fails, as an initial response or later", arguments: mechanisms, responses)
    func oddResponse(_ name: MechanismName, _ octets: [UInt8]) {
        var first = Exchange.server(name)
        let initial = first.received(.present(octets))
        var second = Exchange.server(name)
        _ = second.received(.absent)
        let later = second.received(response: octets)

        // Some are legitimate to LOGIN: a user name of one space, or of commas.
        if name != .login {
            // To NTLM an initial response of no octets is the question for the first challenge.
            #expect(initial.failure != nil || (name == .ntlm && octets.isEmpty))
            #expect(later.failure != nil)
        }
        if octets.count > 10_000 {
            #expect(initial.failure?.isMalformed == true)
            #expect(later.failure?.isMalformed == true)
        }
    }

    @Test("an answer of the wrong kind fails the exchange", arguments: mechanisms)
    func wrongKind(_ name: MechanismName) throws {
        let credential = SCRAMCredential.fake(for: "user", key: Secret("k"), hash: .sha256, iterations: 4_096)
        let other = SCRAMCredential.fake(for: "user", key: Secret("k"), hash: .sha1, iterations: 4_096)
        let broken = SCRAMCredential(hash: .sha256, salt: [], iterations: 0, storedKey: [], serverKey: [])
        let answers: [ServerAnswer] = [
            .password(accepted: true), .scram(credential), .scram(other), .scram(broken),
            .sharedSecret(Secret("pencil")),
            .sharedSecret(Secret([])), .sharedSecret(nil),
        ]
        for answer in answers {
            var client = Exchange.client(name)
            var server = Exchange.server(name)
            var step: ServerStep =
                switch client.start() {
                case .present(let octets): server.received(.present(octets))
                case .absent: server.received(.absent)
                }
            while case .challenge(let octets) = step {
                step = server.received(response: try #require(client.received(challenge: octets).response))
            }
            let question = try #require(step.question)
            step = server.received(answer)
            switch (question, answer) {
            case (.password, .password), (.sharedSecret, .sharedSecret):
                continue
            case (.scram(let question), .scram(let credential))
            where credential.hash == question.hash && !credential.salt.isEmpty:
                continue
            default:
                #expect(step.failure == ServerFailure(.unexpectedAnswer, authenticationIdentity: "user"))
            }
        }
    }

    @Test("calls out of sequence fail, and nothing works after a failure", arguments: mechanisms)
    func outOfSequence(_ name: MechanismName) {
        var early = Exchange.server(name)
        #expect(early.received(response: []).failure?.reason == .outOfSequence)
        #expect(early.received(.absent).failure?.reason == .outOfSequence)

        var unasked = Exchange.server(name)
        #expect(unasked.received(.password(accepted: true)).failure?.reason == .outOfSequence)

        var twice = Exchange.server(name)
        _ = twice.received(.absent)
        #expect(twice.received(.absent).failure?.reason == .outOfSequence)
        #expect(twice.received(response: []).failure?.reason == .outOfSequence)

        var challenged = Exchange.server(name)
        _ = challenged.received(.absent)
        #expect(challenged.received(.password(accepted: true)).failure?.reason == .outOfSequence)
        #expect(challenged.received(.sharedSecret(Secret("x"))).failure?.reason == .outOfSequence)
    }

    @Test("a success is the end", arguments: mechanisms)
    func afterSuccess(_ name: MechanismName) {
        // A value: the copy that the exchange runs on starts where the original is.
        let server = Exchange.server(name)
        let first = Exchange().run(client: Exchange.client(name), server: server)
        let second = Exchange().run(client: Exchange.client(name), server: server)
        #expect(first.succeeded)
        #expect(second.succeeded)
    }

    @Test("there is no mechanism for an unknown name")
    func unknown() throws {
        let name = try #require(MechanismName("SCRAM-SHA-999"))
        #expect(ServerMechanisms.make(name, nonce: Exchange.nonce, hostname: "h", secondsSince1970: 0) == nil)
        let credentials = ClientCredentials(authenticationIdentity: "u", password: Secret("p"))
        #expect(ClientMechanisms.make(name, credentials: credentials, nonce: Exchange.nonce) == nil)
    }
}
