import GatepostModel
import GatepostTesting
import SASL
import Testing

@testable import GatepostServer

@Suite("tokens that the issuer is asked about, RFC 7662")
struct IntrospectionTests {
    static let url = "https://login.example.org/introspect"
    static let good =
        #"{"active":true,"aud":["smtp"],"email":"alice@example.org","scope":"openid smtp.send","exp":1795502989}"#

    private func scene(_ answer: String?, status: Int = 200) throws -> OAuthScene {
        let scene = try OAuthScene([
            Configuration.OAuthIssuer(
                issuer: OAuthScene.issuer,
                audience: "smtp",
                scope: "smtp.send",
                verification: .introspection(
                    Configuration.OAuthIssuer.Introspection(
                        url: Self.url,
                        clientID: "gate:post",
                        clientSecret: Secret("s3cret&")
                    )
                )
            )
        ])
        scene.http.set(Self.url, status: status, answer)
        return scene
    }

    @Test("the question is a form with the client's own password")
    func question() async throws {
        let scene = try self.scene(Self.good)
        #expect(try await scene.verify("to/ken+=") == .accepted(accountName: "alice@example.org"))
        let request = try #require(scene.http.requests.first)
        #expect(request.authorization == "Basic Z2F0ZSUzQXBvc3Q6czNjcmV0JTI2")
        guard case .post(let form) = request.method else {
            Issue.record("not a POST")
            return
        }
        #expect(String(decoding: form, as: UTF8.self) == "token=to%2Fken%2B%3D&token_type_hint=access_token")
    }

    @Test(
        "the answer decides",
        arguments: [
            (Self.good, nil),
            (#"{"active":false}"#, .tokenInactive),
            (#"{"active":false,"aud":"smtp","email":"alice@example.org","scope":"smtp.send"}"#, .tokenInactive),
            (#"{"active":true,"aud":"smtp","email":"alice@example.org","scope":"smtp.send"}"#, nil),
            (#"{"active":true,"email":"alice@example.org","scope":"smtp.send"}"#, .tokenAudience),
            (#"{"active":true,"aud":"imap","email":"alice@example.org","scope":"smtp.send"}"#, .tokenAudience),
            (#"{"active":true,"aud":"smtp","email":"alice@example.org"}"#, .tokenScope),
            (#"{"active":true,"aud":"smtp","scope":"smtp.send"}"#, .claimMissing),
            (#"{"active":true,"aud":"smtp","email":"a@b.c","scope":"smtp.send","exp":1}"#, .tokenExpired),
            (#"{"active":true,"aud":"smtp","email":"a@b.c","scope":"smtp.send","iss":"x"}"#, .tokenIssuer),
        ] as [(String, BearerTokenVerifier.Refusal?)]
    )
    func answer(_ answer: String, _ refusal: BearerTokenVerifier.Refusal?) async throws {
        #expect(try await self.scene(answer).refusal("opaque") == refusal)
    }

    @Test(
        "an answer that is none is trouble, not a refusal",
        arguments: [
            (401, #"{"error":"invalid_client"}"#), (500, ""), (200, ""), (200, "[]"), (200, #"{"email":"a@b.c"}"#),
            (200, #"{"active":true,"aud":"\#(String(repeating: "x", count: 65_536))"}"#), (200, nil),
        ] as [(Int, String?)]
    )
    func trouble(_ status: Int, _ answer: String?) async throws {
        let scene = try self.scene(answer, status: status)
        await #expect(throws: IssuerUnreachable.self) { try await scene.verify("opaque") }
        #expect(scene.log.lines.count == 1)
        #expect(!scene.log.lines.contains { $0.contains("opaque") || $0.contains("s3cret") })
    }

    @Test("a good answer is remembered for a minute, a bad one not at all")
    func memory() async throws {
        let scene = try self.scene(Self.good)
        for _ in 0..<3 { #expect(try await scene.refusal("opaque") == nil) }
        #expect(scene.http.count(Self.url) == 1)
        #expect(try await scene.refusal("opaque", claimed: "bob@example.org") == .otherIdentity)
        scene.http.set(Self.url, #"{"active":false}"#)
        #expect(try await scene.refusal("another") == .tokenInactive)
        #expect(try await scene.refusal("another") == .tokenInactive)
        #expect(scene.http.count(Self.url) == 3)
        scene.clock.advance(by: .seconds(60))
        #expect(try await scene.refusal("opaque") == .tokenInactive)
    }

    @Test("what is remembered has a bound")
    func bound() async throws {
        let scene = try self.scene(Self.good)
        for number in 0...TokenIntrospector.maximumRemembered {
            #expect(try await scene.refusal("token \(number)") == nil)
        }
        let asked = scene.http.requests.count
        #expect(try await scene.refusal("token \(TokenIntrospector.maximumRemembered)") == nil)
        #expect(scene.http.requests.count == asked)
        #expect(try await scene.refusal("token 0") == nil)
        #expect(scene.http.requests.count == asked + 1)
    }

    @Test("what is remembered expires when the token does")
    func expiry() async throws {
        let scene = try self.scene(
            #"{"active":true,"aud":"smtp","email":"a@b.c","scope":"smtp.send","exp":1795502639}"#
        )
        #expect(try await scene.refusal("opaque") == nil)
        scene.clock.advance(by: .seconds(30))
        #expect(try await scene.refusal("opaque") == .tokenExpired)
    }

    @Test("a JWT of an issuer that is asked is not believed by itself")
    func signed() async throws {
        let scene = try self.scene(#"{"active":false}"#)
        let token = try await MintKey.es256.token(.good(issuer: OAuthScene.issuer))
        #expect(try await scene.refusal(token) == .tokenInactive)
        #expect(scene.http.count(OAuthScene.keysURL) == 0)
    }
}
