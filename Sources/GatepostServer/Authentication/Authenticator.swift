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
        case certificateUnknown = "certificate-unknown"
        /// The client's address is in `networks.deny`.
        case addressDenied = "address-denied"
        /// A password over a connection that is not encrypted.
        case clearText = "clear-text-without-tls"
        /// Mail of a sandbox account stays here, and another server would send it.
        case sandbox = "sandbox-account"
        case channelBinding = "channel-binding-mismatch"
        case tokenExpired = "token-expired"
        case tokenAudience = "token-audience"
        case tokenIssuer = "token-issuer"
        case tokenSignature = "token-signature"
        case tokenScope = "token-scope"
        /// Any other fault of a token.
        case tokenRefused = "token-refused"
        /// Right, but another store wants it changed first.
        case passwordChange = "password-change-needed"
    }

    /// What a question came to: the answer for the mechanism, and whose secret it was.
    package struct Finding: Sendable {
        package var answer: ServerAnswer
        /// The account whose secret was looked at; nil when a fake stood in for it.
        package var account: Account?
        /// Set when the exchange cannot succeed whatever the client sends.
        package var refusal: Refusal?
        /// The other password store that was asked last, for the log.
        package var checker: String?
    }

    /// Nonce, ciphertext and tag of the usual size that no key opens.
    private static let nothingSealed = [UInt8](repeating: 0, count: 12 + 16 + 16)

    let directory: AccountDirectory
    let pool: HashingPool
    private let keyring: MasterKeyring
    /// Yields the fake SCRAM salts; from the master key, so that they are the same after a restart.
    private let fakeKey: Secret
    private let scramIterations: Int
    /// nil where no issuer of bearer tokens is configured.
    private let tokens: BearerTokenVerifier?
    /// nil where no other password store is configured.
    let checkers: PasswordCheckers?

    package init(
        directory: AccountDirectory,
        pool: HashingPool,
        keyring: MasterKeyring,
        scramIterations: Int,
        tokens: BearerTokenVerifier? = nil,
        checkers: PasswordCheckers? = nil
    ) {
        self.directory = directory
        self.pool = pool
        self.keyring = keyring
        self.fakeKey = keyring.current.derived("fake SCRAM credentials")
        self.scramIterations = scramIterations
        self.tokens = tokens
        self.checkers = checkers
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
        case (.password, _), (.scram, .none), (.sharedSecret, _), (.external, _), (.bearerToken, _):
            return nil
        }
    }

    /// - Throws: `HashingPool.Busy` when too many passwords wait, `StoreError` when the store cannot be read,
    ///   ``PasswordCheckerUnreachable`` when another store of passwords cannot be asked.
    ///
    /// - Parameters:
    ///   - certificate: The verified client certificate in DER.
    ///   - peer: For other password stores.
    package func finding(
        _ question: ServerQuestion,
        certificate: [UInt8]? = nil,
        peer: LoginPeer = LoginPeer()
    ) async throws -> Finding {
        if case .external(let question) = question {
            return try await self.external(question, certificate: certificate)
        }
        let found = try await self.directory.account(loginName: question.authenticationIdentity)
        switch question {
        case .password(let credentials):
            return try await self.password(credentials, account: found, peer: peer)
        case .scram(let question):
            return self.scram(question, account: found)
        case .sharedSecret(let question):
            return self.sharedSecret(question, account: found)
        case .bearerToken(let question):
            return try await self.bearerToken(question)
        case .external:
            return Finding(answer: .external(identity: nil), account: nil, refusal: .certificateUnknown)
        }
    }

    /// - Throws: `IssuerUnreachable` when the token's issuer cannot be asked now.
    private func bearerToken(_ question: BearerTokenQuestion) async throws -> Finding {
        guard let tokens = self.tokens else {
            return Finding(
                answer: .bearerToken(.refused(BearerTokenError())),
                account: nil,
                refusal: .mechanismRefused
            )
        }
        switch try await tokens.verify(question) {
        case .refused(let error, let reason):
            return Finding(
                answer: .bearerToken(.refused(error)),
                account: nil,
                refusal: Refusal(rawValue: reason.rawValue) ?? .tokenRefused
            )
        case .accepted(let name):
            guard let account = try await self.directory.account(loginName: name) else {
                return Finding(
                    answer: .bearerToken(.refused(BearerTokenError())),
                    account: nil,
                    refusal: self.absence(of: name)
                )
            }
            guard account.isEnabled else {
                return Finding(
                    answer: .bearerToken(.refused(BearerTokenError())),
                    account: account,
                    refusal: .disabled
                )
            }
            return Finding(
                answer: .bearerToken(.accepted(identity: account.address)),
                account: account,
                refusal: nil
            )
        }
    }

    /// The account whose address the certificate carries; with an authorization identity, the one it names among them.
    private func external(_ question: ExternalQuestion, certificate: [UInt8]?) async throws -> Finding {
        let nobody = Finding(answer: .external(identity: nil), account: nil, refusal: .certificateUnknown)
        guard let certificate else { return nobody }
        let addresses: [String]
        do {
            addresses = try ClientCertificate(der: certificate).addresses
        } catch {
            return nobody
        }
        let wanted = question.authorizationIdentity.flatMap { self.directory.address(of: $0) }
        if question.authorizationIdentity != nil, wanted == nil { return nobody }
        for address in addresses {
            guard let account = try await self.directory.account(loginName: address),
                wanted == nil || wanted == account.address
            else { continue }
            guard account.isEnabled else {
                return Finding(answer: .external(identity: nil), account: account, refusal: .disabled)
            }
            return Finding(answer: .external(identity: account.address), account: account, refusal: nil)
        }
        return nobody
    }

    /// Why no account stands behind a login name.
    func absence(of loginName: String) -> Refusal {
        self.directory.address(of: loginName) == nil ? .noDomain : .unknownAccount
    }

    private func password(
        _ credentials: PasswordCredentials,
        account: Account?,
        peer: LoginPeer
    ) async throws -> Finding {
        if let account, account.isEnabled, self.directory.isVerified(credentials.password, for: account) {
            return Finding(answer: .password(accepted: true), account: account, refusal: nil)
        }
        if let elsewhere = try await self.passwordElsewhere(credentials, account: account, peer: peer) {
            return elsewhere
        }
        let usable =
            account?.credentials.first { $0.argon2id != nil } ?? account?.credentials.first { $0.awaitsUpgrade }
        let matches = try await self.pool.verify(credentials.password, against: usable)
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
        if usable.awaitsUpgrade {
            return Finding(
                answer: .password(accepted: true),
                account: await self.upgraded(account, usable, credentials.password),
                refusal: nil
            )
        }
        self.directory.remember(credentials.password, for: usable, of: account)
        return Finding(answer: .password(accepted: true), account: account, refusal: nil)
    }

    /// The account with keys of our own in place of those that another server made, now that its password is known.
    ///
    /// A login does not fail over this: whatever is in the way, the next one tries again.
    private func upgraded(_ account: Account, _ credential: Credential, _ password: Secret) async -> Account {
        let masterKey = self.keyring.current
        do {
            let keys = try await self.pool.run {
                try PasswordDerivation.derive(password, owner: account.address, masterKey: masterKey)
            }
            guard let (changed, new) = try await self.directory.replace(credential, by: keys, of: account) else {
                // Another login was first: the account as it is now.
                return try await self.directory.account(loginName: account.address) ?? account
            }
            self.directory.remember(password, for: new, of: changed)
            return changed
        } catch {
            self.directory.remember(password, for: credential, of: account)
            return account
        }
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
            secret = try self.keyring.open(
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

    /// The account with this address, unless it is disabled.
    ///
    /// - Throws: `StoreError` when the store cannot be read.
    package func account(_ address: String) async throws -> Account? {
        let account = try await self.directory.account(loginName: address)
        return account?.isEnabled == true ? account : nil
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
