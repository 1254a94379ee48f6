import Testing

@testable import SASL

@Suite("SCRAM server, RFC 5802")
struct SCRAMServerTests {
    static let vector = SCRAMVector.rfcs[1]

    /// A server that has sent the salt of RFC 7677's example.
    private func challenged(clientFirst: String = vector.clientFirst) throws -> SCRAMServer {
        let vector = Self.vector
        var server = SCRAMServer(hash: .sha256, printableNonce: vector.nonces.server)
        _ = server.received(.present(clientFirst.octets))
        let credential = try SCRAMCredential(
            password: Secret(vector.password),
            salt: vector.salt,
            iterations: vector.iterations,
            hash: .sha256
        )
        #expect(server.received(.scram(credential)).challenge != nil)
        return server
    }

    @Test(
        "a malformed first message is malformed",
        arguments: [
            "x,,n=user,r=abc", "n,,n=user,r=", "n,,n=user,r=a\u{1}b", "n,,n=,r=abc", "n,,m=x,n=user,r=abc",
            "n,,n=us=er,r=abc",
            "n,,n=us=2,r=abc", "n,,n=us=,r=abc", "n,,n=us\0er,r=abc", "n,,n=us\u{7}er,r=abc", "n,,n=user,r=abc,m=x",
            "n,,n=user,r=abc,x", "n,,n=user,r=abc,x=", "n,,n=user,r=abc,", "n,,n=user", "n,,r=abc,n=user", "n,,r=abc",
            "n,n=user,r=abc",
            "n=user,r=abc", "n,b=x,n=user,r=abc", "n,a=,n=user,r=abc", "n,a=a=b,n=user,r=abc", "nn,,n=user,r=abc",
            ",,n=user,r=abc",
            "p=,,n=user,r=abc", "p,,n=user,r=abc", "n,,n=user,r=a b", "n,,n=user,r=\u{E4}", "N,,n=user,r=abc",
            "n,,N=user,r=abc",
        ]
    )
    func malformedFirst(_ message: String) {
        var server = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
        #expect(server.received(.present(message.octets)).failure?.isMalformed == true)
    }

    @Test("octets that are not UTF-8 are malformed")
    func notUTF8() {
        var server = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
        #expect(server.received(.present("n,,n=".octets + [0xFF] + ",r=abc".octets)).failure?.isMalformed == true)
    }

    @Test(
        "channel binding is refused while it is not offered",
        arguments: ["p=tls-exporter,,n=user,r=abc", "p=x,a=b,n=user,r=abc"]
    )
    func channelBinding(_ message: String) {
        var server = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
        let failure = server.received(.present(message.octets)).failure
        #expect(failure == ServerFailure(.channelBindingMismatch, authenticationIdentity: "user"))
    }

    @Test(
        "well-formed first messages are taken",
        arguments: [
            ("y,,n=user,r=abc", "user"), ("n,a=x,n=user,r=abc", "user"), ("n,,n=a=2Cb=3Dc=2c=3d,r=abc", "a,b=c,="),
            ("n,,n=user,r=abc,x=ext,y=2", "user"), ("n,,n=I\u{AD}X,r=abc", "IX"), ("n,,n=u,r=!#+--~=", "u"),
        ]
    )
    func wellFormed(_ message: String, _ identity: String) {
        var server = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
        let question = server.received(.present(message.octets)).question
        #expect(question?.authenticationIdentity == identity)
        guard case .scram(let scram) = question else {
            Issue.record("another question")
            return
        }
        #expect(scram.hash == .sha256)
    }

    @Test("a nonce of 512 octets is taken, one more is not")
    func nonceLimit() {
        let nonce = String(repeating: "a", count: 512)
        var first = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
        #expect(first.received(.present("n,,n=user,r=\(nonce)".octets)).question != nil)
        var second = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
        #expect(second.received(.present("n,,n=user,r=\(nonce)a".octets)).failure?.isMalformed == true)
    }

    @Test("the longest names fit, escaped and twice")
    func longestNames() {
        let name = String(repeating: "=2C", count: 1_024)
        var server = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
        let question = server.received(.present("n,a=\(name),n=\(name),r=abc".octets)).question
        #expect(question?.authenticationIdentity.utf8.count == 1_024)
        #expect(question?.authorizationIdentity?.utf8.count == 1_024)
    }

    static let proof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    static let nonce = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

    @Test(
        "a malformed final message is malformed",
        arguments: [
            "", "c=biws,\(nonce)", "c=biws,p=AAAA,\(nonce)", "c=biws,\(nonce)\(proof),x=1", "\(nonce),c=biws\(proof)",
            "c=biws\(proof)",
            "c=,\(nonce)\(proof)", "c=biws,r=\(proof)", "c=biws,\(nonce),m=x\(proof)", "c=biws,\(nonce),p=",
            "c=biws,\(nonce),p=AAAA",
            "c=biws,\(nonce),p=@@@@", "c=biws,\(nonce),p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVR=",
            "c=biws,\(nonce),x\(proof)",
        ]
    )
    func malformedFinal(_ message: String) throws {
        var server = try self.challenged()
        let failure = server.received(response: message.octets).failure
        #expect(failure == ServerFailure(.malformed, authenticationIdentity: "user"))
    }

    @Test(
        "another header than at first is a channel binding mismatch",
        arguments: ["eSws", "bixhPXgs", "biwsAA==", "BIWS"]
    )
    func otherHeader(_ header: String) throws {
        var server = try self.challenged()
        let failure = server.received(response: "c=\(header),\(Self.nonce)\(Self.proof)".octets).failure
        #expect(failure?.reason == .channelBindingMismatch)
    }

    @Test("a final message of another exchange is refused", arguments: ["r=rOprNGfwEbeRWgbNEkqO", "r=x", "\(nonce)x"])
    func replay(_ nonce: String) throws {
        var server = try self.challenged()
        let failure = server.received(response: "c=biws,\(nonce)\(Self.proof)".octets).failure
        #expect(failure == ServerFailure(.wrongCredentials, authenticationIdentity: "user"))
    }

    @Test("a right final message does not fit an exchange with another server nonce")
    func replayedWhole() throws {
        let vector = Self.vector
        var server = SCRAMServer(hash: .sha256, printableNonce: "another".octets)
        _ = server.received(.present(vector.clientFirst.octets))
        _ = server.received(
            .scram(
                try SCRAMCredential(
                    password: Secret(vector.password),
                    salt: vector.salt,
                    iterations: vector.iterations,
                    hash: .sha256
                )
            )
        )
        #expect(server.received(response: vector.clientFinal.octets).failure?.reason == .wrongCredentials)
    }

    @Test("a proof of nothing but zeros is wrong")
    func zeroProof() throws {
        var server = try self.challenged()
        let proof = String(decoding: SCRAMBase64.encode(Array(repeating: 0, count: 32)), as: UTF8.self)
        let failure = server.received(response: "c=biws,\(Self.nonce),p=\(proof)".octets).failure
        #expect(failure == ServerFailure(.wrongCredentials, authenticationIdentity: "user"))
    }

    /// A final message that somebody who knows the password signs, whatever it says.
    private func signed(_ withoutProof: String) throws -> [UInt8] {
        let vector = Self.vector
        let keys = try SCRAMKeys(
            preparedPassword: Secret(vector.password),
            salt: vector.salt,
            iterations: vector.iterations,
            hash: .sha256
        )
        let signature = SCRAMHash.sha256.authenticationCode(
            of: SCRAMGrammar.authMessage(
                clientFirstBare: vector.clientFirst.octets.dropFirst(3),
                serverFirst: vector.serverFirst.octets,
                clientFinalWithoutProof: withoutProof.octets
            ),
            key: SCRAMHash.sha256.digest(keys.clientKey)
        )
        let proof = zip(keys.clientKey, signature).map { $0 ^ $1 }
        return withoutProof.octets + ",p=".octets + SCRAMBase64.encode(proof)
    }

    @Test(
        "a right proof over a wrong message is refused",
        arguments: [
            ("c=biws,\(nonce)", nil), ("c=biws,\(nonce),x=y", nil), ("c=biws,\(nonce)x", .wrongCredentials),
            ("c=biws,r=x", .wrongCredentials), ("c=biws,r=rOprNGfwEbeRWgbNEkqO", .wrongCredentials),
            ("c=eSws,\(nonce)", .channelBindingMismatch), ("c=biws,\(nonce),m=y", .malformed),
        ] as [(String, ServerFailure.Reason?)]
    )
    func rightProof(_ withoutProof: String, _ reason: ServerFailure.Reason?) throws {
        var server = try self.challenged()
        let step = server.received(response: try self.signed(withoutProof))
        #expect(step.failure?.reason == reason)
    }

    @Test("the nonce is printable whatever octets it comes from")
    func printableNonce() throws {
        let octets = (0...255).map { UInt8($0) }
        let server = try #require(
            ServerMechanisms.make(.scramSHA256, nonce: octets, hostname: "h", secondsSince1970: 0)
        )
        let outcome = Exchange().run(client: Exchange.client(.scramSHA256), server: server)
        #expect(outcome.succeeded)
    }
}
