internal import Crypto
package import GatepostModel
package import Logging
package import SASL

/// Says whether a bearer token is good and whose it is (OAUTHBEARER, RFC 7628; XOAUTH2).
///
/// A token that is a JWT is checked by its issuer's keys, or by asking the issuer where the configuration says so; any other is shown to
/// the issuers that can be asked, in the order of the configuration, until one stands by it.
package final class BearerTokenVerifier: Sendable {
    private struct Issuer: Sendable {
        var rules: ClaimRules
        var means: Means
        /// Where a client finds out how to get a token.
        var discovery: OAuthEndpoint?

        var name: String { self.rules.issuer.issuer }
    }

    private enum Means: Sendable {
        case keys(KeySource)
        case sharedKey(Secret)
        case introspection(TokenIntrospector)
    }

    private let issuers: [Issuer]
    private let clock: any WallClock
    private let canonical: @Sendable (String) -> String

    /// - Parameter canonical: Gives the names of one account one form, for comparing the token's with the one that the client says to be.
    package init(
        issuers: [Configuration.OAuthIssuer],
        http: any HTTPFetcher,
        clock: any WallClock,
        logger: Logger,
        canonical: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.clock = clock
        self.canonical = canonical
        self.issuers = issuers.map { issuer in
            func keys(_ location: KeySource.Location?) -> Means {
                .keys(
                    KeySource(issuer: issuer.issuer, location: location ?? .nowhere, http: http, logger: logger)
                )
            }
            let discovery = OAuthEndpoint.discovery(issuer: issuer.issuer)
            let means: Means =
                switch issuer.verification {
                case .discovery: keys(discovery.map { .discovery($0) })
                case .keySet(let url): keys(OAuthEndpoint(url).map { .keySet($0) })
                case .sharedKey(let key): .sharedKey(key)
                case .introspection(let settings):
                    .introspection(
                        TokenIntrospector(issuer: issuer.issuer, settings: settings, http: http, logger: logger)
                    )
                }
            return Issuer(rules: ClaimRules(issuer: issuer), means: means, discovery: discovery)
        }
    }

    /// - Throws: ``IssuerUnreachable`` when the answer depends on an issuer that cannot be asked.
    package func verify(_ question: BearerTokenQuestion) async throws -> Finding {
        let now = self.clock.now()
        guard let token = SignedToken(question.token.octets) else {
            return try await self.verifyOpaque(question, now: now)
        }
        let issuers = self.issuers.filter { ClaimRules.areSame(token.claims.text("iss"), $0.name) }
        // The same issuer may be there twice, for two audiences: the first refusal is told.
        var refusal: Finding?
        for issuer in issuers {
            let judgement = try await self.judge(token, question.token, by: issuer, now: now)
            let finding = self.finding(judgement, by: issuer, claimed: question.claimedIdentity)
            if case .accepted = finding { return finding }
            refusal = refusal ?? finding
        }
        return refusal ?? self.finding(.refused(.tokenIssuer), by: self.issuers.first, claimed: nil)
    }

    private func verifyOpaque(_ question: BearerTokenQuestion, now: Timestamp) async throws -> Finding {
        var refusal: Finding?
        var failure: (any Error)?
        for issuer in self.issuers {
            guard case .introspection(let introspector) = issuer.means else { continue }
            do {
                let claims = try await introspector.claims(of: question.token, now: now)
                let judgement =
                    claims.map { issuer.rules.judge($0, from: .introspection, now: now) }
                    ?? .refused(.tokenInactive)
                let finding = self.finding(judgement, by: issuer, claimed: question.claimedIdentity)
                if case .accepted = finding { return finding }
                refusal = refusal ?? finding
            } catch {
                failure = failure ?? error
            }
        }
        // The issuer that is silent may be the one whose token this is.
        if let failure { throw failure }
        return refusal ?? self.finding(.refused(.malformed), by: self.issuers.first, claimed: nil)
    }

    private func judge(
        _ token: SignedToken,
        _ octets: Secret,
        by issuer: Issuer,
        now: Timestamp
    ) async throws -> ClaimRules.Judgement {
        switch issuer.means {
        case .introspection(let introspector):
            guard let claims = try await introspector.claims(of: octets, now: now) else {
                return .refused(.tokenInactive)
            }
            return issuer.rules.judge(claims, from: .introspection, now: now)
        case .sharedKey(let key):
            if let refusal = Self.refusal(of: token, sharedKey: key) { return .refused(refusal) }
        case .keys(let source):
            if let refusal = try await Self.refusal(of: token, keys: source, now: now) { return .refused(refusal) }
        }
        return issuer.rules.judge(token.claims, from: .signedToken, now: now)
    }

    /// A shared key verifies HMAC with SHA-256 and nothing else, whatever the token asks for.
    private static func refusal(of token: SignedToken, sharedKey key: Secret) -> Refusal? {
        guard token.algorithm == "HS256", !token.hasCriticalExtensions, !key.isEmpty else { return .tokenAlgorithm }
        let symmetric = key.withUnsafeBytes { SymmetricKey(data: $0) }
        let isValid = HMAC<SHA256>.isValidAuthenticationCode(
            token.signature,
            authenticating: token.signedOctets,
            using: symmetric
        )
        return isValid ? nil : .tokenSignature
    }

    private static let publicKeyAlgorithms: Set<String> = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]

    /// A public key never verifies HMAC: everybody knows it, so everybody could make such a token (RFC 8725 §2.1).
    private static func refusal(of token: SignedToken, keys source: KeySource, now: Timestamp) async throws -> Refusal?
    {
        guard Self.publicKeyAlgorithms.contains(token.algorithm), !token.hasCriticalExtensions else {
            return .tokenAlgorithm
        }
        let keys = try await source.keys(now: now)
        let candidates = keys.keys(for: token)
        if candidates.contains(where: { $0.verifies(token) }) { return nil }
        // The named key is there and did not sign this. Without a name, or with one that is new, the keys may have changed.
        if token.keyIdentifier != nil, !candidates.isEmpty { return .tokenSignature }
        guard let newer = try await source.keys(newerThan: keys, now: now) else {
            return candidates.isEmpty ? .tokenKey : .tokenSignature
        }
        let others = newer.keys(for: token)
        if others.contains(where: { $0.verifies(token) }) { return nil }
        return others.isEmpty ? .tokenKey : .tokenSignature
    }

    private func finding(_ judgement: ClaimRules.Judgement, by issuer: Issuer?, claimed: String?) -> Finding {
        let refusal: Refusal
        switch judgement {
        case .account(let name):
            if let claimed, self.canonical(claimed).lowercased() != self.canonical(name).lowercased() {
                refusal = .otherIdentity
            } else {
                return .accepted(accountName: name)
            }
        case .refused(let reason):
            refusal = reason
        }
        let error = BearerTokenError(
            status: refusal == .tokenScope ? "insufficient_scope" : "invalid_token",
            scope: issuer?.rules.issuer.scope,
            openIDConfiguration: issuer?.discovery?.description
        )
        return .refused(error, reason: refusal)
    }
}
