internal import GatepostModel
internal import SASL

/// Passwords that the client sends: PLAIN, LOGIN, saslauthd.
///
/// However many app passwords an account has, one login costs at most one Argon2id: what has the form of an app password is looked up by its
/// digest, and only the main password is hashed slowly. Every refusal costs exactly one, whatever its reason.
extension Authenticator {
    /// What can be said without waiting: app passwords that are right, and main passwords that proved right lately.
    func passwordNow(_ password: Secret, account: Account, peer: LoginPeer) -> Finding? {
        guard account.isEnabled else { return nil }
        if let credential = Authenticator.appPassword(password, of: account) {
            return self.objection(to: credential, of: account, peer: peer) == nil
                ? Finding(answer: .password(accepted: true), account: account, credential: credential) : nil
        }
        guard let credential = self.directory.verifiedCredential(password, of: account, from: peer),
            self.objection(to: credential, of: account, peer: peer)?.isToldToHolder != false
        else { return nil }
        return Finding(answer: .password(accepted: true), account: account, credential: credential)
    }

    func password(_ credentials: PasswordCredentials, account: Account?, peer: LoginPeer) async throws -> Finding {
        let password = credentials.password
        if let account, let finding = self.passwordNow(password, account: account, peer: peer) { return finding }
        if let account, let credential = Authenticator.appPassword(password, of: account) {
            return try await self.refuse(
                password,
                self.objection(to: credential, of: account, peer: peer) ?? .wrongPassword,
                account,
                credential
            )
        }
        if let account, let former = Authenticator.revoked(password, of: account) {
            var finding = try await self.refuse(password, account.isEnabled ? .oldPassword : .disabled, account)
            finding.former = former
            return finding
        }
        if let elsewhere = try await self.passwordElsewhere(credentials, account: account, peer: peer) {
            return elsewhere
        }
        let main = account?.credentials.first { $0.kind == .password }
        let former = account?.former.filter { $0.kind == .password } ?? []
        let parameters = self.formerParameters(former, credentials.authenticationIdentity)
        let judgement = try await self.pool.run {
            try StoredPassword.judge(password, against: main, former: former, parameters: parameters)
        }
        guard let account else {
            let refusal = self.absence(of: credentials.authenticationIdentity)
            return Finding(answer: .password(accepted: false), account: nil, refusal: refusal)
        }
        guard account.isEnabled else {
            return Finding(answer: .password(accepted: false), account: account, refusal: .disabled)
        }
        guard judgement == .right, let main else {
            return Finding(
                answer: .password(accepted: false),
                account: account,
                refusal: judgement == .old ? .oldPassword : .wrongPassword
            )
        }
        if let objection = self.objection(to: main, of: account, peer: peer), !objection.isToldToHolder {
            return Finding(
                answer: .password(accepted: false),
                account: account,
                credential: main,
                refusal: objection
            )
        }
        if main.awaitsUpgrade {
            let (changed, credential) = await self.upgraded(account, main, password, peer)
            return Finding(answer: .password(accepted: true), account: changed, credential: credential)
        }
        self.directory.remember(password, for: main, of: account, from: peer)
        return Finding(answer: .password(accepted: true), account: account, credential: main)
    }

    /// The app password that it is. Each is compared, whatever the ones before it said.
    static func appPassword(_ password: Secret, of account: Account) -> Credential? {
        guard let digest = password.withUnsafeBytes({ AppSecret.passwordDigest($0) }) else { return nil }
        var found: Credential?
        for credential in account.credentials where credential.kind == .appPassword {
            if let own = credential.digest, ConstantTime.equals(own, digest) { found = credential }
        }
        return found
    }

    /// The revoked app password that it is.
    private static func revoked(_ password: Secret, of account: Account) -> FormerCredential? {
        guard let digest = password.withUnsafeBytes({ AppSecret.passwordDigest($0) }) else { return nil }
        return account.former.first { $0.digest.map { ConstantTime.equals($0, digest) } ?? false }
    }

    /// A refusal that takes as long as that of a wrong password.
    private func refuse(
        _ password: Secret,
        _ refusal: AuthenticationReason,
        _ account: Account,
        _ credential: Credential? = nil
    ) async throws -> Finding {
        try await self.hash(password, for: account.address)
        return Finding(
            answer: .password(accepted: false),
            account: account,
            credential: credential,
            refusal: refusal
        )
    }

    /// What every refusal of a password costs.
    func hashForNothing(_ credentials: PasswordCredentials) async throws {
        try await self.hash(credentials.password, for: credentials.authenticationIdentity)
    }

    private func hash(_ password: Secret, for name: String) async throws {
        let parameters = self.formerParameters([], name)
        _ = try await self.pool.run {
            try StoredPassword.judge(password, against: nil, former: [], parameters: parameters)
        }
    }

    /// What former passwords are compared with; made up where there are none, for the time that it takes.
    private func formerParameters(_ former: [FormerCredential], _ name: String) -> SCRAMParameters {
        let key = former.lazy.flatMap(\.scram).first { $0.hash == .sha256 }
        return SCRAMParameters(
            key ?? SCRAMCredential.fake(for: name, key: self.fakeKey, hash: .sha256, iterations: self.scramIterations)
        )
    }

    /// The account with keys of our own in place of those that another server made, now that its password is known.
    ///
    /// A login does not fail over this: whatever is in the way, the next one tries again.
    private func upgraded(
        _ account: Account,
        _ credential: Credential,
        _ password: Secret,
        _ peer: LoginPeer
    ) async -> (Account, Credential) {
        let masterKey = self.keyring.current
        do {
            let parameters = SCRAMHash.allCases.compactMap { account.scramParameters($0) }
            let keys = try await self.pool.run {
                try PasswordDerivation.derive(
                    password,
                    owner: account.address,
                    masterKey: masterKey,
                    scram: parameters
                )
            }
            guard let (changed, new) = try await self.directory.replace(credential, by: keys, of: account) else {
                // Another login was first: the account as it is now.
                let current = try await self.directory.account(loginName: account.address) ?? account
                return (current, current.credentials.first { $0.kind == .password } ?? credential)
            }
            self.directory.remember(password, for: new, of: changed, from: peer)
            return (changed, new)
        } catch {
            self.directory.remember(password, for: credential, of: account, from: peer)
            return (account, credential)
        }
    }
}
