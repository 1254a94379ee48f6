/// How a main password is changed.
package struct PasswordChange: Hashable, Sendable {
    package var time: Timestamp?
    /// Whether it must be changed before it lets anybody in.
    package var mustChange: Bool
    /// How many former passwords are kept, to tell an old one from a wrong one.
    package var remembering: Int

    package init(time: Timestamp? = nil, mustChange: Bool = false, remembering: Int = 5) {
        self.time = time
        self.mustChange = mustChange
        self.remembering = remembering
    }
}

/// A credential to be added beside the main password.
package struct AddedCredential: Hashable, Sendable {
    package var kind: CredentialKind
    package var name: String
    package var created: Timestamp
    package var rules: CredentialRules
    package var keys: NewCredential

    package init(kind: CredentialKind, name: String, created: Timestamp, rules: CredentialRules, keys: NewCredential) {
        self.kind = kind
        self.name = name
        self.created = created
        self.rules = rules
        self.keys = keys
    }
}

/// What became of something that was to be added to an account.
package enum AdditionOutcome<Value: Sendable>: Sendable {
    case added(Value)
    case noAccount
    /// The account has one of this name, or somebody has this very key.
    case exists
}

/// Keeps what belongs to an account's credentials. The rules of ``AccountStore`` hold: changes are durable, addresses canonical.
package protocol CredentialStore: Sendable {
    func addCredential(_ credential: AddedCredential, to address: String) async throws -> AdditionOutcome<Account>
    /// Ends a credential: it becomes a ``FormerCredential``, of which the latest are kept.
    /// - Returns: The account as it is now; nil when it has no such credential.
    func revokeCredential(_ id: Int64, of address: String, at now: Timestamp) async throws -> Account?
    /// - Returns: The account as it is now; nil when it has no such credential.
    func setCredential(_ id: Int64, enabled: Bool, of address: String) async throws -> Account?
    /// - Returns: Whether the account has a main password.
    func setMustChange(_ mustChange: Bool, of address: String) async throws -> Bool
    /// The account and the number of its credential with this digest. One look-up by index.
    func credentialOwner(digest: [UInt8]) async throws -> (address: String, credential: Int64)?

    /// Notes when credentials let somebody in; later uses replace earlier ones. Those that are gone meanwhile are skipped.
    func recordUses(_ uses: [CredentialUse]) async throws
    /// By ``Credential/id``.
    func uses(of address: String) async throws -> [Int64: CredentialUse]

    /// The accounts that were granted exactly this address, two at most. One look-up by index.
    func accounts(granted address: String) async throws -> [String]

    func secondFactor(of address: String) async throws -> SecondFactor?
    /// Begins anew: unconfirmed, without recovery codes.
    /// - Returns: Whether the account exists.
    func setSecondFactor(_ factor: SecondFactor, of address: String) async throws -> Bool
    /// - Parameter recoveryCodes: Their digests.
    /// - Returns: Whether there was an unconfirmed one.
    func confirmSecondFactor(of address: String, step: Int64, recoveryCodes: [[UInt8]]) async throws -> Bool
    /// - Returns: Whether there was one.
    func removeSecondFactor(of address: String) async throws -> Bool
    /// Takes a time step for used, unless it or a later one was before: of two who come at the same time, one gets it.
    func useStep(_ step: Int64, of address: String) async throws -> Bool
    /// Takes a recovery code for used, unless it was before.
    func useRecoveryCode(_ digest: [UInt8], of address: String) async throws -> Bool

    func addCertificate(_ certificate: RegisteredCertificate, to address: String) async throws -> AdditionOutcome<Void>
    /// - Returns: Whether it was there.
    func removeCertificate(fingerprint: [UInt8], from address: String) async throws -> Bool
    /// In order of name.
    func certificates(of address: String) async throws -> [RegisteredCertificate]
    /// The account that a key stands for. One look-up by index.
    func certificateOwner(fingerprint: [UInt8]) async throws -> String?
}

/// How many ended app passwords and tokens of an account are kept.
package let maximumRevokedCredentials = 20
