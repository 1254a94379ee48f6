import AuthenticationProtocols
import SASL
import Testing

@Suite("saslauthd's protocol")
struct SaslauthdRequestTests {
    private static func counted(_ strings: [UInt8]...) -> [UInt8] {
        strings.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
    }

    private static let request = counted(
        Array("alice".utf8),
        Array("sécret".utf8),
        Array("smtp".utf8),
        Array("example.org".utf8)
    )

    @Test("a request is the same however it is cut", arguments: [1, 2, 3, 100])
    func cuts(size: Int) throws {
        var decoder = SaslauthdRequestDecoder()
        var requests: [SaslauthdRequest] = []
        let octets = Self.request + [1, 2, 3]
        for start in stride(from: 0, to: octets.count, by: size) {
            if let request = try decoder.receive(octets[start..<min(start + size, octets.count)]) {
                requests.append(request)
            }
        }
        let request = try #require(requests.first)
        #expect(requests.count == 1, "what follows is not looked at")
        #expect(request.login == Array("alice".utf8) && request.password == Secret("sécret"))
        #expect(request.service == Array("smtp".utf8) && request.realm == Array("example.org".utf8))
        #expect(request.qualifiedLogin == Array("alice@example.org".utf8))
    }

    @Test("strings may be empty")
    func empty() throws {
        var decoder = SaslauthdRequestDecoder()
        let request = try #require(try decoder.receive([0, 0, 0, 0, 0, 0, 0, 0]))
        #expect(request.login.isEmpty && request.password.isEmpty && request.qualifiedLogin.isEmpty)
    }

    @Test("half a request is none", arguments: [0, 1, 2, 9, 29])
    func half(count: Int) throws {
        var decoder = SaslauthdRequestDecoder()
        #expect(try decoder.receive(Self.request.prefix(count)) == nil)
    }

    @Test("the longest string is 1,024 octets")
    func tooLong() throws {
        var decoder = SaslauthdRequestDecoder()
        let longest = [UInt8](repeating: 0x61, count: 1024)
        #expect(try decoder.receive(Self.counted(longest, longest, longest, longest)) != nil)
        var other = SaslauthdRequestDecoder()
        #expect(throws: ProtocolFault.self) { try other.receive([0x04, 0x01]) }
    }

    @Test("a realm is added only to a name without one")
    func realms() {
        let named = SaslauthdRequest(login: Array("a@b".utf8), password: Secret(""), realm: Array("c".utf8))
        #expect(named.qualifiedLogin == Array("a@b".utf8))
    }

    @Test("replies are counted strings")
    func replies() {
        #expect(SaslauthdReply.accepted.encoded == [0, 2] + Array("OK".utf8))
        #expect(SaslauthdReply.refused("ref").encoded == [0, 6] + Array("NO ref".utf8))
        #expect(SaslauthdReply.refused(String(repeating: "x", count: 70_000)).encoded.count == 1026)
    }
}
