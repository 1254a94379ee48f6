internal import GatepostModel

/// What the claims of a token must be for an issuer's tokens to count (RFC 7519 §4.1; RFC 9068 §4).
struct ClaimRules: Sendable {
    /// How far the issuer's clock and ours may be apart.
    static let skew: Double = 60

    enum Judgement: Sendable {
        case account(String)
        case refused(BearerTokenVerifier.Refusal)
    }

    /// Where claims come from: an issuer that was asked has looked at some of them itself.
    enum Origin: Sendable {
        case signedToken
        case introspection
    }

    let issuer: Configuration.OAuthIssuer

    func judge(_ claims: ClaimSet, from origin: Origin, now: Timestamp) -> Judgement {
        if origin == .signedToken || claims.contains("iss"), !Self.areSame(claims.text("iss"), self.issuer.issuer) {
            return .refused(.tokenIssuer)
        }
        if let refusal = self.refusalOfTime(claims, from: origin, now: now) { return .refused(refusal) }
        // A token for another service must not open this one, though the issuer calls it active.
        guard claims.texts("aud").contains(where: { Self.areSame($0, self.issuer.audience) }) else {
            return .refused(.tokenAudience)
        }
        if let scope = self.issuer.scope {
            // Microsoft's is `scp`; lists are joined by spaces or are lists.
            let granted = (claims.texts("scope") + claims.texts("scp")).flatMap(Self.words)
            guard Self.words(scope).allSatisfy(granted.contains) else { return .refused(.tokenScope) }
        }
        guard let account = claims.text(self.issuer.accountClaim), !account.isEmpty else {
            return .refused(.claimMissing)
        }
        // Where people may type in an address of their own, anybody could be anybody.
        if self.issuer.accountClaim == "email", claims.contains("email_verified"), claims.flag("email_verified") != true
        {
            return .refused(.claimUnverified)
        }
        return .account(account)
    }

    private static func words(_ text: String) -> [[UInt8]] {
        text.utf8.split(separator: UInt8(ascii: " ")).map(Array.init)
    }

    /// Octet for octet: a `String` is equal to others of the same look.
    static func areSame(_ claim: String?, _ wanted: String) -> Bool {
        claim?.utf8.elementsEqual(wanted.utf8) == true
    }

    private func refusalOfTime(
        _ claims: ClaimSet,
        from origin: Origin,
        now: Timestamp
    ) -> BearerTokenVerifier.Refusal? {
        let now = Double(now.milliseconds) / 1000
        if let expiry = claims.number("exp") {
            guard now < expiry + Self.skew else { return .tokenExpired }
        } else if origin == .signedToken || claims.contains("exp") {
            return .claimMissing
        }
        for name in ["nbf", "iat"] where claims.contains(name) {
            guard let moment = claims.number(name) else { return .claimMissing }
            guard now >= moment - Self.skew else { return .tokenNotYetValid }
        }
        return nil
    }
}
