import Foundation
import Testing

@testable import SASL

/// The SCRAM cases of the shared vectors.
enum SharedSCRAM {
    struct File: Decodable {
        struct Case: Decodable {
            var label, mech, user, password, salt_b64, client_first, server_first, client_final, server_final: String
            var stored_key_b64, server_key_b64: String
            var iterations: Int
        }
        struct Steps: Decodable, Sendable, CustomTestStringConvertible {
            var label, digest, user, pass, salt64, clientNonce, serverNonce: String
            var iters: Int
            var valid, skipSASLprep: Bool
            var steps: [String]
            var file: String

            var testDescription: String { self.file }
        }
        struct First: Decodable {
            var name: String
            var client_first: String?
            var server_first: String?
        }
        var cases: [Case] = []
        var xdg_go_scram: [Steps] = []
        var server_must_reject: [First] = []
        var client_must_reject: [First] = []
    }

    static let file = Vectors.shared("scram.json", absent: File())

    /// The whole exchanges without channel binding, which is not offered.
    static let exchanges: [SCRAMVector] =
        file.cases.compactMap { vector in
            MechanismName(vector.mech).flatMap { SCRAMHash(mechanism: $0) }.map {
                SCRAMVector(
                    label: vector.label,
                    hash: $0,
                    user: vector.user,
                    password: vector.password,
                    salt: vector.salt_b64.fromBase64,
                    iterations: vector.iterations,
                    clientFirst: vector.client_first,
                    serverFirst: vector.server_first,
                    clientFinal: vector.client_final,
                    serverFinal: vector.server_final
                )
            }
        }
        + file.xdg_go_scram.filter { $0.valid && !$0.skipSASLprep }.compactMap { vector in
            SCRAMHash(rawValue: vector.digest).map {
                SCRAMVector(
                    label: vector.file,
                    hash: $0,
                    // The name as prepared.
                    user: vector.user.precomposedStringWithCanonicalMapping,
                    password: vector.pass,
                    salt: vector.salt64.fromBase64,
                    iterations: vector.iters,
                    clientFirst: vector.steps[0],
                    serverFirst: vector.steps[1],
                    clientFinal: vector.steps[2],
                    serverFinal: vector.steps[3]
                )
            }
        }
}

struct SharedPlain: Decodable {
    struct Accept: Decodable, Sendable, CustomTestStringConvertible {
        var label, b64, authzid, authcid, password: String
        var testDescription: String { self.label }
    }
    struct Reject: Decodable, Sendable, CustomTestStringConvertible {
        struct Repeat: Decodable, Sendable {
            var octet: String
            var count: Int
        }
        var name: String
        var b64: String?
        var `repeat`: Repeat?
        var testDescription: String { self.name }

        var octets: [UInt8] {
            guard let `repeat` else { return self.b64?.fromBase64 ?? [] }
            let long = String(repeating: `repeat`.octet, count: `repeat`.count)
            return (self.name.hasPrefix("user") ? "\0\(long)\0password" : "\0user\0\(long)").octets
        }
    }
    struct Login: Decodable {
        var prompts_b64: [String] = []
    }
    var plain_accept: [Accept] = []
    var plain_reject: [Reject] = []
    var login = Login()

    static let file = Vectors.shared("plain-login-oauth-external.json", absent: SharedPlain())
}

struct SharedCRAM: Decodable {
    struct Response: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var response_b64: String
        var testDescription: String { self.name }
    }
    var reject: [Response] = []

    static let file = Vectors.shared("cram-md5.json", absent: SharedCRAM())
}

struct DovecotInput: Decodable, Sendable, CustomTestStringConvertible {
    struct File: Decodable {
        var cases: [DovecotInput] = []
    }
    var mech, input_b64: String
    var success: Bool
    var user: String?
    var testDescription: String { "\(self.mech) \(self.input_b64)" }

    static let cases = Vectors.shared("dovecot-mech-inputs.json", absent: File()).cases.filter { input in
        MechanismName(input.mech).map { ServerMechanisms.available.contains($0) } ?? false
    }
}

@Suite(
    "Vectors of others",
    .enabled(if: Vectors.sharedFolderExists, "the shared vectors are not here; set GATEPOST_VECTORS")
)
struct SharedVectorTests {
    @Test("PLAIN: accepted", arguments: SharedPlain.file.plain_accept)
    func plainAccept(_ vector: SharedPlain.Accept) {
        var server = Exchange.server(.plain)
        let credentials = server.received(.present(vector.b64.fromBase64)).password
        #expect(credentials?.authenticationIdentity == vector.authcid)
        #expect((credentials?.authorizationIdentity ?? "") == vector.authzid)
        #expect(credentials?.password == Secret(vector.password))
    }

    @Test("PLAIN: refused", arguments: SharedPlain.file.plain_reject)
    func plainReject(_ vector: SharedPlain.Reject) {
        var server = Exchange.server(.plain)
        let step = server.received(.present(vector.octets))
        if vector.name == "authzid-other-user" {
            // Well-formed; who may act as whom is the caller's to decide, who is told.
            #expect(step.question?.authorizationIdentity == "admin")
        } else {
            #expect(step.failure?.isMalformed == true)
        }
    }

    @Test("LOGIN: prompts")
    func loginPrompts() {
        var server = Exchange.server(.login)
        let prompts = SharedPlain.file.login.prompts_b64.map(\.fromBase64)
        #expect([server.received(.absent).challenge, server.received(response: [0x75]).challenge] == prompts)
    }

    @Test("CRAM-MD5: refused", arguments: SharedCRAM.file.reject)
    func cramReject(_ vector: SharedCRAM.Response) {
        var server = CRAMMD5Server(challenge: "<1896.697170952@postoffice.reston.mci.net>".octets)
        _ = server.received(.absent)
        #expect(server.received(response: vector.response_b64.fromBase64).failure?.isMalformed == true)
    }

    @Test("SCRAM: stored keys")
    func storedKeys() throws {
        #expect(SharedSCRAM.file.cases.count == 17)
        for vector in SharedSCRAM.file.cases {
            let name = try #require(MechanismName(vector.mech.replacing("-PLUS", with: "")))
            let credential = try SCRAMCredential(
                password: Secret(vector.password),
                salt: vector.salt_b64.fromBase64,
                iterations: vector.iterations,
                hash: try #require(SCRAMHash(mechanism: name))
            )
            #expect(credential.storedKey == vector.stored_key_b64.fromBase64)
            #expect(credential.serverKey == vector.server_key_b64.fromBase64)
        }
    }

    @Test("SCRAM: first messages that a server refuses")
    func serverMustReject() {
        for vector in SharedSCRAM.file.server_must_reject {
            var server = SCRAMServer(hash: .sha256, printableNonce: "abc".octets)
            let step = server.received(.present((vector.client_first ?? "").octets))
            if vector.name == "authzid-not-allowed" {
                #expect(step.question?.authorizationIdentity == "admin")
            } else {
                #expect(step.failure?.isMalformed == true, "\(vector.name)")
            }
        }
    }

    @Test("SCRAM: first messages that a client refuses")
    func clientMustReject() {
        for vector in SharedSCRAM.file.client_must_reject {
            var client = SCRAMClient(
                hash: .sha1,
                credentials: ClientCredentials(authenticationIdentity: "user", password: Secret("pencil")),
                printableNonce: "abc".octets
            )
            _ = client.start()
            let message = (vector.server_first ?? "").replacing("<ok>", with: "abcdef")
            #expect(client.received(challenge: message.octets).failure != nil, "\(vector.name)")
        }
    }

    @Test("SCRAM: exchanges that fail", arguments: SharedSCRAM.file.xdg_go_scram.filter { !$0.valid })
    func failing(_ vector: SharedSCRAM.File.Steps) throws {
        let hash = try #require(SCRAMHash(rawValue: vector.digest))
        if vector.file.contains("bad-server") {
            var client = SCRAMClient(
                hash: hash,
                credentials: ClientCredentials(
                    authenticationIdentity: vector.user,
                    password: Secret(vector.pass)
                ),
                printableNonce: vector.clientNonce.octets
            )
            #expect(client.start() == .present(vector.steps[0].octets))
            #expect(client.received(challenge: vector.steps[1].octets).response == vector.steps[2].octets)
            #expect(
                client.receivedSuccess(finalData: vector.steps[3].octets)
                    == .failed(ClientFailure(.serverNotAuthenticated))
            )
        } else {
            var server = SCRAMServer(hash: hash, printableNonce: vector.serverNonce.octets)
            let question = try #require(server.received(.present(vector.steps[0].octets)).question)
            guard vector.steps.count > 2 else {
                // The unknown user is met with a fake salt here, not with an error that tells.
                #expect(question.authenticationIdentity == "doesntexist")
                return
            }
            let credential = try SCRAMCredential(
                password: Secret(vector.pass),
                salt: vector.salt64.fromBase64,
                iterations: vector.iters,
                hash: hash
            )
            #expect(server.received(.scram(credential)).challenge == vector.steps[1].octets)
            #expect(server.received(response: vector.steps[2].octets).failure?.reason == .wrongCredentials)
        }
    }

    @Test("SCRAM: octets used as they are", arguments: SharedSCRAM.file.xdg_go_scram.filter(\.skipSASLprep))
    func withoutPreparation(_ vector: SharedSCRAM.File.Steps) throws {
        let hash = try #require(SCRAMHash(rawValue: vector.digest))
        let credential = try SCRAMCredential(
            preparedPassword: Secret(vector.pass),
            salt: vector.salt64.fromBase64,
            iterations: vector.iters,
            hash: hash
        )
        var server = SCRAMServer(hash: hash, printableNonce: vector.serverNonce.octets)
        #expect(server.received(.present(vector.steps[0].octets)).question != nil)
        #expect(server.received(.scram(credential)).challenge == vector.steps[1].octets)
        guard case .succeeded(_, let finalData) = server.received(response: vector.steps[2].octets) else {
            Issue.record("no success")
            return
        }
        #expect(finalData == vector.steps[3].octets)
    }

    // EXTERNAL names nobody in its message, so Dovecot's verdicts on it are about its own configuration.
    @Test("Dovecot's verdicts on first messages", arguments: DovecotInput.cases.filter { $0.mech != "EXTERNAL" })
    func dovecot(_ input: DovecotInput) throws {
        let name = try #require(MechanismName(input.mech))
        var server = Exchange.server(name)
        let octets = input.input_b64.fromBase64
        let step: ServerStep
        if name == .cramMD5 || name == .digestMD5 {
            _ = server.received(.absent)
            step = server.received(response: octets)
        } else {
            step = server.received(.present(octets))
        }
        if name == .digestMD5 {
            // Dovecot's only accepted one has neither `digest-uri` nor `response`, which RFC 2831 §2.1.2 requires.
            #expect(step.failure?.isMalformed == true)
        } else if input.success {
            #expect(step.question?.authenticationIdentity == input.user)
        } else {
            #expect(step.question == nil)
        }
    }
}
