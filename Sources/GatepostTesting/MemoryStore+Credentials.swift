package import GatepostModel

extension MemoryStore {
    /// Moves a credential to the former ones, where it has keys that tell it from a wrong one.
    func retire(_ credential: Credential, of account: inout Account, at now: Timestamp, keeping count: Int) {
        account.credentials.removeAll { $0.id == credential.id }
        if !credential.scram.isEmpty || credential.digest != nil {
            account.former.append(
                FormerCredential(
                    id: credential.id,
                    kind: credential.kind,
                    name: credential.name,
                    retired: now,
                    scram: credential.scram,
                    digest: credential.digest
                )
            )
        }
        account.former.sort { ($0.retired, $0.id) > ($1.retired, $1.id) }
        let kept = account.former.filter { $0.kind == credential.kind }.prefix(count).map(\.id)
        account.former.removeAll { $0.kind == credential.kind && !kept.contains($0.id) }
    }
}

extension MemoryStore: CredentialStore {
    package func addCredential(_ credential: AddedCredential, to address: String) throws -> AdditionOutcome<Account> {
        try self.beginChange()
        guard var account = self.accounts[address] else { return .noAccount }
        if account.credentials.contains(where: { $0.kind == credential.kind && $0.name == credential.name }) {
            return .exists
        }
        if let digest = credential.keys.digest, self.credentialOwner(digest: digest) != nil { return .exists }
        account.credentials.append(
            Credential(
                id: self.takeIdentifier(),
                version: (account.credentials.map(\.version).max() ?? 0) + 1,
                keys: credential.keys,
                kind: credential.kind,
                name: credential.name,
                created: credential.created,
                rules: credential.rules
            )
        )
        self.accounts[address] = account
        return .added(account)
    }

    package func revokeCredential(_ id: Int64, of address: String, at now: Timestamp) throws -> Account? {
        try self.beginChange()
        guard var account = self.accounts[address], let credential = account.credentials.first(where: { $0.id == id })
        else { return nil }
        self.retire(credential, of: &account, at: now, keeping: maximumRevokedCredentials)
        self.accounts[address] = account
        return account
    }

    package func setCredential(_ id: Int64, enabled: Bool, of address: String) throws -> Account? {
        try self.beginChange()
        guard let index = self.accounts[address]?.credentials.firstIndex(where: { $0.id == id }) else { return nil }
        self.accounts[address]?.credentials[index].isEnabled = enabled
        self.accounts[address]?.credentials[index].version += 1
        return self.accounts[address]
    }

    package func setMustChange(_ mustChange: Bool, of address: String) throws -> Bool {
        try self.beginChange()
        guard let index = self.accounts[address]?.credentials.firstIndex(where: { $0.kind == .password }) else {
            return false
        }
        self.accounts[address]?.credentials[index].mustChange = mustChange
        self.accounts[address]?.credentials[index].version += 1
        return true
    }

    package func credentialOwner(digest: [UInt8]) -> (address: String, credential: Int64)? {
        for account in self.accounts.values {
            if let credential = account.credentials.first(where: { $0.digest == digest }) {
                return (account.address, credential.id)
            }
            if let former = account.former.first(where: { $0.digest == digest }) { return (account.address, former.id) }
        }
        return nil
    }

    package func recordUses(_ uses: [CredentialUse]) throws {
        try self.beginChange()
        let known = Set(self.accounts.values.flatMap { $0.credentials.map(\.id) + $0.former.map(\.id) })
        for use in uses where known.contains(use.credential) {
            if let earlier = self.uses[use.credential], use.time < earlier.time { continue }
            self.uses[use.credential] = use
        }
    }

    package func uses(of address: String) -> [Int64: CredentialUse] {
        guard let account = self.accounts[address] else { return [:] }
        let own = Set(account.credentials.map(\.id) + account.former.map(\.id))
        return self.uses.filter { own.contains($0.key) }
    }

    package func accounts(granted address: String) -> [String] {
        let owners = self.accounts.values.filter { $0.identities.contains { $0.description == address } }
        return Array(owners.map(\.address).prefix(2))
    }

    package func secondFactor(of address: String) -> SecondFactor? {
        guard var factor = self.factors[address] else { return nil }
        factor.recoveryCodes = self.recoveryCodes[address]?.count ?? 0
        return factor
    }

    package func setSecondFactor(_ factor: SecondFactor, of address: String) throws -> Bool {
        try self.beginChange()
        guard self.accounts[address] != nil else { return false }
        self.factors[address] = SecondFactor(sealedSecret: factor.sealedSecret, parameters: factor.parameters)
        self.recoveryCodes[address] = nil
        self.accounts[address]?.hasSecondFactor = false
        return true
    }

    package func confirmSecondFactor(of address: String, step: Int64, recoveryCodes: [[UInt8]]) throws -> Bool {
        try self.beginChange()
        guard let factor = self.factors[address], !factor.isConfirmed else { return false }
        self.factors[address]?.isConfirmed = true
        self.factors[address]?.lastStep = step
        self.recoveryCodes[address] = Set(recoveryCodes)
        self.accounts[address]?.hasSecondFactor = true
        return true
    }

    package func removeSecondFactor(of address: String) throws -> Bool {
        try self.beginChange()
        self.recoveryCodes[address] = nil
        self.accounts[address]?.hasSecondFactor = false
        return self.factors.removeValue(forKey: address) != nil
    }

    package func useStep(_ step: Int64, of address: String) throws -> Bool {
        try self.beginChange()
        guard let factor = self.factors[address] else { return false }
        if let last = factor.lastStep, step <= last { return false }
        self.factors[address]?.lastStep = step
        return true
    }

    package func useRecoveryCode(_ digest: [UInt8], of address: String) throws -> Bool {
        try self.beginChange()
        return self.recoveryCodes[address]?.remove(digest) != nil
    }

    package func addCertificate(
        _ certificate: RegisteredCertificate,
        to address: String
    ) throws -> AdditionOutcome<Void> {
        try self.beginChange()
        guard self.accounts[address] != nil else { return .noAccount }
        let isNameTaken = self.certificates.values.contains {
            $0.owner == address && $0.certificate.name == certificate.name
        }
        if isNameTaken || self.certificates[certificate.fingerprint] != nil { return .exists }
        self.certificates[certificate.fingerprint] = (address, certificate)
        return .added(())
    }

    package func removeCertificate(fingerprint: [UInt8], from address: String) throws -> Bool {
        try self.beginChange()
        guard self.certificates[fingerprint]?.owner == address else { return false }
        self.certificates[fingerprint] = nil
        return true
    }

    package func certificates(of address: String) -> [RegisteredCertificate] {
        self.certificates.values.filter { $0.owner == address }.map(\.certificate).sorted { $0.name < $1.name }
    }

    package func certificateOwner(fingerprint: [UInt8]) -> String? { self.certificates[fingerprint]?.owner }
}
