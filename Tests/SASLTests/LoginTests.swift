import SASL
import Testing

@Suite("LOGIN, draft-murchison-sasl-login")
struct LoginTests {
    @Test("prompts to the octet")
    func prompts() throws {
        var server = Exchange.server(.login)
        #expect(server.received(.absent).challenge == "Username:".octets)
        #expect(server.received(response: "tim".octets).challenge == "Password:".octets)
        let credentials = try #require(server.received(response: "tanstaaftanstaaf".octets).password)
        #expect(credentials.mechanism == .login)
        #expect(credentials.authenticationIdentity == "tim")
        #expect(credentials.authorizationIdentity == nil)
        #expect(credentials.password == Secret("tanstaaftanstaaf"))
        guard case .succeeded(let identity, finalData: nil) = server.received(.password(accepted: true)) else {
            Issue.record("no success")
            return
        }
        #expect(identity == AuthenticatedIdentity(authenticationIdentity: "tim"))
    }

    @Test("an initial response is the user name")
    func initialResponse() {
        var server = Exchange.server(.login)
        #expect(server.received(.present("tim".octets)).challenge == "Password:".octets)
    }

    @Test("an empty initial response asks for the user name")
    func emptyInitialResponse() {
        var server = Exchange.server(.login)
        #expect(server.received(.present([])).challenge == "Username:".octets)
    }

    @Test(
        "an empty, overlong or undecodable part is malformed",
        arguments: [[], [0x81], Array(repeating: 0x61, count: 1_025)]
    )
    func malformed(_ octets: [UInt8]) {
        var server = Exchange.server(.login)
        _ = server.received(.absent)
        #expect(server.received(response: octets).failure?.isMalformed == true)

        var second = Exchange.server(.login)
        _ = second.received(.present("tim".octets))
        let failure = second.received(response: octets).failure
        #expect(failure == ServerFailure(.malformed, authenticationIdentity: "tim"))
    }

    @Test("a name or a password in Latin-1 is recognised")
    func latin1() {
        let octets: [UInt8] = [0x47, 0x72, 0xFC, 0xDF, 0x65]
        var server = Exchange.server(.login)
        _ = server.received(.absent)
        #expect(server.received(response: octets).failure == ServerFailure(.latin1))

        var second = Exchange.server(.login)
        _ = second.received(.present("tim".octets))
        #expect(second.received(response: octets).failure == ServerFailure(.latin1, authenticationIdentity: "tim"))
    }

    @Test("the client takes any wording of the prompts", arguments: ["Username:", "User Name\0", "", "Benutzer?"])
    func wording(_ prompt: String) {
        var client = Exchange.client(.login)
        #expect(client.start() == .absent)
        #expect(client.received(challenge: prompt.octets).response == "user".octets)
        #expect(client.receivedSuccess(finalData: nil) != .succeeded)
        #expect(client.received(challenge: prompt.octets).response == "pencil".octets)
        #expect(client.receivedSuccess(finalData: nil) == .succeeded)
        #expect(client.received(challenge: prompt.octets).failure?.reason == .outOfSequence)
    }
}
