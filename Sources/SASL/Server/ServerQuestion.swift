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

    /// The mechanism that asks.
    public var mechanism: MechanismName {
        switch self {
        case .password(let question): question.mechanism
        case .scram(let question): question.mechanism
        case .sharedSecret(let question): question.mechanism
        }
    }

    /// Whose credentials are being proved, prepared with SASLprep; never empty.
    public var authenticationIdentity: String {
        switch self {
        case .password(let question): question.authenticationIdentity
        case .scram(let question): question.authenticationIdentity
        case .sharedSecret(let question): question.authenticationIdentity
        }
    }

    /// Whom the client asks to act as; `nil` where it did not ask.
    public var authorizationIdentity: String? {
        switch self {
        case .password(let question): question.authorizationIdentity
        case .scram(let question): question.authorizationIdentity
        case .sharedSecret(let question): question.authorizationIdentity
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

/// The answer to a ``ServerQuestion``.
public enum ServerAnswer: Sendable {
    /// Whether the password is right.
    case password(accepted: Bool)
    /// The stored credential, or a fake one for an unknown identity.
    case scram(SCRAMCredential)
    /// The shared secret; `nil` for an identity that is unknown or has none. The client cannot tell the two apart.
    case sharedSecret(Secret?)
}
