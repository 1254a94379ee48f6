import Testing

@testable import SASL

@Suite("SCRAM with several passwords of one identity")
struct SCRAMAlternativeTests {
    private static let salt = Array("one salt for all".utf8)

    private static func credential(_ password: String) throws -> SCRAMCredential {
        try SCRAMCredential(password: Secret(password), salt: self.salt, iterations: 16, hash: .sha256)
    }

    private static func alternative(
        _ password: String,
        _ label: Int64,
        isAccepted: Bool = true
    ) throws -> SCRAMAlternative {
        let keys = try self.credential(password)
        return SCRAMAlternative(
            label: label,
            storedKey: keys.storedKey,
            serverKey: keys.serverKey,
            isAccepted: isAccepted
        )
    }

    /// The server's last step for a client that holds `password`, and whether the client believed the server.
    private func login(
        _ password: String,
        _ stored: SCRAMCredential
    ) throws -> (step: ServerStep?, isServerProved: Bool) {
        var server = SCRAMServer(hash: .sha256, printableNonce: Array("server".utf8))
        let first = "n,,n=user,r=client"
        guard case .question = server.received(.present(first.octets)) else { return (nil, false) }
        guard case .challenge(let serverFirst) = server.received(.scram(stored)) else { return (nil, false) }
        let keys = try SCRAMKeys(preparedPassword: Secret(password), salt: Self.salt, iterations: 16, hash: .sha256)
        let withoutProof = "c=biws,r=clientserver".octets
        let message = SCRAMGrammar.authMessage(
            clientFirstBare: first.octets.dropFirst(3),
            serverFirst: serverFirst,
            clientFinalWithoutProof: withoutProof
        )
        let signature = SCRAMHash.sha256.authenticationCode(
            of: message,
            key: SCRAMHash.sha256.digest(keys.clientKey)
        )
        let proof = SCRAMBase64.encode(zip(keys.clientKey, signature).map { $0 ^ $1 })
        let step = server.received(response: withoutProof + ",p=".octets + proof)
        guard case .succeeded(_, let final) = step else { return (step, false) }
        let expected = SCRAMHash.sha256.authenticationCode(of: message, key: keys.serverKey)
        return (step, final == SCRAMServerFinal.octets(signature: expected))
    }

    @Test("each password logs in, and the label says which", arguments: [nil, 0, 1, 7, 8, 19] as [Int?])
    func each(_ index: Int?) throws {
        var stored = try Self.credential("main")
        for number in 0..<20 { stored.alternatives.append(try Self.alternative("app \(number)", Int64(number) + 100)) }
        let (step, isServerProved) = try self.login(index.map { "app \($0)" } ?? "main", stored)
        guard case .succeeded(let identity, _) = step else {
            Issue.record("refused")
            return
        }
        #expect(identity.alternative == index.map { Int64($0) + 100 })
        #expect(isServerProved, "the client gets the signature of the password that it holds")
    }

    @Test("a password that is none of them is wrong and has no label")
    func wrong() throws {
        var stored = try Self.credential("main")
        stored.alternatives = [try Self.alternative("app", 7), try Self.alternative("old", 8, isAccepted: false)]
        let failure = try self.login("other", stored).step?.failure
        #expect(failure == ServerFailure(.wrongCredentials, authenticationIdentity: "user"))
    }

    @Test("one that is not accepted fails like a wrong one, and only the failure names it")
    func notAccepted() throws {
        var stored = try Self.credential("main")
        stored.alternatives = [try Self.alternative("old", 8, isAccepted: false)]
        let failure = try self.login("old", stored).step?.failure
        #expect(failure == ServerFailure(.wrongCredentials, authenticationIdentity: "user", alternative: 8))
        #expect(failure?.reason == .wrongCredentials)
    }

    @Test("keys of a wrong size are no answer")
    func wrongSize() throws {
        var stored = try Self.credential("main")
        stored.alternatives = [SCRAMAlternative(label: 1, storedKey: [1], serverKey: [2])]
        var server = SCRAMServer(hash: .sha256, printableNonce: Array("server".utf8))
        _ = server.received(.present("n,,n=user,r=client".octets))
        #expect(server.received(.scram(stored)).failure?.reason == .unexpectedAnswer)
    }

    @Test("nothing is printed of an alternative but its label")
    func printed() throws {
        let alternative = try Self.alternative("app", 7)
        var text = ""
        dump(alternative, to: &text)
        #expect("\(alternative)" == "alternative 7")
        #expect(!text.contains("storedKey"))
    }
}
