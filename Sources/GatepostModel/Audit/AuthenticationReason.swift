/// Why a login was refused: a closed list, which the log, the case file and the metric label share. Never told to the peer.
///
/// Each code has a page in `docs/reasons/` and is never renamed.
package enum AuthenticationReason: String, Sendable, Hashable, Codable, CaseIterable {
    /// No account has this address.
    case unknownAccount = "unknown-account"
    /// A bare name where there is no default domain to add.
    case noDomain = "no-domain-in-user-name"
    /// The name's domain is none of ours.
    case domainNotHosted = "domain-not-hosted"
    case wrongPassword = "wrong-password"
    /// A password that this account had before, or an app password that was revoked.
    case oldPassword = "old-password"
    /// Too many different wrong secrets from this network.
    case locked
    case disabled
    /// The credential's last day is over.
    case expired
    /// The account's main password, right as it was, where a second factor is on.
    case needsAppPassword = "mfa-needs-app-password"
    /// The password, right as it was, must be changed first.
    case passwordChange = "password-change-needed"
    /// The address is denied, or none of those that the credential is bound to.
    case addressRefused = "ip-refused"
    /// The account has no secret that this mechanism can use, or the mechanism is not allowed.
    case mechanismRefused = "mechanism-refused"
    case tlsRequired = "tls-required"
    /// The client is bound to another TLS connection than ours: somebody may be in between.
    case channelBinding = "channel-binding-mismatch"
    /// The secret was right, but not for acting as whom the client asked.
    case notAuthorized = "not-authorized"
    case certificateUnknown = "certificate-unknown"
    case tokenExpired = "token-expired"
    case tokenAudience = "token-audience"
    case tokenIssuer = "token-issuer"
    case tokenSignature = "token-signature"
    case tokenScope = "token-scope"
    /// Any other fault of a token.
    case tokenRefused = "token-refused"
    /// A token, ticket or code from a clock that is not ours.
    case clockSkew = "clock-skew"
    /// The ticket does not fit our keytab, or is none.
    case kerberosFailed = "kerberos-failed"
    /// A principal of a realm, or a form, that stands for no account.
    case kerberosPrincipal = "kerberos-principal"
    /// Octets that are not UTF-8 but read well as Latin-1: an old client's.
    case latin1 = "latin-1"
    /// Mail of a sandbox account stays here, and the server that asks would send it.
    case sandbox = "sandbox-account"
    /// The message breaks the mechanism's grammar.
    case malformed
    /// The client gave the exchange up, or hung up in the middle.
    case cancelled
    /// The store, the directory or the issuer that knows could not be asked.
    case backendDown = "backend-down"
    /// Too many attempts on one connection.
    case tooMany = "too-many"
}
