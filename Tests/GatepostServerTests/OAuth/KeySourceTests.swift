import GatepostModel
import GatepostTesting
import Testing

@testable import GatepostServer

@Suite("an issuer's keys: fetched, kept, changed")
struct KeySourceTests {
    private func token(_ key: MintKey, expiring: Double = 1_000_000) async throws -> String {
        try await key.token(.good(issuer: OAuthScene.issuer, ["exp": .number(Claims.now + expiring)]))
    }

    @Test("a new key is noticed by the first token that names it, at most once a minute")
    func rotation() async throws {
        let old = MintKey.freshES256(identifier: "old")
        let new = MintKey.freshES256(identifier: "new")
        let scene = try OAuthScene(keys: [old])
        #expect(try await scene.refusal(try await self.token(old)) == nil)
        scene.http.set(OAuthScene.keysURL, try MintKey.keySet([new]))
        #expect(try await scene.refusal(try await self.token(new)) == .tokenKey, "too soon to ask again")
        #expect(scene.http.count(OAuthScene.keysURL) == 1)
        scene.clock.advance(by: .seconds(60))
        #expect(try await scene.refusal(try await self.token(new)) == nil)
        #expect(try await scene.refusal(try await self.token(old)) == .tokenKey, "a key that is gone is gone")
        for name in 0..<20 {
            _ = try await scene.refusal(try await self.token(.freshES256(identifier: "guess \(name)")))
        }
        #expect(scene.http.count(OAuthScene.keysURL) == 2)
    }

    @Test("keys without names change too")
    func rotationWithoutNames() async throws {
        let old = MintKey.freshES256(identifier: nil)
        let new = MintKey.freshES256(identifier: nil)
        let scene = try OAuthScene(keys: [old])
        #expect(try await scene.refusal(try await self.token(old)) == nil)
        scene.http.set(OAuthScene.keysURL, try MintKey.keySet([new]))
        scene.clock.advance(by: .seconds(61))
        #expect(try await scene.refusal(try await self.token(new)) == nil)
    }

    @Test("keys are fetched again after an hour, and used for a day when that fails")
    func age() async throws {
        let scene = try OAuthScene()
        let token = try await self.token(.es256)
        #expect(try await scene.refusal(token) == nil)
        scene.clock.advance(by: .seconds(3600))
        #expect(try await scene.refusal(token) == nil)
        #expect(scene.http.count(OAuthScene.keysURL) == 2)
        scene.http.set(OAuthScene.keysURL, nil)
        scene.clock.advance(by: .seconds(80_000))
        #expect(try await scene.refusal(token) == nil)
        #expect(try await scene.refusal(token) == nil)
        #expect(scene.http.count(OAuthScene.keysURL) == 3)
        scene.clock.advance(by: .seconds(6400))
        await #expect(throws: IssuerUnreachable.self) { try await scene.verify(token) }
    }

    @Test("many who wait share one fetch")
    func together() async throws {
        let scene = try OAuthScene()
        let token = try await self.token(.es256)
        try await withThrowingTaskGroup(of: BearerTokenVerifier.Finding.self) { tasks in
            for _ in 0..<50 { tasks.addTask { try await scene.verify(token) } }
            for try await finding in tasks { #expect(finding == .accepted(accountName: "alice@example.org")) }
        }
        #expect(scene.http.count(OAuthScene.keysURL) == 1)
    }

    struct Trouble: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: String
        var arrange: @Sendable (HTTPDouble) -> Void

        init(_ name: String, _ reason: String, _ arrange: @escaping @Sendable (HTTPDouble) -> Void) {
            self.testDescription = name
            self.reason = reason
            self.arrange = arrange
        }
    }

    static let troubles: [Trouble] = [
        Trouble("no issuer", "connection refused") { $0.set(OAuthScene.discoveryURL, nil) },
        Trouble("no keys", "connection refused") { $0.set(OAuthScene.keysURL, nil) },
        Trouble("status 500", "HTTP status 500") { $0.set(OAuthScene.keysURL, status: 500, "{}") },
        Trouble("redirection", "HTTP status 302") { $0.set(OAuthScene.discoveryURL, status: 302, "") },
        Trouble("discovery is no JSON", "the discovery document is malformed") {
            $0.set(OAuthScene.discoveryURL, "<html>")
        },
        Trouble("discovery of another issuer", "the discovery document is of another issuer") {
            $0.set(OAuthScene.discoveryURL, #"{"issuer":"https://evil.example","jwks_uri":"\#(OAuthScene.keysURL)"}"#)
        },
        Trouble("keys in the clear", "the discovery document names no https URL of keys") {
            $0.set(
                OAuthScene.discoveryURL,
                #"{"issuer":"\#(OAuthScene.issuer)","jwks_uri":"http://login.example.org/keys"}"#
            )
        },
        Trouble("keys are no JSON", "the key set is malformed") { $0.set(OAuthScene.keysURL, "[]") },
        Trouble("too many octets", "the answer has more than 262144 octets") {
            $0.set(OAuthScene.keysURL, #"{"keys":[]}"# + String(repeating: " ", count: 262_144))
        },
        Trouble("too many keys", "the key set has more than 100 keys") {
            $0.set(
                OAuthScene.keysURL,
                #"{"keys":[\#(Array(repeating: #"{"kty":"x"}"#, count: 101).joined(separator: ","))]}"#
            )
        },
    ]

    @Test("an issuer that gives no keys is trouble, not a refusal", arguments: Self.troubles)
    func trouble(_ trouble: Trouble) async throws {
        let scene = try OAuthScene()
        trouble.arrange(scene.http)
        let token = try await self.token(.es256)
        await #expect(throws: IssuerUnreachable(issuer: OAuthScene.issuer, reason: trouble.reason)) {
            try await scene.verify(token)
        }
        let asked = scene.http.requests.count
        await #expect(throws: IssuerUnreachable.self) { try await scene.verify(token) }
        #expect(scene.http.requests.count == asked, "not asked again at once")
        #expect(scene.log.lines.count == 1)
        #expect(!scene.log.lines.contains { $0.contains("eyJ") })
        let shared = try await MintKey.shared.token(.good(issuer: OAuthScene.sharedIssuer))
        #expect(try await scene.refusal(shared) == nil, "the other issuer is not touched by it")
        scene.http.set(
            OAuthScene.discoveryURL,
            #"{"issuer":"\#(OAuthScene.issuer)","jwks_uri":"\#(OAuthScene.keysURL)"}"#
        )
        scene.http.set(OAuthScene.keysURL, try MintKey.keySet(MintKey.published))
        scene.clock.advance(by: .seconds(10))
        #expect(try await scene.refusal(token) == nil)
    }

    @Test(
        "keys that make no sense are left out and the others count",
        arguments: [
            #"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"key-ES256","alg":"RS256"}"#, #"{"kty":"RSA"}"#,
            #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, #"{"kty":"EC","crv":"P-256","x":"!","y":"!"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":""}"#, #"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"AA"}"#,
            #"{"kty":"oct","k":"AAAA"}"#, #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "{}",
            #"{"kty":"RSA","n":"","e":"","alg":"RS256"}"#, #"{"kty":"RSA","n":"AA","e":"AA","alg":"PS256"}"#,
        ]
    )
    func strangeKeys(_ key: String) async throws {
        let scene = try OAuthScene()
        scene.http.set(OAuthScene.keysURL, #"{"keys":[\#(key),\#(try MintKey.es256.webKey())]}"#)
        #expect(try await scene.refusal(try await self.token(.es256)) == nil)
    }

    @Test("a key for encryption verifies nothing")
    func encryptionKey() async throws {
        let scene = try OAuthScene()
        let key = try MintKey.es256.webKey().replacing(#""use":"sig""#, with: #""use":"enc""#)
        scene.http.set(OAuthScene.keysURL, #"{"keys":[\#(key)]}"#)
        #expect(try await scene.refusal(try await self.token(.es256)) == .tokenKey)
    }
}
