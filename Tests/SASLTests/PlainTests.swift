import SASL
import Testing

struct PlainVector: Decodable, Sendable, CustomTestStringConvertible {
    struct File: Decodable {
        var cases: [PlainVector]
    }

    var label: String
    var message: String
    var authorizationIdentity: String?
    var authenticationIdentity: String
    var password: String

    var testDescription: String { self.label }

    static let rfc4616 = Vectors.own("rfc4616-plain.json", as: File.self).cases
}

@Suite("PLAIN, RFC 4616")
struct PlainTests {
    private func receive(_ message: [UInt8]) -> ServerStep {
        var server = Exchange.server(.plain)
        return server.received(.present(message))
    }

    @Test("reads the RFC's examples", arguments: PlainVector.rfc4616)
    func examples(_ vector: PlainVector) throws {
        let credentials = try #require(self.receive(vector.message.octets).password)
        #expect(credentials.mechanism == .plain)
        #expect(credentials.authenticationIdentity == vector.authenticationIdentity)
        #expect(credentials.authorizationIdentity == vector.authorizationIdentity)
        #expect(credentials.password == Secret(vector.password))
    }

    @Test("writes the RFC's examples", arguments: PlainVector.rfc4616)
    func writes(_ vector: PlainVector) {
        var client = Exchange.client(
            .plain,
            user: vector.authenticationIdentity,
            password: vector.password,
            authorizationIdentity: vector.authorizationIdentity
        )
        #expect(client.start() == .present(vector.message.octets))
        #expect(client.receivedSuccess(finalData: nil) == .succeeded)
    }

    @Test("without an initial response the challenge is empty")
    func challenge() {
        var server = Exchange.server(.plain)
        #expect(server.received(.absent).challenge == [])
        #expect(server.received(response: "\0u\0p".octets).password?.password == Secret("p"))
    }

    @Test(
        "a malformed message is malformed",
        arguments: [
            "", "\0", "u", "u\0p", "\0\0", "\0u\0", "\0\0p", "\0u\0p\0", "a\0u\0p\0", "\0u\0p\0x", "\0u\r\n\0p",
            "a\u{7}\0u\0p",
        ]
    )
    func malformed(_ message: String) {
        #expect(self.receive(message.octets).failure?.isMalformed == true)
    }

    @Test("octets that are not UTF-8 are malformed", arguments: 0..<3)
    func notUTF8(_ part: Int) {
        var parts: [[UInt8]] = [Array("a".utf8), Array("u".utf8), Array("p".utf8)]
        // 0x81 is a character in neither ISO 8859-1 nor Windows-1252.
        parts[part] += [0xFF, 0x81]
        #expect(self.receive(Array(parts.joined(separator: [0]))).failure?.isMalformed == true)
    }

    @Test("Latin-1 is recognised in every part: as a name malformed, as a password wrong", arguments: 0..<3)
    func latin1(_ part: Int) {
        var parts: [[UInt8]] = [Array("a".utf8), Array("u".utf8), Array("p".utf8)]
        // "Grüße" in ISO 8859-1; in Windows-1252 also the euro sign.
        parts[part] = [0x47, 0x72, 0xFC, 0xDF, 0x65] + (part == 2 ? [0x80] : [])
        let failure = self.receive(Array(parts.joined(separator: [0]))).failure
        #expect(failure == ServerFailure(.latin1, authenticationIdentity: part < 2 ? nil : "u"))
        // A name that cannot be read is no name (501); a password is a wrong one (535).
        #expect(failure?.isMalformed == (part < 2))
    }

    @Test("a password of 1,024 octets is taken, one more is not")
    func lengthLimit() {
        let longest = Array(repeating: UInt8(ascii: "p"), count: 1_024)
        #expect(self.receive("\0u\0".octets + longest).password?.password.count == 1_024)
        #expect(self.receive("\0u\0".octets + longest + [0x70]).failure?.isMalformed == true)
        #expect(self.receive([0] + longest + "\0p".octets).password != nil)
        #expect(self.receive([0] + longest + "p\0p".octets).failure?.isMalformed == true)
    }

    @Test("a password that SASLprep refuses cannot be right")
    func prohibitedPassword() {
        let failure = self.receive("\0u\0p\u{7}".octets).failure
        #expect(failure == ServerFailure(.wrongCredentials, authenticationIdentity: "u"))
    }

    @Test("a client answers an overlooked initial response once")
    func overlooked() {
        var client = Exchange.client(.plain)
        guard case .present(let message) = client.start() else {
            Issue.record("no initial response")
            return
        }
        #expect(client.received(challenge: []).response == message)
        #expect(client.received(challenge: []).failure?.reason == .outOfSequence)
    }
}
