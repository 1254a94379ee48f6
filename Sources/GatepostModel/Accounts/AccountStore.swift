/// An account to be made.
package struct NewAccount: Sendable {
    /// Canonical.
    package var address: String
    package var isSandbox: Bool
    package var identities: [IdentityPattern]
    package var credential: NewCredential
    /// When its password was set.
    package var created: Timestamp?
    /// Whether the password must be changed before it lets anybody in.
    package var mustChange: Bool

    package init(
        address: String,
        credential: NewCredential,
        isSandbox: Bool = false,
        identities: [IdentityPattern] = [],
        created: Timestamp? = nil,
        mustChange: Bool = false
    ) {
        self.address = address
        self.credential = credential
        self.created = created
        self.mustChange = mustChange
        self.isSandbox = isSandbox
        self.identities = identities
    }
}

/// Keeps accounts and local domains. Addresses and domains are passed in canonical form (lower case).
///
/// Every change is durable when the call returns. Calls throw ``StoreError``; that a thing does not exist, or exists already,
/// is an answer and not an error. Whoever changes credentials tells the ``VerificationCache`` to forget them.
package protocol AccountStore: CredentialStore, AliasStore, DKIMKeyStore {
    /// One look-up by index: costs the same with 10 accounts and with 100,000.
    func account(address: String) async throws -> Account?
    /// - Returns: The account as stored; nil when one with this address exists.
    func add(_ account: NewAccount) async throws -> Account?
    /// Replaces the main password; app passwords and tokens stay. The former one is kept as ``FormerCredential``.
    /// - Returns: The account as it is now; nil when there is none with this address.
    func setPassword(
        _ credential: NewCredential,
        of address: String,
        _ change: PasswordChange
    ) async throws -> Account?
    /// Replaces the keys of one credential, unless somebody changed or removed it meanwhile.
    /// - Returns: The account as it is now; nil when it no longer has this credential in this version.
    func replace(_ credential: Credential, by keys: NewCredential, of address: String) async throws -> Account?
    /// Passes every sealed secret (passwords, those of second factors, keys of domains) through `body`, all in one transaction: when one
    /// call throws, none is changed.
    ///
    /// `body` may run more than once for the same secret; the credentials keep their versions.
    /// - Parameter body: Gets the sealed secret and whom it is sealed for, the account's address or ``DKIMKey/owner``; returns what is to be
    ///   kept, nil to leave it as it is.
    /// - Returns: Whose secrets were changed.
    func reseal(_ body: @escaping @Sendable ([UInt8], String) throws -> [UInt8]?) async throws -> [String]
    /// - Returns: Whether the account exists.
    func setEnabled(_ isEnabled: Bool, of address: String) async throws -> Bool
    func setSandbox(_ isSandbox: Bool, of address: String) async throws -> Bool
    /// - Returns: Whether the account exists.
    func setLimits(_ limits: SendingLimits, of address: String) async throws -> Bool
    /// - Returns: The account as it was; nil when there was none.
    func remove(address: String) async throws -> Account?
    /// Accounts in order of address, those behind `address` when it is given.
    func list(after address: String?, limit: Int) async throws -> [Account]
    func accountCount() async throws -> Int

    /// - Returns: Whether the account exists; granting twice is the same as once.
    func grant(_ identity: IdentityPattern, to address: String) async throws -> Bool
    /// - Returns: Whether the account existed and had the identity.
    func revoke(_ identity: IdentityPattern, from address: String) async throws -> Bool

    /// Local domains in order.
    func domains() async throws -> [String]
    /// - Returns: Whether it is new.
    func addDomain(_ domain: String) async throws -> Bool
    /// - Returns: Whether it was there. Accounts of the domain stay.
    func removeDomain(_ domain: String) async throws -> Bool
}

extension AccountStore {
    /// The same without a note of the time.
    package func setPassword(_ credential: NewCredential, of address: String) async throws -> Account? {
        try await self.setPassword(credential, of: address, PasswordChange())
    }
}
