internal import Crypto
internal import Foundation
package import GatepostDelivery
package import GatepostModel
package import Logging
package import OAuthClient
package import SASL
internal import SMTPClient

/// Makes what the relay is logged in to with out of the configuration.
package struct RelayAccess: Sendable {
    private let relay: Configuration.Relay
    private let data: String
    private let logger: Logger

    /// - Parameter data: The data directory, where a refused login is remembered.
    package init(_ relay: Configuration.Relay, data: String, logger: Logger) {
        self.relay = relay
        self.data = data
        self.logger = logger
    }

    /// - Parameters:
    ///   - markKey: Makes the mark of a login worthless to who reads it.
    ///   - http: For token endpoints; needed where the relay has `oauth`.
    package func login(markKey: Secret, http: (any HTTPFetcher)?, clock: any WallClock) -> RelayLogin {
        let refused = RefusedLogins(self.rememberedRefusal(), keep: { self.remember($0) })
        let tokens = http.flatMap { http in
            self.accessTokens(HTTPTokenTransport(http), clock: clock) { work in
                try refused.keepingRefusal(of: { self.mark(markKey) }, while: work)
            }
        }
        return RelayLogin(
            material: { try self.material() },
            accessTokens: tokens,
            forgetTokens: { await tokens?.forget() },
            mark: { self.mark(markKey) },
            refused: refused
        )
    }

    // MARK: Passwords and certificates

    func material() throws -> RelayLogin.Material {
        var material = RelayLogin.Material()
        if let certificate = self.relay.certificate, let key = self.relay.key {
            material.identity = try TLSIdentity(certificateFile: certificate, keyFile: key)
        }
        let user = self.relay.user ?? ""
        if let tickets = self.relay.securityContexts {
            material.credentials = ClientCredentials(tickets: tickets)
        } else if self.relay.oauth != nil {
            // The token takes the place of this.
            material.credentials = ClientCredentials(
                authenticationIdentity: user,
                password: Secret(""),
                kind: .bearerToken
            )
        } else if let password = try self.password() {
            material.credentials = ClientCredentials(authenticationIdentity: user, password: password)
        } else if self.relay.certificate != nil, self.relay.mechanism == .external || self.relay.user != nil {
            material.credentials = ClientCredentials(
                authenticationIdentity: user,
                authorizationIdentity: self.relay.user,
                password: Secret(""),
                kind: .certificate
            )
        }
        return material
    }

    private func password() throws -> Secret? {
        guard let file = self.relay.passwordFile else { return self.relay.password }
        return Secret(Array(LocalFile.withoutLineEnding(try LocalFile.read(file, limit: 65_536))))
    }

    // MARK: Access tokens

    private func accessTokens(
        _ transport: any TokenEndpointTransport,
        clock: any WallClock,
        replacing: @escaping @Sendable (_ work: () throws -> Void) throws -> Void
    ) -> CachedAccessTokens? {
        guard let oauth = self.relay.oauth else { return nil }
        let now: @Sendable () -> Int = { Int(clock.now().secondsSince1970) }
        switch oauth.flow {
        case .clientCredentials:
            return CachedAccessTokens(
                ClientCredentialsGrant(server: oauth.server, client: oauth.client, transport: transport),
                now: now
            )
        case .refreshToken:
            let store = RefreshTokenFile(path: oauth.refreshTokenFile, logger: self.logger, replacing: replacing)
            return CachedAccessTokens(
                RefreshTokenGrant(server: oauth.server, client: oauth.client, transport: transport, store: store),
                now: now
            )
        }
    }

    // MARK: Refused logins

    /// HMAC-SHA256 over all that the login depends on.
    private func mark(_ key: Secret) -> String {
        var parts: [[UInt8]] = [
            Array("\(self.relay.host):\(self.relay.port)".utf8), Array((self.relay.user ?? "").utf8),
            Array((self.relay.mechanism?.description ?? "").utf8),
        ]
        parts.append(self.relay.passwordFile.map(Self.content) ?? self.relay.password?.octets ?? [])
        for file in [
            self.relay.certificate, self.relay.key, self.relay.keytab, self.relay.oauth?.refreshTokenFile,
        ] {
            parts.append(file.map(Self.content) ?? [])
        }
        if let oauth = self.relay.oauth {
            parts.append(Array("\(oauth.provider) \(oauth.flow) \(oauth.clientID) \(oauth.server.tokenEndpoint)".utf8))
            parts.append(oauth.clientSecret?.octets ?? [])
        }
        var code = HMAC<SHA256>(key: SymmetricKey(data: key.octets))
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { code.update(data: $0) }
            code.update(data: part)
        }
        return code.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A file that cannot be read is, for the mark, an empty one: the login itself says what is wrong with it.
    private static func content(_ file: String) -> [UInt8] {
        do {
            return try LocalFile.read(file, limit: 65_536)
        } catch {
            return []
        }
    }

    private var memory: String { self.data + "/relay-login.json" }

    private func rememberedRefusal() -> RefusedLogins.Record? {
        do {
            return try JSONDecoder().decode(
                RefusedLogins.Record.self,
                from: Data(try LocalFile.read(self.memory, limit: 65_536))
            )
        } catch let failure as LocalFile.Failure where failure.isAbsent {
            return nil
        } catch {
            self.logger.warning("The memory of refused relay logins is unreadable", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func remember(_ record: RefusedLogins.Record?) {
        do {
            guard let record else { return try LocalFile.remove(self.memory) }
            try LocalFile.replace(self.memory, Array(try JSONEncoder().encode(record)), mode: 0o600)
        } catch {
            // It still holds until the next restart.
            self.logger.warning("The memory of refused relay logins cannot be kept", metadata: ["error": "\(error)"])
        }
    }
}

extension Configuration.RelayOAuth {
    /// The provider's endpoints and scopes, with what the configuration has in their place.
    package var server: AuthorizationServer {
        var server: AuthorizationServer =
            switch self.provider {
            case .gmail: .gmail
            case .microsoft365: .microsoft365(tenant: self.tenant)
            case .other: AuthorizationServer(tokenEndpoint: "")
            }
        if let tokenEndpoint { server.tokenEndpoint = tokenEndpoint }
        if let deviceEndpoint { server.deviceAuthorizationEndpoint = deviceEndpoint }
        if let authorizationEndpoint { server.authorizationEndpoint = authorizationEndpoint }
        if let scope {
            server.scope = scope
            server.applicationScope = scope
        }
        return server
    }

    package var client: OAuthClient {
        OAuthClient(identifier: self.clientID, secret: self.clientSecret)
    }
}
