public import SASL

/// What a token endpoint gave (RFC 6749 §5.1).
public struct TokenGrantResult: Sendable {
    public var accessToken: AccessToken
    /// nil where the server does not say; such a token is taken to live for an hour.
    public var expiresInSeconds: Int?
    /// A refresh token to use from now on in place of the old one (§6).
    public var refreshToken: Secret?
    public var scope: String?

    public init(
        accessToken: AccessToken,
        expiresInSeconds: Int? = nil,
        refreshToken: Secret? = nil,
        scope: String? = nil
    ) {
        self.accessToken = accessToken
        self.expiresInSeconds = expiresInSeconds
        self.refreshToken = refreshToken
        self.scope = scope
    }
}

/// Asks a token endpoint.
struct TokenEndpoint: Sendable {
    private static let maximumAnswerOctets = 65_536
    /// A token goes into one AUTH line.
    private static let maximumTokenOctets = 9_000

    let server: AuthorizationServer
    let client: OAuthClient
    let transport: any TokenEndpointTransport

    func token(_ fields: [(name: String, value: [UInt8])]) async throws(AccessTokenError) -> TokenGrantResult {
        let answer = try await self.post(fields, to: self.server.tokenEndpoint)
        guard let token = answer.text("access_token"), Self.isToken(token) else {
            throw AccessTokenError(.malformedAnswer)
        }
        // §5.1: "bearer", without case; servers that leave it out mean the same.
        if let type = answer.text("token_type"), type.lowercased() != "bearer" {
            throw AccessTokenError(.malformedAnswer)
        }
        return TokenGrantResult(
            accessToken: AccessToken(Secret(token)),
            expiresInSeconds: answer.integer("expires_in"),
            refreshToken: answer.text("refresh_token").flatMap { $0.isEmpty ? nil : Secret($0) },
            scope: answer.text("scope")
        )
    }

    /// Posts the fields and the client's own.
    ///
    /// The client names itself in the body (§2.3.1), which the large providers take, and some of them nothing else.
    func post(
        _ fields: [(name: String, value: [UInt8])],
        to url: String
    ) async throws(AccessTokenError) -> JSONObject {
        var fields = fields
        fields.append(("client_id", Array(self.client.identifier.utf8)))
        if let secret = self.client.secret { fields.append(("client_secret", secret.octets)) }
        let response: TokenEndpointResponse
        do {
            response = try await self.transport.post(FormEncoding.form(fields), to: url)
        } catch {
            throw AccessTokenError(.unreachable(String(describing: error)))
        }
        // The endpoint's own trouble, whatever the body calls it: it says nothing about what we asked with, and passes.
        guard response.status < 500, response.status != 408, response.status != 429 else {
            throw AccessTokenError(.unreachable("HTTP status \(response.status)"))
        }
        guard response.body.count <= Self.maximumAnswerOctets, let answer = JSONObject(response.body) else {
            guard response.status == 200 else { throw AccessTokenError(.unreachable("HTTP status \(response.status)")) }
            throw AccessTokenError(.malformedAnswer)
        }
        if let code = answer.text("error") {
            throw AccessTokenError(
                .refused(code: ShownText.of(code), description: answer.text("error_description").map(ShownText.of))
            )
        }
        guard response.status == 200 else { throw AccessTokenError(.unreachable("HTTP status \(response.status)")) }
        return answer
    }

    /// `b64token` is stricter; servers have their own ideas. What cannot stand in the message is refused.
    private static func isToken(_ token: String) -> Bool {
        (1...self.maximumTokenOctets).contains(token.utf8.count) && token.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}
