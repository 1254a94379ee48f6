package import GatepostModel
internal import Logging
package import SASL

/// Answers what SASL mechanisms ask about accounts.
///
/// Unknown, disabled and wrong look the same and take the same time: where there is no secret to check, one that fits nothing is
/// checked (RFC 4954 §4; RFC 5802 §9).
package struct Authenticator: Sendable {
    /// Why a login is refused: for the log and the case file, never for the peer.
    package enum Refusal: String, Sendable, Hashable {
        case unknownAccount = "unknown-account"
        case wrongPassword = "wrong-password"
        case disabled
        case mechanismRefused = "mechanism-refused"
        case notAuthorized = "not-authorized"
        case malformed
        case noDomain = "no-domain-in-user-name"
    }

    /// What a question came to: the answer for the mechanism, and whose secret it was.
    package struct Finding: Sendable {
        package var answer: ServerAnswer
        /// The account whose secret was looked at; nil when a fake stood in for it.
        package var account: Account?
        /// Set when the exchange cannot succeed whatever the client sends.
        package var refusal: Refusal?
    }

    /// Nonce, ciphertext and tag of the usual size that no key opens.
    private static let nothingSealed = [UInt8](repeating: 0, count: 12 + 16 + 16)

    private let directory: AccountDirectory
    private let pool: HashingPool
    private let masterKey: MasterKey
    /// Yields the fake SCRAM salts; from the master key, so that they are the same after a restart.
    private let fakeKey: Secret
    private let scramIterations: Int

    package init(directory: AccountDirectory, pool: HashingPool, masterKey: MasterKey, scramIterations: Int) {
        self.directory = directory
        self.pool = pool
        self.masterKey = masterKey
        self.fakeKey = masterKey.derived("fake SCRAM credentials")
        self.scramIterations = scramIterations
    }

    /// The finding if it can be had without waiting: for accounts and proofs that are remembered.
    package func findingNow(_ question: ServerQuestion) -> Finding? {
        let recollection = self.directory.recollection(loginName: question.authenticationIdentity)
        switch (question, recollection) {
        case (.password(let credentials), .account(let account)):
            guard account.isEnabled, self.directory.isVerified(credentials.password, for: account) else { return nil }
            return Finding(answer: .password(accepted: true), account: account, refusal: nil)
        case (.scram(let question), .account(let account)):
            return self.scram(question, account: account)
        case (.scram(let question), .absent):
            // As quick as for an account, or the time would tell which names exist.
            return self.scram(question, account: nil)
        case (.password, _), (.scram, .none), (.sharedSecret, _):
            return nil
        }
    }

    /// - Throws: `HashingPool.Busy` when too many passwords wait, `StoreError` when the store cannot be read.
    package func finding(_ question: ServerQuestion) async throws -> Finding {
        let found = try await self.directory.account(loginName: question.authenticationIdentity)
        switch question {
        case .password(let credentials):
            return try await self.password(credentials, account: found)
        case .scram(let question):
            return self.scram(question, account: found)
        case .sharedSecret(let question):
            return self.sharedSecret(question, account: found)
        }
    }

    /// Why no account stands behind a login name.
    private func absence(of loginName: String) -> Refusal {
        self.directory.address(of: loginName) == nil ? .noDomain : .unknownAccount
    }

    private func password(_ credentials: PasswordCredentials, account: Account?) async throws -> Finding {
        if let account, account.isEnabled, self.directory.isVerified(credentials.password, for: account) {
            return Finding(answer: .password(accepted: true), account: account, refusal: nil)
        }
        let usable = account?.credentials.first { $0.argon2id != nil }
        let matches = try await self.pool.verify(credentials.password, against: usable?.argon2id)
        guard let account else {
            let refusal = self.absence(of: credentials.authenticationIdentity)
            return Finding(answer: .password(accepted: false), account: nil, refusal: refusal)
        }
        guard account.isEnabled else {
            return Finding(answer: .password(accepted: false), account: account, refusal: .disabled)
        }
        guard matches, let usable else {
            return Finding(answer: .password(accepted: false), account: account, refusal: .wrongPassword)
        }
        self.directory.remember(credentials.password, for: usable, of: account)
        return Finding(answer: .password(accepted: true), account: account, refusal: nil)
    }

    private func scram(_ question: SCRAMQuestion, account: Account?) -> Finding {
        let stored = account?.credentials.lazy.flatMap(\.scram).first { $0.hash == question.hash }
        // Made for every name, so that it costs everyone the same time; for the address and not the name as typed, or a salt that
        // changes with the case of letters or the domain left out would tell a name that nobody has.
        let fake = SCRAMCredential.fake(
            for: self.directory.address(of: question.authenticationIdentity) ?? question.authenticationIdentity,
            key: self.fakeKey,
            hash: question.hash,
            iterations: self.scramIterations
        )
        if let account, account.isEnabled, let stored {
            return Finding(answer: .scram(stored), account: account, refusal: nil)
        }
        let refusal: Refusal
        switch account {
        case nil: refusal = self.absence(of: question.authenticationIdentity)
        case .some(let account): refusal = account.isEnabled ? .mechanismRefused : .disabled
        }
        return Finding(answer: .scram(fake), account: account, refusal: refusal)
    }

    private func sharedSecret(_ question: SharedSecretQuestion, account: Account?) -> Finding {
        let credential = account?.credentials.first { $0.legacyMechanisms.contains(question.mechanism) }
        let secret: Secret?
        do {
            // Where there is nothing to open something is tried that does not open, for the time that it takes.
            secret = try self.masterKey.open(
                credential?.sealedSecret ?? Authenticator.nothingSealed,
                owner: account?.address ?? question.authenticationIdentity
            )
        } catch {
            // Sealed under another master key: it opens nothing, and the operator sees the reason in the log.
            secret = nil
        }
        guard let account else {
            let refusal = self.absence(of: question.authenticationIdentity)
            return Finding(answer: .sharedSecret(nil), account: nil, refusal: refusal)
        }
        guard account.isEnabled else {
            return Finding(answer: .sharedSecret(nil), account: account, refusal: .disabled)
        }
        return Finding(
            answer: .sharedSecret(secret),
            account: account,
            refusal: secret == nil ? .mechanismRefused : nil
        )
    }

    /// Grows with every change of an account.
    package var generation: UInt64 { self.directory.generation }

    /// The account that logged in, as it is now; nil when it is gone, disabled, or has another password than it logged in with.
    ///
    /// - Throws: `StoreError` when the store cannot be read.
    package func current(_ account: Account) async throws -> Account? {
        guard let current = try await self.directory.account(loginName: account.address), current.isEnabled,
            current.id == account.id, current.credentials == account.credentials
        else { return nil }
        return current
    }

    /// Whether an account that proved its credentials may act as the authorization identity (RFC 4422 §3.4.1): only as itself.
    package func mayAct(_ account: Account, as authorizationIdentity: String?) -> Bool {
        guard let authorizationIdentity, !authorizationIdentity.isEmpty else { return true }
        return self.directory.address(of: authorizationIdentity) == account.address
    }
}
