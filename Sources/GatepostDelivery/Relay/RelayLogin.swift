package import SASL
package import SMTPClient

/// What the relay is logged in to with. Files are read anew for each connection, so that a changed password or a renewed certificate counts at once.
package struct RelayLogin: Sendable {
    /// Password and certificate of the moment; empty without a login.
    package struct Material: Sendable {
        package var credentials: ClientCredentials?
        package var identity: TLSIdentity?

        package init(credentials: ClientCredentials? = nil, identity: TLSIdentity? = nil) {
            self.credentials = credentials
            self.identity = identity
        }
    }

    package var material: @Sendable () throws -> Material
    package var accessTokens: (any AccessTokenProvider)?
    /// Drops the tokens that are held: what they were had with has changed.
    package var forgetTokens: @Sendable () async -> Void
    /// Stands for everything that the login depends on; changes with any of it.
    package var mark: @Sendable () -> String
    package var refused: RefusedLogins

    package init(
        material: @escaping @Sendable () throws -> Material,
        accessTokens: (any AccessTokenProvider)? = nil,
        forgetTokens: @escaping @Sendable () async -> Void = {},
        mark: @escaping @Sendable () -> String,
        refused: RefusedLogins = RefusedLogins()
    ) {
        self.material = material
        self.accessTokens = accessTokens
        self.forgetTokens = forgetTokens
        self.mark = mark
        self.refused = refused
    }
}
