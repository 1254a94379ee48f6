internal import GatepostModel
package import SASL

extension BearerTokenVerifier {
    /// What a token came to.
    package enum Finding: Sendable, Hashable {
        /// The token is good and speaks for this account name, as the issuer writes it.
        case accepted(accountName: String)
        /// What the client is told, and what the log is told.
        case refused(BearerTokenError, reason: Refusal)
    }

    /// Why a token is refused: for the log and the case file, never for the peer.
    package enum Refusal: String, Sendable, Hashable, CaseIterable {
        /// Not a token of any issuer that is configured.
        case malformed
        case tokenIssuer = "token-issuer"
        /// `none`, or an algorithm that does not fit the issuer's keys.
        case tokenAlgorithm = "token-algorithm"
        /// The issuer has no such key.
        case tokenKey = "token-key"
        case tokenSignature = "token-signature"
        case tokenExpired = "token-expired"
        case tokenNotYetValid = "token-not-yet-valid"
        case tokenAudience = "token-audience"
        case tokenScope = "token-scope"
        /// The issuer was asked and does not stand by the token any more.
        case tokenInactive = "token-inactive"
        /// `exp` or the claim that names the account is absent or is not what it should be.
        case claimMissing = "claim-missing"
        /// The issuer says that the address is not known to be this user's.
        case claimUnverified = "claim-unverified"
        /// The token is good, and somebody else's than the client says to be.
        case otherIdentity = "other-identity"

        /// The code under which operators find it.
        var code: AuthenticationReason {
            switch self {
            case .tokenIssuer: .tokenIssuer
            case .tokenKey, .tokenSignature: .tokenSignature
            case .tokenExpired: .tokenExpired
            case .tokenNotYetValid: .clockSkew
            case .tokenAudience: .tokenAudience
            case .tokenScope: .tokenScope
            case .otherIdentity: .notAuthorized
            case .malformed, .tokenAlgorithm, .tokenInactive, .claimMissing, .claimUnverified: .tokenRefused
            }
        }
    }
}

/// An issuer cannot be asked, or its answer cannot be used: `454 4.7.0`.
package struct IssuerUnreachable: Error, Hashable, CustomStringConvertible {
    package var issuer: String
    /// For the log; holds no token and no secret.
    package var reason: String

    package init(issuer: String, reason: String) {
        self.issuer = issuer
        self.reason = reason
    }

    package var description: String { "\(self.issuer): \(self.reason)" }
}
