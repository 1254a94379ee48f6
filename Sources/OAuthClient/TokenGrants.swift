public import SASL

/// One way to get an access token.
public protocol TokenGrant: Sendable {
    /// Asks the token endpoint. Called by one task at a time.
    func request() async throws(AccessTokenError) -> TokenGrantResult
}

/// The client credentials grant (RFC 6749 §4.4): an application on its own account.
public struct ClientCredentialsGrant: TokenGrant {
    private let endpoint: TokenEndpoint

    public init(server: AuthorizationServer, client: OAuthClient, transport: any TokenEndpointTransport) {
        self.endpoint = TokenEndpoint(server: server, client: client, transport: transport)
    }

    public func request() async throws(AccessTokenError) -> TokenGrantResult {
        var fields = [(name: "grant_type", value: Array("client_credentials".utf8))]
        if let scope = self.endpoint.server.applicationScope { fields.append(("scope", Array(scope.utf8))) }
        return try await self.endpoint.token(fields)
    }
}

/// Where a refresh token is kept. A server may give a new one with each access token, and take the old one no more.
public protocol RefreshTokenStore: Sendable {
    /// - Returns: nil where nobody has authorized yet.
    func load() async throws -> Secret?
    /// Keeps a token, durably when it returns.
    func save(_ token: Secret) async throws
}

/// The refresh token grant (RFC 6749 §6).
public actor RefreshTokenGrant: TokenGrant {
    private let endpoint: TokenEndpoint
    private let store: any RefreshTokenStore
    /// A token that could not be stored: the stored one may be worth nothing any more.
    private var unsaved: Secret?

    public init(
        server: AuthorizationServer,
        client: OAuthClient,
        transport: any TokenEndpointTransport,
        store: any RefreshTokenStore
    ) {
        self.endpoint = TokenEndpoint(server: server, client: client, transport: transport)
        self.store = store
    }

    public func request() async throws(AccessTokenError) -> TokenGrantResult {
        let current = try await self.current()
        var fields = [
            (name: "grant_type", value: Array("refresh_token".utf8)), (name: "refresh_token", value: current.octets),
        ]
        if let scope = self.endpoint.server.scope { fields.append(("scope", Array(scope.utf8))) }
        let result = try await self.endpoint.token(fields)
        if let rotated = result.refreshToken, rotated != current { self.unsaved = rotated }
        await self.save()
        return result
    }

    private func current() async throws(AccessTokenError) -> Secret {
        if let unsaved { return unsaved }
        do {
            guard let stored = try await self.store.load(), !stored.isEmpty else {
                throw AccessTokenError(.notAuthorized("there is no refresh token"))
            }
            return stored
        } catch let error as AccessTokenError {
            throw error
        } catch {
            throw AccessTokenError(.notAuthorized(String(describing: error)))
        }
    }

    /// A token that cannot be stored is used all the same, and stored with the next.
    private func save() async {
        guard let token = self.unsaved else { return }
        do {
            try await self.store.save(token)
            self.unsaved = nil
        } catch {
            self.unsaved = token
        }
    }
}
