package import SASL

extension Configuration {
    /// Someone whose bearer tokens count for OAUTHBEARER and XOAUTH2.
    package struct OAuthIssuer: Sendable {
        /// How a token is known to be the issuer's.
        package enum Verification: Sendable, Equatable {
            /// By the keys that the issuer's discovery document leads to (OpenID Connect Discovery 1.0 §4; RFC 8414).
            case discovery
            /// By the keys at this URL (RFC 7517 §5).
            case keySet(url: String)
            /// By HMAC-SHA-256 with a key that both sides know (RFC 7518 §3.2: at least 32 octets).
            case sharedKey(Secret)
            /// By asking the issuer (RFC 7662), which also answers for tokens that say nothing themselves.
            case introspection(Introspection)
        }

        /// Where tokens are asked about, and as whom.
        package struct Introspection: Sendable, Equatable {
            package var url: String
            package var clientID: String
            package var clientSecret: Secret

            package init(url: String, clientID: String, clientSecret: Secret) {
                self.url = url
                self.clientID = clientID
                self.clientSecret = clientSecret
            }
        }

        /// Equal to the token's `iss`, octet for octet.
        package var issuer: String
        /// One of the token's `aud`.
        package var audience: String
        /// The claim that holds the account's address.
        package var accountClaim: String
        /// What the token must be good for besides; nil: anything.
        package var scope: String?
        package var verification: Verification

        package init(
            issuer: String,
            audience: String,
            accountClaim: String = "email",
            scope: String? = nil,
            verification: Verification = .discovery
        ) {
            self.issuer = issuer
            self.audience = audience
            self.accountClaim = accountClaim
            self.scope = scope
            self.verification = verification
        }
    }
}

extension Configuration.OAuthIssuer: Hashable {
    // Secrets have no hash; equal values still hash alike.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.issuer)
        hasher.combine(self.audience)
        hasher.combine(self.accountClaim)
    }
}
