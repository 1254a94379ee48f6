import GatepostModel
import JWTKit
import SASL
import Testing

@testable import GatepostServer

@Suite("bearer tokens that are JWTs, RFC 7519, RFC 7628")
struct BearerTokenVerifierTests {
    @Test("a good token is accepted, whatever the algorithm", arguments: MintKey.published)
    func accepts(_ key: MintKey) async throws {
        let scene = try OAuthScene()
        let token = try await key.token(.good(issuer: OAuthScene.issuer))
        #expect(try await scene.verify(token) == .accepted(accountName: "alice@example.org"))
        #expect(try await scene.verify(token) == .accepted(accountName: "alice@example.org"))
        #expect(scene.http.count(OAuthScene.keysURL) == 1, "keys are kept")
    }

    @Test("keys without alg and tokens without kid are found by what fits", arguments: MintKey.published)
    func acceptsWithoutNames(_ key: MintKey) async throws {
        let scene = try OAuthScene()
        scene.http.set(OAuthScene.keysURL, try MintKey.keySet(MintKey.published, algorithm: false))
        let token = try await key.named(nil).token(.good(issuer: OAuthScene.issuer))
        #expect(try await scene.refusal(token) == nil)
    }

    @Test("a token signed with the shared key is accepted, a short key included", arguments: [33, 9])
    func acceptsShared(octets: Int) async throws {
        let octets = Array(MintKey.sharedOctets.prefix(octets))
        let scene = try OAuthScene([
            Configuration.OAuthIssuer(
                issuer: OAuthScene.sharedIssuer,
                audience: "smtp",
                verification: .sharedKey(Secret(octets))
            )
        ])
        // Zeros at the end of a short HMAC key change nothing (RFC 2104 §2), and the signer wants them.
        let padded = octets + [UInt8](repeating: 0, count: max(0, 32 - octets.count))
        let key = MintKey(kind: .hmac(padded), identifier: nil, testDescription: "HS256")
        let token = try await key.token(.good(issuer: OAuthScene.sharedIssuer))
        #expect(try await scene.verify(token) == .accepted(accountName: "alice@example.org"))
        #expect(scene.http.requests.isEmpty)
    }

    struct ClaimCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var changes: [String: Claim?]
        var refusal: BearerTokenVerifier.Refusal?

        init(_ name: String, _ changes: [String: Claim?], _ refusal: BearerTokenVerifier.Refusal?) {
            self.testDescription = name
            self.changes = changes
            self.refusal = refusal
        }
    }

    static let claimCases: [ClaimCase] = [
        ClaimCase("expired within the skew", ["exp": .number(Claims.now - 59)], nil),
        ClaimCase("expired", ["exp": .number(Claims.now - 60)], .tokenExpired),
        ClaimCase("expired long ago", ["exp": 0.0], .tokenExpired),
        ClaimCase("no expiry", ["exp": Optional<Claim>.none], .claimMissing),
        ClaimCase("expiry is no number", ["exp": "tomorrow"], .claimMissing),
        ClaimCase("not before, within the skew", ["nbf": .number(Claims.now + 60)], nil),
        ClaimCase("not yet", ["nbf": .number(Claims.now + 61)], .tokenNotYetValid),
        ClaimCase("issued in the future", ["iat": .number(Claims.now + 3600)], .tokenNotYetValid),
        ClaimCase("fractions of seconds", ["exp": .number(Claims.now + 0.5)], nil),
        ClaimCase("audience in a list", ["aud": ["imap", "smtp"]], nil),
        ClaimCase("another audience", ["aud": "imap"], .tokenAudience),
        ClaimCase("another audience in a list", ["aud": ["imap", "smtp2"]], .tokenAudience),
        ClaimCase("no audience", ["aud": Optional<Claim>.none], .tokenAudience),
        ClaimCase("unknown issuer", ["iss": "https://login.example.com"], .tokenIssuer),
        ClaimCase("issuer with a slash more", ["iss": "https://login.example.org/"], .tokenIssuer),
        ClaimCase("no issuer", ["iss": Optional<Claim>.none], .tokenIssuer),
        ClaimCase("scope in a list", ["scope": ["openid", "smtp.send"]], nil),
        ClaimCase("scope called scp", ["scope": Optional<Claim>.none, "scp": "smtp.send"], nil),
        ClaimCase("another scope", ["scope": "openid smtp.send2"], .tokenScope),
        ClaimCase("no scope", ["scope": Optional<Claim>.none], .tokenScope),
        ClaimCase("no account", ["email": Optional<Claim>.none], .claimMissing),
        ClaimCase("empty account", ["email": ""], .claimMissing),
        ClaimCase("account is a list", ["email": ["alice@example.org"]], .claimMissing),
        ClaimCase("verified address", ["email_verified": true], nil),
        ClaimCase("address not verified", ["email_verified": false], .claimUnverified),
        ClaimCase("address not verified, as a string", ["email_verified": "false"], .claimUnverified),
    ]

    @Test("claims decide", arguments: Self.claimCases)
    func claims(_ example: ClaimCase) async throws {
        let scene = try OAuthScene()
        let token = try await MintKey.es256.token(.good(issuer: OAuthScene.issuer, example.changes))
        #expect(try await scene.refusal(token) == example.refusal)
    }

    struct ForgedCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var issuer: String
        var refusal: BearerTokenVerifier.Refusal
        var token: @Sendable (Claims) async throws -> String

        init(
            _ name: String,
            _ issuer: String,
            _ refusal: BearerTokenVerifier.Refusal,
            _ token: @escaping @Sendable (Claims) async throws -> String
        ) {
            self.testDescription = name
            self.issuer = issuer
            self.refusal = refusal
            self.token = token
        }
    }

    static let forgedCases: [ForgedCase] = [
        ForgedCase("alg none", OAuthScene.issuer, .tokenAlgorithm) { try await MintKey.none.token($0) },
        ForgedCase("alg none, shared key", OAuthScene.sharedIssuer, .tokenAlgorithm) {
            try await MintKey.none.token($0)
        },
        ForgedCase("alg NoNe", OAuthScene.issuer, .tokenAlgorithm) {
            try await MintKey.none.token($0, algorithm: "NoNe")
        },
        ForgedCase("HMAC with the published key", OAuthScene.issuer, .tokenAlgorithm) {
            guard case .rsa(let key) = MintKey.rsa.kind else { return "" }
            let octets = Array(key.publicKey.pemRepresentation.utf8)
            return try await MintKey(kind: .hmac(octets), identifier: "key-RS256", testDescription: "").token($0)
        },
        ForgedCase("public key where the key is shared", OAuthScene.sharedIssuer, .tokenAlgorithm) {
            try await MintKey.rsa.token($0)
        },
        ForgedCase("another shared key", OAuthScene.sharedIssuer, .tokenSignature) {
            let octets = [UInt8](repeating: 7, count: 32)
            return try await MintKey(kind: .hmac(octets), identifier: nil, testDescription: "").token($0)
        },
        ForgedCase("HS512 said, HS256 meant", OAuthScene.sharedIssuer, .tokenAlgorithm) {
            try await MintKey.shared.token($0, algorithm: "HS512")
        },
        ForgedCase("another key under the same name", OAuthScene.issuer, .tokenSignature) {
            try await MintKey.freshES256(identifier: "key-ES256").token($0)
        },
        ForgedCase("another key without a name", OAuthScene.issuer, .tokenSignature) {
            try await MintKey.freshES256(identifier: nil).token($0)
        },
        ForgedCase("an algorithm that the named key has not", OAuthScene.issuer, .tokenKey) {
            try await MintKey.es256.token($0, algorithm: "RS256")
        },
        ForgedCase("RS384 where the key is for RS256", OAuthScene.issuer, .tokenKey) {
            try await MintKey.rsa.token($0, algorithm: "RS384")
        },
        ForgedCase("a key that nobody published", OAuthScene.issuer, .tokenKey) {
            try await MintKey.freshES256(identifier: "mine").token($0)
        },
        ForgedCase("a critical extension", OAuthScene.issuer, .tokenAlgorithm) {
            try await MintKey.es256.token($0, header: ["crit": .array([.string("b64")]), "b64": .bool(false)])
        },
        ForgedCase("no signature", OAuthScene.issuer, .tokenSignature) {
            let token = try await MintKey.es256.token($0)
            return token.split(separator: ".").dropLast().joined(separator: ".") + "."
        },
        ForgedCase("half a signature", OAuthScene.issuer, .tokenSignature) {
            String(try await MintKey.es256.token($0).dropLast(42))
        },
        ForgedCase("claims of another token", OAuthScene.issuer, .tokenSignature) {
            let mine = try await MintKey.es256.token($0).split(separator: ".")
            var claims = $0
            claims.values["email"] = "root@example.org"
            let other = try await MintKey.es256.token(claims).split(separator: ".")
            return "\(mine[0]).\(other[1]).\(mine[2])"
        },
    ]

    @Test("what the issuer did not sign is refused", arguments: Self.forgedCases)
    func forged(_ example: ForgedCase) async throws {
        let scene = try OAuthScene()
        let token = try await example.token(.good(issuer: example.issuer))
        #expect(try await scene.refusal(token) == example.refusal)
    }

    @Test("a shared key among the published ones verifies nothing")
    func publishedSharedKey() async throws {
        let scene = try OAuthScene(keys: [MintKey.shared.named("hmac"), .es256])
        let token = try await MintKey.shared.named("hmac").token(.good(issuer: OAuthScene.issuer))
        #expect(try await scene.refusal(token) == .tokenAlgorithm)
        let good = try await MintKey.es256.token(.good(issuer: OAuthScene.issuer))
        #expect(try await scene.refusal(good) == nil, "the other keys still count")
    }

    @Test(
        "what is no token of anyone's is malformed",
        arguments: ["", "opaque", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "...", "eyJhbGciOjF9.e30.AA", "é.é.é"]
    )
    func malformed(_ token: String) async throws {
        let scene = try OAuthScene()
        #expect(try await scene.refusal(token) == .malformed)
    }

    @Test("one flipped bit anywhere is refused")
    func flippedBit() async throws {
        let scene = try OAuthScene()
        let token = Array(try await MintKey.eddsa.token(.good(issuer: OAuthScene.issuer)).utf8)
        for index in token.indices {
            var other = token
            other[index] ^= 1
            let finding = try await scene.verifier.verify(
                BearerTokenQuestion(mechanism: .xoauth2, claimedIdentity: nil, token: Secret(other))
            )
            if case .accepted = finding { Issue.record("octet \(index) does not count") }
        }
    }

    @Test(
        "the token must be the claimed identity's",
        arguments: [
            ("alice@example.org", nil), ("Alice@Example.ORG", nil), ("bob@example.org", .otherIdentity),
            ("alice", .otherIdentity), ("", .otherIdentity),
        ] as [(String, BearerTokenVerifier.Refusal?)]
    )
    func claimedIdentity(_ claimed: String, _ refusal: BearerTokenVerifier.Refusal?) async throws {
        let scene = try OAuthScene()
        let token = try await MintKey.shared.token(.good(issuer: OAuthScene.sharedIssuer))
        #expect(try await scene.refusal(token, claimed: claimed) == refusal)
    }

    @Test("the client is told where to get a better token, RFC 7628 §3.2.2")
    func error() async throws {
        let scene = try OAuthScene()
        let expired = try await MintKey.es256.token(.good(issuer: OAuthScene.issuer, ["exp": 0.0]))
        #expect(
            try await scene.verify(expired)
                == .refused(
                    BearerTokenError(
                        status: "invalid_token",
                        scope: "smtp.send",
                        openIDConfiguration: OAuthScene.discoveryURL
                    ),
                    reason: .tokenExpired
                )
        )
        let narrow = try await MintKey.es256.token(.good(issuer: OAuthScene.issuer, ["scope": "openid"]))
        guard case .refused(let error, _) = try await scene.verify(narrow) else {
            Issue.record("accepted")
            return
        }
        #expect(error.status == "insufficient_scope")
    }

    @Test("one issuer with two audiences: either counts")
    func twoAudiences() async throws {
        let key = Configuration.OAuthIssuer.Verification.sharedKey(Secret(MintKey.sharedOctets))
        let scene = try OAuthScene([
            Configuration.OAuthIssuer(issuer: OAuthScene.sharedIssuer, audience: "one", verification: key),
            Configuration.OAuthIssuer(issuer: OAuthScene.sharedIssuer, audience: "two", verification: key),
        ])
        for (audience, refusal) in [("one", nil), ("two", nil), ("three", .tokenAudience)]
            as [(String, BearerTokenVerifier.Refusal?)]
        {
            let claims = Claims.good(issuer: OAuthScene.sharedIssuer, ["aud": .text(audience)])
            #expect(try await scene.refusal(try await MintKey.shared.token(claims)) == refusal)
        }
    }
}
