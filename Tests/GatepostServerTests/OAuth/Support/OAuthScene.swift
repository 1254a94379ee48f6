import GatepostModel
import GatepostTesting
import SASL

@testable import GatepostServer

/// An issuer of tokens with discovery, one with a shared key, and who checks their tokens.
struct OAuthScene: Sendable {
    static let issuer = "https://login.example.org"
    static let sharedIssuer = "example.test"
    static let discoveryURL = "https://login.example.org/.well-known/openid-configuration"
    static let keysURL = "https://login.example.org/keys"

    let http = HTTPDouble()
    let clock = MockClock()
    let log = LogCapture()
    let verifier: BearerTokenVerifier

    init(_ issuers: [Configuration.OAuthIssuer]? = nil, keys: [MintKey] = MintKey.published) throws {
        self.verifier = BearerTokenVerifier(
            issuers: issuers ?? [
                Configuration.OAuthIssuer(issuer: Self.issuer, audience: "smtp", scope: "smtp.send"),
                Configuration.OAuthIssuer(
                    issuer: Self.sharedIssuer,
                    audience: "smtp",
                    verification: .sharedKey(Secret(MintKey.sharedOctets))
                ),
            ],
            http: self.http,
            clock: self.clock,
            logger: self.log.logger
        )
        self.http.set(Self.discoveryURL, #"{"issuer":"\#(Self.issuer)","jwks_uri":"\#(Self.keysURL)"}"#)
        self.http.set(Self.keysURL, try MintKey.keySet(keys))
    }

    func verify(_ token: String, claimed: String? = nil) async throws -> BearerTokenVerifier.Finding {
        try await self.verifier.verify(
            BearerTokenQuestion(mechanism: .oauthBearer, claimedIdentity: claimed, token: Secret(token))
        )
    }

    /// Why the token is refused; nil when it is accepted.
    func refusal(_ token: String, claimed: String? = nil) async throws -> BearerTokenVerifier.Refusal? {
        switch try await self.verify(token, claimed: claimed) {
        case .accepted: nil
        case .refused(_, let reason): reason
        }
    }
}
