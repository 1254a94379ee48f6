import Testing

@testable import SASL

/// A whole SCRAM exchange.
struct SCRAMVector: Sendable, CustomTestStringConvertible {
    var label: String
    var hash: SCRAMHash
    var user: String
    var password: String
    var salt: [UInt8]
    var iterations: Int
    var clientFirst: String
    var serverFirst: String
    var clientFinal: String
    var serverFinal: String

    var testDescription: String { "\(self.label), \(self.hash.rawValue)" }

    /// The client's and the server's part of the nonce.
    var nonces: (client: [UInt8], server: [UInt8]) {
        func nonce(_ message: String) -> [UInt8] {
            SCRAMGrammar.attributes(message.utf8).lazy
                .compactMap { SCRAMGrammar.value(of: $0, named: "r") }.first.map { Array($0) } ?? []
        }
        let client = nonce(self.clientFirst)
        return (client, Array(nonce(self.serverFirst).dropFirst(client.count)))
    }

    var authorizationIdentity: String? {
        SCRAMGrammar.value(of: SCRAMGrammar.attributes(self.clientFirst.utf8)[1], named: "a")
            .flatMap { SCRAMGrammar.unescape($0) }.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension SCRAMVector {
    private struct OwnFile: Decodable {
        struct Case: Decodable {
            var label, mechanism, user, password, salt, clientFirst, serverFirst, clientFinal, serverFinal: String
            var iterations: Int
        }
        var cases: [Case]
    }

    static let rfcs = Vectors.own("rfc5802-rfc7677-scram.json", as: OwnFile.self).cases.compactMap { vector in
        MechanismName(vector.mechanism).flatMap { SCRAMHash(mechanism: $0) }.map {
            SCRAMVector(
                label: vector.label,
                hash: $0,
                user: vector.user,
                password: vector.password,
                salt: vector.salt.fromBase64,
                iterations: vector.iterations,
                clientFirst: vector.clientFirst,
                serverFirst: vector.serverFirst,
                clientFinal: vector.clientFinal,
                serverFinal: vector.serverFinal
            )
        }
    }
}

extension SCRAMVector {
    /// What a -PLUS exchange is bound to: what its `c=` holds behind the header.
    var binding: (type: ChannelBindingType, data: [UInt8])? {
        guard self.clientFirst.hasPrefix("p="), let comma = self.clientFirst.firstIndex(of: ","),
            let type = ChannelBindingType(self.clientFirst[..<comma].utf8.dropFirst(2)),
            let encoded = self.clientFinal.split(separator: ",").first
        else { return nil }
        let header = "\(self.clientFirst[..<comma]),,"
        return (type, Array(String(encoded.dropFirst(2)).fromBase64.dropFirst(header.utf8.count)))
    }
}

@Suite("SCRAM vectors, RFC 5802 and RFC 7677")
struct SCRAMVectorTests {
    static let vectors = SCRAMVector.rfcs + SharedSCRAM.exchanges

    @Test("the server follows the exchange", arguments: vectors)
    func server(_ vector: SCRAMVector) throws {
        let binding: SCRAMServer.Binding =
            vector.binding.map { .required(ChannelBindings([$0.type: $0.data])) } ?? .absent(isOffered: false)
        var server = SCRAMServer(hash: vector.hash, printableNonce: vector.nonces.server, binding: binding)
        let question = try #require(server.received(.present(vector.clientFirst.octets)).question)
        #expect(question.authenticationIdentity == vector.user)
        #expect(question.authorizationIdentity == vector.authorizationIdentity)
        let credential = try SCRAMCredential(
            password: Secret(vector.password),
            salt: vector.salt,
            iterations: vector.iterations,
            hash: vector.hash
        )
        #expect(server.received(.scram(credential)).challenge == vector.serverFirst.octets)
        guard case .succeeded(let identity, let finalData) = server.received(response: vector.clientFinal.octets)
        else {
            Issue.record("no success")
            return
        }
        #expect(identity.authenticationIdentity == vector.user)
        #expect(identity.authorizationIdentity == vector.authorizationIdentity)
        #expect(finalData == vector.serverFinal.octets)
    }

    @Test("the client follows the exchange", arguments: vectors)
    func client(_ vector: SCRAMVector) throws {
        var client = SCRAMClient(
            hash: vector.hash,
            credentials: ClientCredentials(
                authenticationIdentity: vector.user,
                authorizationIdentity: vector.authorizationIdentity,
                password: Secret(vector.password)
            ),
            printableNonce: vector.nonces.client,
            binding: vector.binding.map { .bound($0.type, $0.data) }
                ?? (vector.clientFirst.hasPrefix("y") ? .notOffered : .unsupported)
        )
        #expect(client.start() == .present(vector.clientFirst.octets))
        #expect(client.received(challenge: vector.serverFirst.octets).response == vector.clientFinal.octets)
        #expect(client.receivedSuccess(finalData: vector.serverFinal.octets) == .succeeded)
    }
}
