internal import Crypto
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import OAuthClient
internal import SASL

/// Asks one issuer about tokens (RFC 7662), and remembers for a minute what it said about those that are good.
actor TokenIntrospector {
    static let memory = Duration.seconds(60)
    static let maximumRemembered = 1000

    private struct Remembered {
        var claims: ClaimSet
        var since: Timestamp
        var until: Timestamp
    }

    private let issuer: String
    private let endpoint: OAuthEndpoint?
    private let authorization: String
    private let http: any HTTPFetcher
    private let logger: Logger
    /// By SHA-256 of the token: what is kept in memory opens nothing.
    private var remembered: [[UInt8]: Remembered] = [:]

    init(
        issuer: String,
        settings: Configuration.OAuthIssuer.Introspection,
        http: any HTTPFetcher,
        logger: Logger
    ) {
        self.issuer = issuer
        self.endpoint = OAuthEndpoint(settings.url)
        // Both parts are encoded like a form's before they are joined (RFC 6749 §2.3.1).
        let client = FormEncoding.encode(Array(settings.clientID.utf8))
        let secret = FormEncoding.encode(settings.clientSecret.octets)
        self.authorization = "Basic " + Base64.encodeToString(client + [UInt8(ascii: ":")] + secret)
        self.http = http
        self.logger = logger
    }

    /// What the issuer says about the token; `nil` when it does not stand by it.
    ///
    /// - Throws: ``IssuerUnreachable``
    func claims(of token: Secret, now: Timestamp) async throws -> ClaimSet? {
        let digest = token.withUnsafeBytes { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: bytes)
            return Array(hash.finalize())
        }
        if let known = self.remembered[digest], known.since <= now, now < known.until { return known.claims }
        let claims: ClaimSet
        do {
            claims = try await self.ask(token)
        } catch {
            let failure =
                error as? IssuerUnreachable ?? IssuerUnreachable(issuer: self.issuer, reason: "\(error)")
            self.logger.warning(
                "OAuth issuer cannot be asked about a token",
                metadata: ["issuer": "\(self.issuer)", "reason": "\(failure.reason)"]
            )
            throw failure
        }
        guard claims.flag("active") == true else {
            self.remembered[digest] = nil
            return nil
        }
        self.remember(claims, digest: digest, now: now)
        return claims
    }

    private func ask(_ token: Secret) async throws -> ClaimSet {
        guard let endpoint else {
            throw IssuerUnreachable(issuer: self.issuer, reason: "no https URL to ask about tokens")
        }
        let form = Array("token=".utf8) + FormEncoding.encode(token.octets)
        let request = HTTPFetchRequest(
            endpoint,
            method: .post(form: form + Array("&token_type_hint=access_token".utf8)),
            authorization: self.authorization,
            maximumOctets: 65_536
        )
        let response = try await self.http.fetch(request)
        guard response.status == 200 else {
            throw IssuerUnreachable(issuer: self.issuer, reason: "HTTP status \(response.status)")
        }
        guard response.body.count <= request.maximumOctets else {
            throw HTTPFetchError.tooLarge(limit: request.maximumOctets)
        }
        guard let claims = ClaimSet(json: response.body), claims.flag("active") != nil else {
            throw IssuerUnreachable(issuer: self.issuer, reason: "the answer about a token is malformed")
        }
        return claims
    }

    private func remember(_ claims: ClaimSet, digest: [UInt8], now: Timestamp) {
        if self.remembered.count >= Self.maximumRemembered {
            self.remembered = self.remembered.filter { $0.value.since <= now && now < $0.value.until }
        }
        if self.remembered.count >= Self.maximumRemembered {
            self.remembered.removeAll(keepingCapacity: true)
        }
        self.remembered[digest] = Remembered(claims: claims, since: now, until: now + Self.memory)
    }
}
