internal import SASL
internal import SMTP

extension SMTPConnection {
    /// Connects with a token of the provider's; when the server refuses it, once more with another.
    static func withAccessToken(
        _ provider: any AccessTokenProvider,
        _ credentials: ClientCredentials,
        _ endpoint: Endpoint,
        connect: (ClientCredentials) async throws -> SMTPConnection
    ) async throws -> SMTPConnection {
        let token: AccessToken
        do {
            token = try await provider.accessToken(insteadOf: nil)
        } catch {
            throw self.unavailable(error, endpoint)
        }
        do {
            return try await connect(credentials.with(token))
        } catch let refusal as SMTPClientError where refusal.isAboutToken {
            // Revoked, or expired sooner than it said. What the server says to the second one stands.
            let fresh: AccessToken
            do {
                fresh = try await provider.accessToken(insteadOf: token)
            } catch let error as AccessTokenError where error.reason == .tokenRefusedAgain {
                throw refusal
            } catch {
                throw self.unavailable(error, endpoint)
            }
            // Whoever has no other must not make two failures of one.
            guard fresh.secret != token.secret else { throw refusal }
            return try await connect(credentials.with(fresh))
        }
    }

    private static func unavailable(_ error: any Error, _ endpoint: Endpoint) -> SMTPClientError {
        if error is CancellationError {
            return SMTPClientError(.cancelled, stage: .beforeSending, endpoint: endpoint, isTLS: false)
        }
        let error = error as? AccessTokenError ?? AccessTokenError(.unreachable(String(describing: error)))
        return SMTPClientError(.accessTokenUnavailable(error), stage: .beforeSending, endpoint: endpoint, isTLS: false)
    }
}

extension SMTPClientError {
    /// Whether the server refused the token, so that another may do: not the mechanism or the connection (504, 534, 538), nor for the time
    /// being.
    fileprivate var isAboutToken: Bool {
        guard case .session(.authenticationRefused(let mechanism)) = self.reason else { return false }
        return mechanism.credentialKind == .bearerToken && (self.reply?.code == 535 || self.bearerTokenError != nil)
    }
}

extension ClientCredentials {
    fileprivate func with(_ token: AccessToken) -> ClientCredentials {
        var credentials = self
        credentials.password = token.secret
        credentials.kind = .bearerToken
        return credentials
    }
}
