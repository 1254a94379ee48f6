import MailSyntax
import SASL
import SMTP
import Testing

@Suite("AUTH by the client with tokens and certificates, RFC 7628 and RFC 4422 appendix A")
struct ClientTokenTests {
    private static let token = ClientCredentials(
        authenticationIdentity: "user@example.com",
        password: Secret("ya29"),
        kind: .bearerToken
    )
    private static let certificate = ClientCredentials(
        authenticationIdentity: "",
        password: Secret(""),
        kind: .certificate
    )
    private static let oauthBearer = Base64.encodeToString(
        Array("n,a=user@example.com,\u{1}auth=Bearer ya29\u{1}\u{1}".utf8)
    )
    private static let xoauth2 = Base64.encodeToString(
        Array("user=user@example.com\u{1}auth=Bearer ya29\u{1}\u{1}".utf8)
    )
    private static let refusal = Base64.encodeToString(
        Array(#"{"status":"invalid_token","scope":"mail","openid-configuration":"https://x.test/.well-known"}"#.utf8)
    )

    private static func opening(_ mechanisms: String) -> String {
        "! startTLS\n> tls\nS: 220 mail.test\nC: EHLO client.test\nS: 250-mail.test\nS: 250 AUTH \(mechanisms)\n"
    }

    static let dialogs: [Dialog] = [
        Dialog(
            "a token goes to OAUTHBEARER, whatever stands before it",
            security: .implicit,
            credentials: token,
            opening("PLAIN XOAUTH2 OAUTHBEARER") + "C: AUTH OAUTHBEARER \(oauthBearer)\nS: 235 ok\n! established TLS"
        ),
        Dialog(
            "a token is not a password",
            security: .implicit,
            credentials: token,
            opening("PLAIN LOGIN CRAM-MD5") + "! failed noUsableMechanism at AUTH"
        ),
        Dialog(
            "a password is not a token",
            security: .implicit,
            credentials: .tim,
            opening("XOAUTH2 OAUTHBEARER EXTERNAL") + "! failed noUsableMechanism at AUTH"
        ),
        Dialog(
            "the mechanism asked for says that the secret is a token",
            security: .implicit,
            credentials: ClientCredentials(authenticationIdentity: "user@example.com", password: Secret("ya29")),
            mechanism: .xoauth2,
            opening("PLAIN XOAUTH2") + "C: AUTH XOAUTH2 \(xoauth2)\nS: 235 ok\n! established TLS"
        ),
        Dialog(
            "no token in clear",
            credentials: token,
            "S: 220 mail.test\nC: EHLO client.test\nS: 250-mail.test\nS: 250 AUTH XOAUTH2\n! failed noUsableMechanism at AUTH"
        ),
        Dialog(
            "the error of OAUTHBEARER is answered with ^A",
            security: .implicit,
            credentials: token,
            opening("OAUTHBEARER XOAUTH2") + """
                C: AUTH OAUTHBEARER \(oauthBearer)
                S: 334 \(refusal)
                C: AQ==
                S: 535 5.7.8 no
                ! failed refused OAUTHBEARER at AUTH
                """
        ),
        Dialog(
            "the error of XOAUTH2 is answered with nothing",
            security: .implicit,
            credentials: token,
            opening("XOAUTH2") + """
                C: AUTH XOAUTH2 \(xoauth2)
                S: 334 \(refusal)
                C:\u{20}
                S: 535 5.7.8 no
                ! failed refused XOAUTH2 at AUTH
                """
        ),
        Dialog(
            "XOAUTH2 where OAUTHBEARER is not there after all",
            security: .implicit,
            credentials: token,
            opening("OAUTHBEARER XOAUTH2")
                + "C: AUTH OAUTHBEARER \(oauthBearer)\nS: 504 5.5.4 no\nC: AUTH XOAUTH2 \(xoauth2)\nS: 235 ok\n! established TLS"
        ),
        Dialog(
            "a certificate goes to EXTERNAL, with an empty authorization identity",
            security: .implicit,
            credentials: certificate,
            opening("PLAIN EXTERNAL") + "C: AUTH EXTERNAL =\nS: 235 ok\n! established TLS"
        ),
        Dialog(
            "421 says nothing about the credentials",
            security: .implicit,
            credentials: token,
            opening("XOAUTH2") + "C: AUTH XOAUTH2 \(xoauth2)\nS: 421 4.7.0 busy\n! failed unavailable XOAUTH2 at AUTH"
        ),
        Dialog(
            "432 asks for a new password, not for patience",
            security: .implicit,
            credentials: token,
            opening("XOAUTH2") + "C: AUTH XOAUTH2 \(xoauth2)\nS: 432 4.7.12 change it\n! failed refused XOAUTH2 at AUTH"
        ),
        Dialog(
            "a mechanism that cannot say whom to act as is left for one that can",
            security: .implicit,
            credentials: ClientCredentials(
                authenticationIdentity: "tim",
                authorizationIdentity: "tom",
                password: Secret("x")
            ),
            opening("DIGEST-MD5 LOGIN") + """
                C: AUTH LOGIN
                S: 334 VXNlcm5hbWU6
                C: *
                S: 501 5.7.0 cancelled
                C: AUTH DIGEST-MD5
                """
        ),
    ]

    @Test("dialogs", arguments: dialogs)
    func dialog(_ dialog: Dialog) {
        #expect(dialog.played(octetByOctet: false) == dialog.lines.map { $0 == "C:" ? "C: " : $0 })
    }

    @Test("what the server said about the token is in the failure")
    func decodesError() throws {
        var session = ClientSession(
            configuration: ClientSession.Configuration(
                heloName: "client.test",
                security: .implicit,
                credentials: Self.token,
                nonce: { Array(repeating: 7, count: 24) }
            )
        )
        session.connected()
        session.tlsEstablished()
        for line in ["220 mail.test", "250-x\r\n250 AUTH OAUTHBEARER", "334 \(Self.refusal)", "535 5.7.8 no"] {
            session.received(Array("\(line)\r\n".utf8))
        }
        var failure: ClientSessionFailure?
        while let action = session.nextAction() { if case .failed(let failed) = action { failure = failed } }
        #expect(
            failure?.bearerTokenError
                == BearerTokenError(
                    status: "invalid_token",
                    scope: "mail",
                    openIDConfiguration: "https://x.test/.well-known"
                )
        )
        #expect(failure?.reply?.code == 535)
        #expect(
            failure?.description.contains("status invalid_token, scope mail, see https://x.test/.well-known") == true
        )
    }

    @Test("SCRAM is bound to the channel where the server offers that", arguments: [true, false])
    func binds(isOffered: Bool) throws {
        var session = ClientSession(
            configuration: ClientSession.Configuration(
                heloName: "client.test",
                security: .implicit,
                credentials: .tim,
                nonce: { Array(repeating: 7, count: 24) }
            )
        )
        session.connected()
        session.tlsEstablished(channelBindings: ChannelBindings([.tlsExporter: Array(repeating: 9, count: 32)]))
        session.received(Array("220 x\r\n".utf8))
        session.received(Array("250-x\r\n250 AUTH SCRAM-SHA-256\(isOffered ? " SCRAM-SHA-256-PLUS" : "")\r\n".utf8))
        var lines: [String] = []
        while let action = session.nextAction() {
            if case .send(let octets) = action { lines.append(String(decoding: octets.dropLast(2), as: UTF8.self)) }
        }
        let words = try #require(lines.last).split(separator: " ")
        #expect(words[1] == (isOffered ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256"))
        let message = try #require(Base64.decode(words[2].utf8))
        // Without an offer it says that it could have: a server that did offer it knows then that somebody took the offer out.
        #expect(String(decoding: message, as: UTF8.self).hasPrefix(isOffered ? "p=tls-exporter,," : "y,,"))
    }
}
