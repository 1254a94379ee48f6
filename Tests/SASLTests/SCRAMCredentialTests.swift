import Testing

@testable import SASL

@Suite("SCRAM credentials")
struct SCRAMCredentialTests {
    static let key = Secret("a key of the server's own")

    private func derive(_ password: String, hash: SCRAMHash) throws -> SCRAMCredential {
        try SCRAMCredential(password: Secret(password), salt: [1, 2, 3, 4], iterations: 64, hash: hash)
    }

    @Test("verifies its own password and no other", arguments: SCRAMHash.allCases)
    func verify(_ hash: SCRAMHash) throws {
        let credential = try self.derive("pencil", hash: hash)
        #expect(credential.storedKey.count == hash.outputOctets)
        #expect(credential.serverKey.count == hash.outputOctets)
        #expect(credential.verify(password: Secret("pencil")))
        #expect(credential.verify(password: Secret("\u{FF50}encil")))
        #expect(!credential.verify(password: Secret("pencil ")))
        #expect(!credential.verify(password: Secret("")))
        #expect(!credential.verify(password: Secret([0xFF])))
        #expect(!credential.verify(password: Secret(String(repeating: "p", count: 1_025))))
    }

    @Test("refuses passwords and parameters that cannot be used")
    func refuses() {
        #expect(throws: SCRAMCredentialError.unusablePassword(.empty)) { try self.derive("", hash: .sha256) }
        #expect(throws: SCRAMCredentialError.unusablePassword(.prohibitedCharacter)) {
            try self.derive("a\u{7}", hash: .sha256)
        }
        #expect(throws: SCRAMCredentialError.unusablePassword(.tooLong)) {
            try self.derive(String(repeating: "p", count: 1_025), hash: .sha256)
        }
        #expect(throws: SCRAMCredentialError.unusablePassword(.invalidUTF8)) {
            try SCRAMCredential(password: Secret([0xFF]), salt: [1], iterations: 1, hash: .sha1)
        }
        for iterations in [Int.min, -1, 0, Int(Int32.max) + 1, Int.max] {
            #expect(throws: SCRAMCredentialError.unusableParameters) {
                try SCRAMCredential(password: Secret("p"), salt: [1], iterations: iterations, hash: .sha1)
            }
        }
        #expect(throws: SCRAMCredentialError.unusableParameters) {
            try SCRAMCredential(password: Secret("p"), salt: [], iterations: 1, hash: .sha1)
        }
    }

    @Test("a fake one is the same for the same name and key", arguments: SCRAMHash.allCases)
    func fake(_ hash: SCRAMHash) {
        func fake(_ identity: String, _ key: Secret) -> SCRAMCredential {
            .fake(for: identity, key: key, hash: hash, iterations: 4_096)
        }
        let first = fake("nobody", Self.key)
        #expect(first == fake("nobody", Secret(Self.key.octets)))
        #expect(first.salt != fake("nobody2", Self.key).salt)
        #expect(first.salt != fake("nobody", Secret("another key")).salt)
        #expect(first.salt.count == 16)
        #expect(first.iterations == 4_096)
        #expect(first.storedKey.count == hash.outputOctets)
        #expect(first.serverKey.count == hash.outputOctets)
    }

    @Test("fakes for different hashes share nothing")
    func fakeByHash() {
        let salts = Set(
            SCRAMHash.allCases.map { SCRAMCredential.fake(for: "x", key: Self.key, hash: $0, iterations: 4_096).salt }
        )
        #expect(salts.count == SCRAMHash.allCases.count)
    }

    @Test("prints no key")
    func description() throws {
        let credential = try self.derive("pencil", hash: .sha256)
        #expect("\(credential)" == "SCRAM-SHA-256, 64 iterations")
        #expect(String(reflecting: credential) == "SCRAM-SHA-256, 64 iterations")
        var dumped = ""
        dump(credential, to: &dumped)
        #expect(!dumped.contains("storedKey"))
    }

    @Test("base64 inside SCRAM round trips and is strict")
    func base64() {
        for count in 0..<70 {
            let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 251) }
            let encoded = SCRAMBase64.encode(octets)
            #expect(SCRAMBase64.decode(encoded) == octets)
            #expect(String(decoding: encoded, as: UTF8.self).fromBase64 == octets)
        }
        for text in [
            "=", "====", "AAA", "A===", "AA=A", "AAAA=AAA", "AA AA", "AAAA====", "-_-_", "AB==", "AAB=", "*A==",
        ] {
            #expect(SCRAMBase64.decode(text.octets) == nil, "\(text)")
        }
    }
}
