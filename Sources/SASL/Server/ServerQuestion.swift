/// What a mechanism needs to know from whoever keeps the accounts.
///
/// Unknown users must be answered like known ones: `password(accepted: false)` after the same work, a
/// ``SCRAMCredential/fake(for:key:hash:iterations:)``, `sharedSecret(nil)`.
public enum ServerQuestion: Sendable {
    /// Is this the identity's password? Answer with ``ServerAnswer/password(accepted:)``.
    case password(PasswordCredentials)
    /// What is stored for this identity? Answer with ``ServerAnswer/scram(_:)``.
    case scram(SCRAMQuestion)
    /// What secret is shared with this identity? Answer with ``ServerAnswer/sharedSecret(_:)``.
    case sharedSecret(SharedSecretQuestion)
    /// Whom does the TLS client certificate stand for? Answer with ``ServerAnswer/external(identity:)``.
    case external(ExternalQuestion)
    /// Is this token good, and whose is it? Answer with ``ServerAnswer/bearerToken(_:)``.
    case bearerToken(BearerTokenQuestion)
    /// Do this GSS call, which may block. Answer with ``ServerAnswer/securityContext(_:)``: ``SecurityContextQuestion/perform()``.
    case securityContext(SecurityContextQuestion)
    /// Whom does this principal stand for? Answer with ``ServerAnswer/principal(identity:)``.
    case principal(PrincipalQuestion)

    /// The mechanism that asks.
    public var mechanism: MechanismName {
        switch self {
        case .password(let question): question.mechanism
        case .scram(let question): question.mechanism
        case .sharedSecret(let question): question.mechanism
        case .external: .external
        case .bearerToken(let question): question.mechanism
        case .securityContext, .principal: .gssapi
        }
    }

    /// Whose credentials are being proved, prepared with SASLprep; empty where the client did not say (EXTERNAL, OAUTHBEARER, GSSAPI before the
    /// principal is known).
    public var authenticationIdentity: String {
        switch self {
        case .password(let question): question.authenticationIdentity
        case .scram(let question): question.authenticationIdentity
        case .sharedSecret(let question): question.authenticationIdentity
        case .external(let question): question.authorizationIdentity ?? ""
        case .bearerToken(let question): question.claimedIdentity ?? ""
        case .securityContext: ""
        case .principal(let question): question.principal
        }
    }

    /// Whom the client asks to act as; `nil` where it did not ask.
    public var authorizationIdentity: String? {
        switch self {
        case .password(let question): question.authorizationIdentity
        case .scram(let question): question.authorizationIdentity
        case .sharedSecret(let question): question.authorizationIdentity
        case .external(let question): question.authorizationIdentity
        case .bearerToken(let question): question.claimedIdentity
        case .securityContext: nil
        case .principal(let question): question.authorizationIdentity
        }
    }
}

/// A password to check (PLAIN, LOGIN).
public struct PasswordCredentials: Sendable {
    public var mechanism: MechanismName
    /// Prepared with SASLprep; never empty.
    public var authenticationIdentity: String
    public var authorizationIdentity: String?
    /// 1 to 1,024 octets of UTF-8, prepared with SASLprep as RFC 4616 §2 asks. A stored hash must come from a password
    /// prepared by ``Secret/preparedPassword()`` too.
    public var password: Secret

    public init(
        mechanism: MechanismName,
        authenticationIdentity: String,
        authorizationIdentity: String? = nil,
        password: Secret
    ) {
        self.mechanism = mechanism
        self.authenticationIdentity = authenticationIdentity
        self.authorizationIdentity = authorizationIdentity
        self.password = password
    }
}

/// A look-up of a SCRAM credential.
public struct SCRAMQuestion: Hashable, Sendable {
    public var mechanism: MechanismName
    /// Prepared with SASLprep; never empty.
    public var authenticationIdentity: String
    public var authorizationIdentity: String?
    /// The hash that the credential must be for.
    public var hash: SCRAMHash

    public init(
        mechanism: MechanismName,
        authenticationIdentity: String,
        authorizationIdentity: String? = nil,
        hash: SCRAMHash
    ) {
        self.mechanism = mechanism
        self.authenticationIdentity = authenticationIdentity
        self.authorizationIdentity = authorizationIdentity
        self.hash = hash
    }
}

/// A look-up of a secret that both sides know in the clear (CRAM-MD5).
public struct SharedSecretQuestion: Hashable, Sendable {
    public var mechanism: MechanismName
    /// Prepared with SASLprep; never empty.
    public var authenticationIdentity: String
    public var authorizationIdentity: String?

    public init(mechanism: MechanismName, authenticationIdentity: String, authorizationIdentity: String? = nil) {
        self.mechanism = mechanism
        self.authenticationIdentity = authenticationIdentity
        self.authorizationIdentity = authorizationIdentity
    }
}

/// EXTERNAL: the connection's client certificate is to be looked at.
public struct ExternalQuestion: Hashable, Sendable {
    /// Whom the client asks to act as; nil where it left that to the certificate.
    public var authorizationIdentity: String?

    public init(authorizationIdentity: String?) {
        self.authorizationIdentity = authorizationIdentity
    }
}

/// A bearer token to check (OAUTHBEARER, XOAUTH2).
public struct BearerTokenQuestion: Sendable {
    public var mechanism: MechanismName
    /// The account that the client says it is; nil where it left that to the token.
    public var claimedIdentity: String?
    public var token: Secret
    /// The server that the client believes to talk to (RFC 7628 §3.1).
    public var host: String?
    public var port: Int?

    public init(
        mechanism: MechanismName,
        claimedIdentity: String?,
        token: Secret,
        host: String? = nil,
        port: Int? = nil
    ) {
        self.mechanism = mechanism
        self.claimedIdentity = claimedIdentity
        self.token = token
        self.host = host
        self.port = port
    }
}

/// The answer to a ``ServerQuestion``.
public enum ServerAnswer: Sendable {
    /// Whether the password is right.
    case password(accepted: Bool)
    /// The stored credential, or a fake one for an unknown identity.
    case scram(SCRAMCredential)
    /// The shared secret; `nil` for an identity that is unknown or has none. The client cannot tell the two apart.
    case sharedSecret(Secret?)
    /// Whom the certificate stands for; `nil` when there is none that counts.
    case external(identity: String?)
    case bearerToken(BearerTokenVerdict)
    /// How the GSS call went.
    case securityContext(SecurityContextAnswer)
    /// Whom the principal stands for; `nil` when it is nobody here.
    case principal(identity: String?)
}
