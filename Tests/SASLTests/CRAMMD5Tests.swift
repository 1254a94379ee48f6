import Testing

@testable import SASL

struct CRAMMD5Vector: Decodable, Sendable, CustomTestStringConvertible {
    struct File: Decodable {
        var cases: [CRAMMD5Vector]
    }

    var label: String
    var user: String
    var password: String
    var challenge: String
    var response: String

    var testDescription: String { self.label }

    static let rfc2195 = Vectors.own("rfc2195-cram-md5.json", as: File.self).cases
}

@Suite("CRAM-MD5, RFC 2195")
struct CRAMMD5Tests {
    static let vectors =
        CRAMMD5Vector.rfc2195 + Vectors.shared("cram-md5.json", absent: CRAMMD5Vector.File(cases: [])).cases

    @Test("the client writes the response", arguments: vectors)
    func client(_ vector: CRAMMD5Vector) {
        var client = Exchange.client(.cramMD5, user: vector.user, password: vector.password)
        #expect(client.start() == .absent)
        #expect(client.received(challenge: vector.challenge.octets).response == vector.response.octets)
        #expect(client.receivedSuccess(finalData: nil) == .succeeded)
    }

    @Test("the server takes the response, in upper case too", arguments: vectors, [false, true])
    func server(_ vector: CRAMMD5Vector, isUpperCase: Bool) {
        var server = CRAMMD5Server(challenge: vector.challenge.octets)
        #expect(server.received(.absent).challenge == vector.challenge.octets)
        let response =
            isUpperCase
            ? vector.response.octets.dropLast(32) + vector.response.suffix(32).uppercased().octets
            : vector.response.octets
        let question = server.received(response: response).question
        #expect(question?.authenticationIdentity == vector.user)
        guard case .succeeded(let identity, nil) = server.received(.sharedSecret(Secret(vector.password))) else {
            Issue.record("no success")
            return
        }
        #expect(identity.authenticationIdentity == vector.user)
    }

    @Test("the challenge holds the nonce, the time and the host")
    func challenge() {
        var server = CRAMMD5Server(nonce: [0x00, 0x1F, 0xA5], hostname: "mail.example.org", secondsSince1970: 99)
        #expect(server.received(.absent).challenge == "<001fa5.99@mail.example.org>".octets)
    }

    @Test("an initial response is refused, RFC 4954 section 4")
    func initialResponse() {
        var server = Exchange.server(.cramMD5)
        #expect(server.received(.present([])).failure?.isMalformed == true)
    }

    @Test("an empty shared secret opens nothing")
    func emptySecret() {
        var server = CRAMMD5Server(challenge: "<1@h>".octets)
        _ = server.received(.absent)
        let digest = Hexadecimal.encode(CRAMMD5.digest(challenge: "<1@h>".octets, secret: Secret([])))
        #expect(server.received(response: "u ".octets + digest).question != nil)
        #expect(server.received(.sharedSecret(Secret([]))).failure?.reason == .wrongCredentials)
    }

    @Test("the stand-in for a missing secret opens nothing")
    func standIn() {
        var server = CRAMMD5Server(challenge: "<1@h>".octets)
        _ = server.received(.absent)
        let digest = Hexadecimal.encode(CRAMMD5.digest(challenge: "<1@h>".octets, secret: Secret("<1@h>")))
        #expect(server.received(response: "u ".octets + digest).question != nil)
        #expect(server.received(.sharedSecret(nil)).failure?.reason == .wrongCredentials)
    }

    @Test("the client does not answer an empty challenge")
    func emptyChallenge() {
        var client = Exchange.client(.cramMD5)
        #expect(client.received(challenge: []).failure?.reason == .malformedChallenge)
    }
}
