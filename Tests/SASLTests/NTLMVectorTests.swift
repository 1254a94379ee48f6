import Testing

@testable import SASL

/// The values of MS-NLMP §4.2 in hexadecimal.
struct NTLMVectors: Decodable {
    struct Inputs: Decodable {
        var user, domain, password, server_name, workstation, server_challenge, client_challenge: String
        var random_session_key, time, target_info, ntlmv2_temp: String
    }
    struct Expected: Decodable {
        var lm_hash, nt_hash, ntlmv1_response, lmv1_response, v1_session_base_key, ntlm2_session_response: String
        var ntlmv2_hash, lmv2_response, ntlmv2_proof, v2_session_base_key, v2_encrypted_session_key: String
        var v1_encrypted_session_key: String
    }
    struct Extra: Decodable, Sendable, CustomTestStringConvertible {
        var user, domain, password, server_challenge, temp, nt_hash, ntlmv2_hash, ntlmv2_proof: String
        var testDescription: String { "\(self.user) of \(self.domain)" }
    }
    var inputs: Inputs
    var expect: Expected
    var computed_extra: [Extra]?

    static let own = Vectors.own("ms-nlmp-ntlm.json", as: NTLMVectors.self)
    static let shared = Vectors.shared("ntlm-ms-nlmp-4.2.json", absent: own)
}

extension String {
    /// The octets that the string says in hexadecimal.
    var fromHexadecimal: [UInt8] { Hexadecimal.decode(Array(self.utf8)) ?? [] }
}

@Suite("NTLM's parts")
struct NTLMVectorTests {
    static let inputs = NTLMVectors.own.inputs
    static let expected = NTLMVectors.own.expect
    static let extras = NTLMVectors.shared.computed_extra ?? []

    @Test(
        "MD4, RFC 1320 appendix A.5",
        arguments: [
            ("", "31d6cfe0d16ae931b73c59d7e0c089c0"), ("a", "bde52cb31de33e46245e05fbdbd6fb24"),
            ("abc", "a448017aaf21d8525fc10ae87aa6729d"), ("message digest", "d9130a8164549fe818874806e1c7014b"),
            ("abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"),
            (
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                "043f8582f241db351ce627e153e7f0e4"
            ),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "e33b4ddc9c38f2199c3e7b164fcc0536"
            ),
        ]
    )
    func md4(_ message: String, _ digest: String) {
        #expect(MD4.hash(message.octets) == digest.fromHexadecimal)
    }

    @Test("MD4 pads every length to whole blocks")
    func md4Lengths() {
        // As other implementations: the digests of 0 to 130 zeros, digested together.
        let digests = (0...130).map { MD4.hash(Array(repeating: 0, count: $0)) }
        #expect(Set(digests).count == 131)
        #expect(digests.allSatisfy { $0.count == 16 })
    }

    @Test("DES with the parity bits dropped")
    func des() {
        // Key 133457799BBCDFF1 without its parity bits, the worked example known from textbooks.
        let key: [UInt8] = [0x12, 0x69, 0x5B, 0xC9, 0xB7, 0xB7, 0xF8]
        #expect(DES(key: key).encrypt("0123456789abcdef".fromHexadecimal) == "85e813540f0ab405".fromHexadecimal)
        #expect(DES(key: []).encrypt([]) == "8ca64de9c1b123a7".fromHexadecimal)
    }

    @Test("RC4, the first vectors of RFC 6229")
    func rc4() {
        let stream = RC4.apply(key: [1, 2, 3, 4, 5], to: Array(repeating: 0, count: 16))
        #expect(stream == "b2396305f03dc027ccc3524a0a1118a8".fromHexadecimal)
        #expect(RC4.apply(key: [], to: [1, 2]) == [1, 2])
    }

    @Test("NTLMv1 and NTLM2 session, MS-NLMP 4.2.2 and 4.2.3")
    func version1() {
        let hash = NTLMKeys.ntHash(password: Self.inputs.password)
        let challenge = Self.inputs.server_challenge.fromHexadecimal
        #expect(hash == Self.expected.nt_hash.fromHexadecimal)
        #expect(
            NTLMKeys.v1Response(hash: hash, challenge: challenge) == Self.expected.ntlmv1_response.fromHexadecimal
        )
        #expect(MD4.hash(hash) == Self.expected.v1_session_base_key.fromHexadecimal)
        #expect(
            RC4.apply(
                key: Self.expected.v1_session_base_key.fromHexadecimal,
                to: Self.inputs.random_session_key.fromHexadecimal
            ) == Self.expected.v1_encrypted_session_key.fromHexadecimal
        )

        let session = NTLMKeys.sessionChallenge(
            serverChallenge: challenge,
            clientChallenge: Self.inputs.client_challenge.fromHexadecimal
        )
        #expect(
            NTLMKeys.v1Response(hash: hash, challenge: session)
                == Self.expected.ntlm2_session_response.fromHexadecimal
        )

        // The LM hash is nobody's to verify here; its two halves show DES at work all the same.
        let password = Array(Self.inputs.password.uppercased().utf8) + Array(repeating: 0, count: 6)
        let lmHash = [password.prefix(7), password.dropFirst(7).prefix(7)].flatMap {
            DES(key: $0).encrypt("KGS!@#$%".octets)
        }
        #expect(lmHash == Self.expected.lm_hash.fromHexadecimal)
        #expect(
            NTLMKeys.v1Response(hash: lmHash, challenge: challenge) == Self.expected.lmv1_response.fromHexadecimal
        )
    }

    @Test("NTLMv2, MS-NLMP 4.2.4")
    func version2() {
        let hash = NTLMKeys.v2Hash(
            ntHash: Self.expected.nt_hash.fromHexadecimal,
            userName: Self.inputs.user,
            domain: UTF16LE.encode(Self.inputs.domain)
        )
        #expect(hash == Self.expected.ntlmv2_hash.fromHexadecimal)
        let challenge = Self.inputs.server_challenge.fromHexadecimal
        let proof = NTLMKeys.v2Proof(
            v2Hash: hash,
            serverChallenge: challenge,
            blob: Self.inputs.ntlmv2_temp.fromHexadecimal
        )
        #expect(proof == Self.expected.ntlmv2_proof.fromHexadecimal)
        #expect(
            NTLMKeys.lmV2Response(
                v2Hash: hash,
                serverChallenge: challenge,
                clientChallenge: Self.inputs.client_challenge.fromHexadecimal
            ) == Self.expected.lmv2_response.fromHexadecimal
        )
        let sessionKey = NTLMKeys.v2SessionKey(v2Hash: hash, proof: proof)
        #expect(sessionKey == Self.expected.v2_session_base_key.fromHexadecimal)
        #expect(
            RC4.apply(key: sessionKey, to: Self.inputs.random_session_key.fromHexadecimal)
                == Self.expected.v2_encrypted_session_key.fromHexadecimal
        )
    }

    @Test("the target information of MS-NLMP 4.2.4 is read and written")
    func targetInformation() throws {
        let octets = Self.inputs.target_info.fromHexadecimal
        let information = try #require(NTLMTargetInformation(parsing: octets))
        #expect(information[.domainName] == UTF16LE.encode(Self.inputs.domain))
        #expect(information[.computerName] == UTF16LE.encode(Self.inputs.server_name))
        #expect(information[.timestamp] == nil)
        #expect(information.flags == 0)
        #expect(information.encode() == octets)
        for length in octets.indices where ![0, 16, 32].contains(length) {
            #expect(NTLMTargetInformation(parsing: octets.prefix(length)) == nil)
        }
    }

    @Test(
        "names and passwords of all kinds, computed by others",
        .enabled(if: Vectors.sharedFolderExists, "the shared vectors are not here; set GATEPOST_VECTORS"),
        arguments: extras
    )
    func extra(_ vector: NTLMVectors.Extra) {
        let hash = NTLMKeys.ntHash(password: vector.password)
        #expect(hash == vector.nt_hash.fromHexadecimal)
        let v2Hash = NTLMKeys.v2Hash(
            ntHash: hash,
            userName: vector.user,
            domain: UTF16LE.encode(vector.domain)
        )
        #expect(v2Hash == vector.ntlmv2_hash.fromHexadecimal)
        #expect(
            NTLMKeys.v2Proof(
                v2Hash: v2Hash,
                serverChallenge: vector.server_challenge.fromHexadecimal,
                blob: vector.temp.fromHexadecimal
            ) == vector.ntlmv2_proof.fromHexadecimal
        )
    }

    @Test("the shared values are our own")
    func same() {
        #expect(NTLMVectors.shared.inputs.ntlmv2_temp == Self.inputs.ntlmv2_temp)
        #expect(NTLMVectors.shared.expect.ntlmv2_proof == Self.expected.ntlmv2_proof)
    }

    @Test("time counts from 1601, and what does not fit is zero")
    func fileTime() {
        #expect(FileTime.encode(secondsSince1970: 0) == [0x00, 0x80, 0x3E, 0xD5, 0xDE, 0xB1, 0x9D, 0x01])
        #expect(FileTime.encode(secondsSince1970: .max) == Array(repeating: 0, count: 8))
        #expect(FileTime.encode(secondsSince1970: .min) == Array(repeating: 0, count: 8))
    }

    @Test("UTF-16 is strict, and upper case goes character by character")
    func utf16() {
        #expect(UTF16LE.decode([0x3D, 0xD8, 0x11, 0xDD]) == "\u{1F511}")
        #expect(UTF16LE.decode([0x3D, 0xD8]) == nil)
        #expect(UTF16LE.decode([0x11, 0xDD, 0x3D, 0xD8]) == nil)
        #expect(UTF16LE.decode([0x41]) == nil)
        #expect(UTF16LE.decode([]) == "")
        #expect(UTF16LE.uppercased("straße ünï иван") == "STRAßE ÜNÏ ИВАН")
    }
}
