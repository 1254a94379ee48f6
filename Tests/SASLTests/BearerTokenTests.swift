import SASL
import Testing

@Suite("OAUTHBEARER, RFC 7628, and XOAUTH2")
struct BearerTokenTests {
    static let mechanisms: [MechanismName] = [.oauthBearer, .xoauth2]

    @Test("RFC 7628 §4.1")
    func example() throws {
        var server = Exchange.server(.oauthBearer)
        let message =
            "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}"
            + "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}"
        guard case .question(.bearerToken(let question)) = server.received(.present(Array(message.utf8))) else {
            Issue.record("no question about the token")
            return
        }
        #expect(question.claimedIdentity == "user@example.com")
        #expect(question.token == Secret("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="))
        #expect(question.host == "server.example.com")
        #expect(question.port == 143)
    }

    @Test("a refused token gets JSON, any answer, then the failure", arguments: mechanisms, ["", "\u{1}", "again"])
    func refused(_ name: MechanismName, _ answer: String) {
        var server = Exchange.server(name)
        var client = Exchange.client(name, password: "badtoken")
        guard case .present(let message) = client.start() else {
            Issue.record("no initial response")
            return
        }
        guard case .question = server.received(.present(message)) else {
            Issue.record("no question about the token")
            return
        }
        let error = BearerTokenError(scope: "mail", openIDConfiguration: "https://login.example.org/c")
        guard case .challenge(let json) = server.received(.bearerToken(.refused(error))) else {
            Issue.record("no challenge")
            return
        }
        let text = String(decoding: json, as: UTF8.self)
        #expect(text.contains(name == .xoauth2 ? #""status":"401""# : #""status":"invalid_token""#))
        guard case .respond(let dummy) = client.received(challenge: json) else {
            Issue.record("the client gave up")
            return
        }
        #expect(dummy == (name == .xoauth2 ? [] : [1]))
        #expect(client.serverError == text)
        #expect(server.received(response: Array(answer.utf8)).failure?.reason == .wrongCredentials)
    }

    @Test(
        "malformed messages are refused",
        arguments: [
            "", "n,,", "n,a=u,\u{1}auth=Bearer \u{1}\u{1}", "n,a=u,\u{1}auth=Bearer a b\u{1}\u{1}",
            "n,a=u,\u{1}auth=Basic abc\u{1}\u{1}", "n,a=u,\u{1}auth=Bearer t\u{1}", "n,a=u,\u{1}host=h\u{1}\u{1}",
            "p=tls-exporter,a=u,\u{1}auth=Bearer t\u{1}\u{1}", "n,a=u,\u{1}port=0\u{1}auth=Bearer t\u{1}\u{1}",
            "n,a=u,\u{1}auth=Bearer a\u{1}auth=Bearer b\u{1}\u{1}", "n,a=u,\u{1}auth=Bearer a\u{1}\u{1}x",
        ]
    )
    func malformed(_ message: String) {
        var server = Exchange.server(.oauthBearer)
        #expect(server.received(.present(Array(message.utf8))).failure?.isMalformed == true)
    }

    @Test("a message cut anywhere is malformed", arguments: mechanisms)
    func truncated(_ name: MechanismName) {
        var client = Exchange.client(name)
        guard case .present(let message) = client.start() else {
            Issue.record("no initial response")
            return
        }
        for length in message.indices {
            var server = Exchange.server(name)
            #expect(server.received(.present(Array(message[..<length]))).failure?.isMalformed == true)
        }
    }
}
