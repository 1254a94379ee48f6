public import SASL

/// One way to get an access token.
public protocol TokenGrant: Sendable {
    /// Asks the token endpoint. Called by one task at a time.
    func request() async throws(AccessTokenError) -> TokenGrantResult
    /// Forgets what is remembered beside what is stored: somebody put something else there.
    func forget() async
}

extension TokenGrant {
    public func forget() async {}
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
    /// A token that could not be stored, and what the store held instead: that may be worth nothing any more. Once it holds something else,
    /// somebody authorized anew, and this is what is worth nothing.
    private struct Unsaved {
        var token: Secret
        var stored: Secret
    }

    private var unsaved: Unsaved?
    /// Changes with each ``forget()``.
    private var era = 0

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
        let era = self.era
        let stored = try await self.stored()
        if let unsaved, let stored, stored != unsaved.stored { self.unsaved = nil }
        guard let current = self.unsaved?.token ?? stored else {
            throw AccessTokenError(.notAuthorized("there is no refresh token"))
        }
        var fields = [
            (name: "grant_type", value: Array("refresh_token".utf8)), (name: "refresh_token", value: current.octets),
        ]
        if let scope = self.endpoint.server.scope { fields.append(("scope", Array(scope.utf8))) }
        let result: TokenGrantResult
        do throws(AccessTokenError) {
            result = try await self.endpoint.token(fields)
        } catch {
            if case .refused("invalid_grant", _) = error.reason, self.era == era { self.unsaved = nil }
            throw error
        }
        // What a forgotten token led to is not to replace what somebody put into the store meanwhile.
        guard self.era == era else { return result }
        if let rotated = result.refreshToken, rotated != current {
            self.unsaved = Unsaved(token: rotated, stored: stored ?? self.unsaved?.stored ?? current)
        }
        await self.save()
        return result
    }

    public func forget() async {
        self.unsaved = nil
        self.era &+= 1
    }

    /// What the store holds; nil where it cannot be read or holds nothing, and a token that could not be stored stands in.
    private func stored() async throws(AccessTokenError) -> Secret? {
        do {
            guard let stored = try await self.store.load(), !stored.isEmpty else { return nil }
            return stored
        } catch let error as AccessTokenError {
            guard self.unsaved == nil else { return nil }
            throw error
        } catch {
            guard self.unsaved == nil else { return nil }
            throw AccessTokenError(.notAuthorized(String(describing: error)))
        }
    }

    /// A token that cannot be stored is used all the same, and stored with the next.
    private func save() async {
        guard let token = self.unsaved?.token else { return }
        do {
            try await self.store.save(token)
            if self.unsaved?.token == token { self.unsaved = nil }
        } catch {
            // The store has said so; the token is kept here.
        }
    }
}
