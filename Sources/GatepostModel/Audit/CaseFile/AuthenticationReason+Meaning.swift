extension AuthenticationReason {
    /// What the code means, as the rest of a sentence after a colon.
    package var meaning: String {
        switch self {
        case .unknownAccount: "no account has this address"
        case .noDomain: "the login name has no domain, and there is no default domain to add"
        case .domainNotHosted: "the login name's domain is not a local domain"
        case .wrongPassword: "no password of the account is this one"
        case .oldPassword: "this is a password that the account had before"
        case .locked: "too many different wrong secrets came from this network"
        case .disabled: "the account is disabled"
        case .expired: "the credential's last day is over"
        case .needsAppPassword:
            "the main password was right, but a second factor is on: mail programs need an app password"
        case .passwordChange: "the password was right, but has to be changed first"
        case .addressRefused: "the credential, or the server, does not take logins from this address"
        case .mechanismRefused: "the account has no secret for this mechanism, or may not use it"
        case .tlsRequired: "the mechanism needs TLS, and the connection has none"
        case .channelBinding: "the client saw another TLS connection than the server: something in between ends TLS"
        case .notAuthorized: "the secret was right, but the client asked to act as somebody else"
        case .certificateUnknown: "no client certificate, or one that names no account"
        case .tokenExpired: "the token's time is over"
        case .tokenAudience: "the token is for another service"
        case .tokenIssuer: "the token is of an issuer that is not configured"
        case .tokenSignature: "the token's signature fits none of the issuer's keys"
        case .tokenScope: "the token lacks the scope that is asked for"
        case .tokenRefused: "the token is none that can be used here"
        case .clockSkew: "the ticket, token or code is from a clock that is not ours"
        case .kerberosFailed: "the Kerberos ticket does not fit the server's keytab"
        case .kerberosPrincipal: "the Kerberos principal stands for no account"
        case .latin1: "name or password are not UTF-8: they look like Latin-1"
        case .sandbox: "mail of a sandbox account stays here, and the server that asked would send it"
        case .malformed: "the client's message breaks the mechanism's grammar"
        case .cancelled: "the client gave up before the end"
        case .backendDown: "who knows the answer could not be asked"
        case .tooMany: "too many attempts on one connection"
        }
    }

    /// What was checked before and passed, so that nobody has to look there.
    package var ruledOut: [String] {
        switch self {
        case .tlsRequired, .tooMany, .cancelled: []
        case .malformed, .latin1, .clockSkew, .kerberosFailed: ["address rule", "TLS", "mechanism"]
        case .noDomain, .domainNotHosted, .unknownAccount, .kerberosPrincipal:
            ["address rule", "TLS", "mechanism", "password"]
        case .addressRefused: ["TLS", "mechanism"]
        case .locked: ["TLS", "mechanism", "address rule"]
        case .mechanismRefused: ["locked", "disabled", "TLS", "address rule"]
        case .disabled: ["locked", "TLS", "mechanism", "address rule"]
        case .wrongPassword, .oldPassword: ["locked", "disabled", "TLS", "mechanism", "address rule"]
        case .expired, .needsAppPassword, .passwordChange:
            ["wrong password", "locked", "disabled", "TLS", "mechanism", "address rule"]
        case .channelBinding: ["locked", "disabled", "mechanism", "address rule"]
        case .notAuthorized: ["wrong password", "locked", "disabled", "TLS", "mechanism"]
        case .certificateUnknown: ["TLS", "mechanism", "address rule"]
        case .tokenExpired, .tokenAudience, .tokenIssuer, .tokenSignature, .tokenScope, .tokenRefused:
            ["TLS", "mechanism", "address rule"]
        case .sandbox: ["wrong password", "locked", "disabled", "TLS", "mechanism"]
        case .backendDown: ["wrong password", "locked", "disabled"]
        }
    }

    /// The page that tells more, in the source tree and the installed documentation.
    package var page: String { "docs/reasons/\(self.rawValue).md" }
}
