/// What a client logs in with. Prints its identities, never the password.
public struct ClientCredentials: Sendable, CustomStringConvertible {
    /// What proves the identity, which decides what mechanisms can be used.
    public enum Kind: Hashable, Sendable {
        case password
        /// ``ClientCredentials/password`` is an OAuth access token (RFC 6750): OAUTHBEARER and XOAUTH2, and nothing else, carry it.
        case bearerToken
        /// The TLS client certificate does: EXTERNAL. The password is not looked at.
        case certificate
        /// A Kerberos ticket, behind ``ClientCredentials/securityContexts``: GSSAPI. The password is not looked at.
        case ticket
    }

    /// Whose password it is.
    public var authenticationIdentity: String
    /// Whom to act as; `nil` to act as oneself.
    public var authorizationIdentity: String?
    public var password: Secret
    /// What makes the contexts of GSSAPI; `nil` where there is no ticket to use. The password is not needed then.
    public var securityContexts: (any SecurityContextSource)?
    public var kind: Kind

    public init(
        authenticationIdentity: String,
        authorizationIdentity: String? = nil,
        password: Secret,
        kind: Kind = .password
    ) {
        self.authenticationIdentity = authenticationIdentity
        self.authorizationIdentity = authorizationIdentity
        self.password = password
        self.kind = kind
    }

    /// Logs in with a Kerberos ticket, as whoever holds it.
    public init(tickets: any SecurityContextSource, authorizationIdentity: String? = nil) {
        self.init(
            authenticationIdentity: "",
            authorizationIdentity: authorizationIdentity,
            password: Secret(""),
            kind: .ticket
        )
        self.securityContexts = tickets
    }

    public var description: String {
        guard let authorizationIdentity else { return self.authenticationIdentity }
        return "\(self.authenticationIdentity) as \(authorizationIdentity)"
    }
}

extension ClientCredentials {
    /// The authentication identity, prepared with SASLprep; never empty.
    func preparedAuthenticationIdentity() throws(SASLprepError) -> String {
        try Identity.prepare(self.authenticationIdentity.utf8)
    }

    /// The authorization identity, prepared with SASLprep; `nil` where there is none.
    func preparedAuthorizationIdentity() throws(SASLprepError) -> String? {
        guard let authorizationIdentity, !authorizationIdentity.isEmpty else { return nil }
        return try Identity.prepare(authorizationIdentity.utf8)
    }

    /// Whether the credentials ask for something that a mechanism without an authorization identity cannot say.
    var asksForOtherIdentity: Bool {
        guard let authorizationIdentity, !authorizationIdentity.isEmpty else { return false }
        return authorizationIdentity != self.authenticationIdentity
    }
}
