package import GatepostModel

/// Accounts, queue and sandbox inboxes in memory, for tests of those who use a store. Keeps the same contract as the database.
package actor MemoryStore {
    struct Recipient {
        var recipient: EnvelopeRecipient
        var due: Timestamp?
        var isLeased = false
        var attempts = 0
        var isDelayNotified = false
    }

    struct Message {
        var message: NewMessage
        var recipients: [Int: Recipient]
        var history: [HistoryEntry] = []

        var inbox: String? {
            if case .sandbox(let account) = self.message.route { account } else { nil }
        }
    }

    var messages: [MessageIdentifier: Message] = [:]
    var accounts: [String: Account] = [:]
    var domainNames: Set<String> = []
    var keys: [DKIMKey] = []
    var aliasesByAddress: [String: Alias] = [:]
    var factors: [String: SecondFactor] = [:]
    var recoveryCodes: [String: Set<[UInt8]>] = [:]
    var uses: [Int64: CredentialUse] = [:]
    var certificates: [[UInt8]: (owner: String, certificate: RegisteredCertificate)] = [:]
    var sending: [Int64: SendingRecord] = [:]
    var sentTo: [Int64: Set<Int64>] = [:]
    var nextIdentifier: Int64 = 1
    var arrivals: [CheckedContinuation<Void, Never>] = []
    /// Thrown by every call that changes something, until it is nil again.
    private var fault: StoreError?

    package init() {}

    /// Makes every change fail with this error, or work again.
    package func fail(with error: StoreError?) {
        self.fault = error
    }

    func beginChange() throws {
        if let fault = self.fault { throw fault }
    }

    /// Thrown by looks at local domains, until it is nil again.
    private var lookFault: StoreError?

    package func failLooks(with error: StoreError?) {
        self.lookFault = error
    }

    func beginLook() throws {
        if let fault = self.lookFault { throw fault }
    }
}

extension MemoryStore: AccountStore {
    package func account(address: String) -> Account? { self.accounts[address] }

    package func add(_ account: NewAccount) throws -> Account? {
        try self.beginChange()
        guard self.accounts[account.address] == nil else { return nil }
        let added = Account(
            id: self.takeIdentifier(),
            address: account.address,
            isSandbox: account.isSandbox,
            identities: Set(account.identities).sorted { "\($0)" < "\($1)" },
            credentials: [
                Credential(
                    id: self.takeIdentifier(),
                    version: 1,
                    keys: account.credential,
                    created: account.created,
                    mustChange: account.mustChange
                )
            ]
        )
        self.accounts[account.address] = added
        return added
    }

    func takeIdentifier() -> Int64 {
        self.nextIdentifier += 1
        return self.nextIdentifier
    }

    package func setPassword(
        _ credential: NewCredential,
        of address: String,
        _ change: PasswordChange
    ) throws -> Account? {
        try self.beginChange()
        guard var account = self.accounts[address] else { return nil }
        let version = (account.credentials.map(\.version).max() ?? 0) + 1
        for password in account.credentials where password.kind == .password {
            self.retire(
                password,
                of: &account,
                at: change.time ?? Timestamp(milliseconds: 0),
                keeping: change.remembering
            )
        }
        account.credentials.append(
            Credential(
                id: self.takeIdentifier(),
                version: version,
                keys: credential,
                created: change.time,
                mustChange: change.mustChange
            )
        )
        self.accounts[address] = account
        return account
    }

    package func replace(_ credential: Credential, by keys: NewCredential, of address: String) throws -> Account? {
        try self.beginChange()
        guard var account = self.accounts[address],
            let index = account.credentials.firstIndex(where: {
                $0.id == credential.id && $0.version == credential.version
            })
        else { return nil }
        var changed = account.credentials.remove(at: index)
        changed.id = self.takeIdentifier()
        changed.version += 1
        changed.keys = keys
        account.credentials.append(changed)
        self.accounts[address] = account
        return account
    }

    package func reseal(_ body: @escaping @Sendable ([UInt8], String) throws -> [UInt8]?) throws -> [String] {
        try self.beginChange()
        var accounts = self.accounts
        var changed: [String] = []
        for (address, account) in self.accounts {
            for (index, credential) in account.credentials.enumerated() {
                guard let sealed = credential.sealedSecret, let new = try body(sealed, address) else { continue }
                accounts[address]?.credentials[index].keys.sealedSecret = new
                changed.append(address)
            }
        }
        var factors = self.factors
        for (address, factor) in self.factors {
            guard let new = try body(factor.sealedSecret, address) else { continue }
            factors[address]?.sealedSecret = new
            changed.append(address)
        }
        var keys = self.keys
        for (index, key) in self.keys.enumerated() {
            guard let sealed = key.sealedKey, let new = try body(sealed, key.owner) else { continue }
            keys[index].sealedKey = new
            changed.append(key.owner)
        }
        self.accounts = accounts
        self.factors = factors
        self.keys = keys
        return changed
    }

    package func setEnabled(_ isEnabled: Bool, of address: String) throws -> Bool {
        try self.beginChange()
        self.accounts[address]?.isEnabled = isEnabled
        return self.accounts[address] != nil
    }

    package func setSandbox(_ isSandbox: Bool, of address: String) throws -> Bool {
        try self.beginChange()
        self.accounts[address]?.isSandbox = isSandbox
        return self.accounts[address] != nil
    }

    package func setLimits(_ limits: SendingLimits, of address: String) throws -> Bool {
        try self.beginChange()
        self.accounts[address]?.limits = limits
        return self.accounts[address] != nil
    }

    package func remove(address: String) throws -> Account? {
        try self.beginChange()
        self.factors[address] = nil
        self.recoveryCodes[address] = nil
        self.certificates = self.certificates.filter { $0.value.owner != address }
        return self.accounts.removeValue(forKey: address)
    }

    package func list(after address: String?, limit: Int) -> [Account] {
        let sorted = self.accounts.values.sorted { $0.address < $1.address }
        return Array(sorted.filter { $0.address > address ?? "" }.prefix(max(0, limit)))
    }

    package func accountCount() -> Int { self.accounts.count }

    package func grant(_ identity: IdentityPattern, to address: String) throws -> Bool {
        try self.beginChange()
        guard var account = self.accounts[address] else { return false }
        account.identities = Set(account.identities + [identity]).sorted { "\($0)" < "\($1)" }
        self.accounts[address] = account
        return true
    }

    package func revoke(_ identity: IdentityPattern, from address: String) throws -> Bool {
        try self.beginChange()
        guard let index = self.accounts[address]?.identities.firstIndex(of: identity) else { return false }
        self.accounts[address]?.identities.remove(at: index)
        return true
    }

    package func domains() -> [String] { self.domainNames.sorted() }

    package func addDomain(_ domain: String) throws -> Bool {
        try self.beginChange()
        return self.domainNames.insert(domain).inserted
    }

    package func removeDomain(_ domain: String) throws -> Bool {
        try self.beginChange()
        return self.domainNames.remove(domain) != nil
    }
}

extension MemoryStore: DKIMKeyStore {
    package func dkimKeys(of domain: String?) -> [DKIMKey] {
        self.keys.filter { domain == nil || $0.domain == domain }
            .sorted { ($0.domain, $0.created, $0.selector) < ($1.domain, $1.created, $1.selector) }
    }

    package func changeDKIMKeys<Value: Sendable>(
        of domain: String,
        _ body: @escaping @Sendable (inout DKIMKeySet) throws -> Value
    ) throws -> Value {
        try self.beginChange()
        var set = DKIMKeySet(domain: domain, keys: self.dkimKeys(of: domain))
        let value = try body(&set)
        self.keys = self.keys.filter { $0.domain != domain } + set.keys
        return value
    }
}
