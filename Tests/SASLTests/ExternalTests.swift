import SASL
import Testing

@Suite("EXTERNAL, RFC 4422 appendix A")
struct ExternalTests {
    @Test("absent, empty and named authorization identity", arguments: [nil, "", "bob"] as [String?])
    func authorization(_ text: String?) {
        var server = Exchange.server(.external)
        var step: ServerStep
        if let text {
            step = server.received(.present(Array(text.utf8)))
        } else {
            guard case .challenge([]) = server.received(.absent) else {
                Issue.record("no empty challenge")
                return
            }
            step = server.received(response: [])
        }
        guard case .question(.external(let question)) = step else {
            Issue.record("the certificate is not asked for")
            return
        }
        let wanted = text == "bob" ? "bob" : nil
        #expect(question.authorizationIdentity == wanted)
        step = server.received(.external(identity: "alice"))
        guard case .succeeded(let identity, nil) = step else {
            Issue.record("no success")
            return
        }
        #expect(identity == AuthenticatedIdentity(authenticationIdentity: "alice", authorizationIdentity: wanted))
    }

    @Test("without a certificate that counts there is no login")
    func noCertificate() {
        var server = Exchange.server(.external)
        _ = server.received(.present([]))
        #expect(server.received(.external(identity: nil)).failure?.reason == .wrongCredentials)
    }

    @Test("control octets are malformed")
    func control() {
        var server = Exchange.server(.external)
        #expect(server.received(.present(Array("ali\0ce".utf8))).failure?.isMalformed == true)
    }
}
