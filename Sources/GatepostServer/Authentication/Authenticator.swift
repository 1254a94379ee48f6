package import GatepostModel
internal import Logging
package import SASL

/// Answers what SASL mechanisms ask about accounts.
///
/// Unknown, disabled and wrong look the same and take the same time: where there is no secret to check, one that fits nothing is
/// checked (RFC 4954 §4; RFC 5802 §9).
package struct Authenticator: Sendable {
    /// What a question came to: the answer for the mechanism, and whose secret it was.
    package struct Finding: Sendable {
        package var answer: ServerAnswer
        /// The account whose secret was looked at; nil when a fake stood in for it.
        package var account: Account?
        /// The credential that proved right, or that a SCRAM proof without a label is of; nil where an account has no say in it (tickets,
        /// tokens, certificates).
        package var credential: Credential?
        /// The revoked app password that was sent.
        package var former: FormerCredential?
        /// Set when the exchange cannot succeed whatever the client sends.
        package var refusal: AuthenticationReason?
        /// More about the refusal, for the log.
        package var detail: String?
        /// The other password store that was asked last, for the log.
        package var checker: String?
    }

    /// Nonce, ciphertext and tag of the usual size that no key opens.
    private static let nothingSealed = [UInt8](repeating: 0, count: 12 + 16 + 16)

    let directory: AccountDirectory
    let pool: HashingPool
    let keyring: MasterKeyring
    /// Yields the fake SCRAM salts; from the master key, so that they are the same after a restart.
    let fakeKey: Secret
    let scramIterations: Int
    /// nil where no issuer of bearer tokens is configured.
    private let tokens: BearerTokenVerifier?
    /// nil where no key table is configured.
    let kerberos: KerberosLogin?
    /// nil where no other password store is configured.
    let checkers: PasswordCheckers?
    /// nil: nobody keeps when credentials were used.
    let uses: CredentialUses?
    /// After so long a main password must be changed.
    let maximumPasswordAge: Duration?

    package init(
        directory: AccountDirectory,
        pool: HashingPool,
        keyring: MasterKeyring,
        scramIterations: Int,
        tokens: BearerTokenVerifier? = nil,
        kerberos: KerberosLogin? = nil,
        checkers: PasswordCheckers? = nil,
        uses: CredentialUses? = nil,
        maximumPasswordAge: Duration? = nil
    ) {
        self.directory = directory
        self.pool = pool
        self.keyring = keyring
        self.fakeKey = keyring.current.derived(PasswordDerivation.fakeLabel)
        self.scramIterations = scramIterations
        self.tokens = tokens
        self.kerberos = kerberos
        self.checkers = checkers
        self.uses = uses
        self.maximumPasswordAge = maximumPasswordAge
    }

    /// The finding if it can be had without waiting: for accounts and proofs that are remembered.
    ///
    /// - Parameter peer: A proof of another password store counts for the client that it was about.
    package func findingNow(_ question: ServerQuestion, peer: LoginPeer = LoginPeer()) -> Finding? {
        let recollection = self.directory.recollection(loginName: question.authenticationIdentity)
        switch (question, recollection) {
        case (.password(let credentials), .account(let account)):
            return self.passwordNow(credentials.password, account: account, peer: peer)
        case (.scram(let question), .account(let account)):
            return self.scram(question, account: account, peer: peer)
        case (.scram(let question), .absent):
            // As quick as for an account, or the time would tell which names exist.
            return self.scram(question, account: nil, peer: peer)
        case (.password, _), (.scram, .none), (.sharedSecret, _), (.external, _), (.bearerToken, _),
            (.securityContext, _), (.principal, _):
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
        switch question {
        case .securityContext(let question): return try await self.securityContext(question)
        case .principal(let question): return try await self.principal(question)
        case .password, .scram, .sharedSecret, .external, .bearerToken: break
        }
        let found = try await self.directory.account(loginName: question.authenticationIdentity)
        switch question {
        case .password(let credentials):
            return try await self.password(credentials, account: found, peer: peer)
        case .scram(let question):
            return self.scram(question, account: found, peer: peer)
        case .sharedSecret(let question):
            return self.sharedSecret(question, account: found, peer: peer)
        case .bearerToken(let question):
            return try await self.bearerToken(question, claimed: found)
        case .external, .securityContext, .principal:
            return Finding(answer: .external(identity: nil), account: nil, refusal: .certificateUnknown)
        }
    }

    /// - Parameter claimed: Whom the client says to be: the trail has a refused token under that account.
    /// - Throws: `IssuerUnreachable` when the token's issuer cannot be asked now.
    private func bearerToken(_ question: BearerTokenQuestion, claimed: Account?) async throws -> Finding {
        guard let tokens = self.tokens else {
            return Finding(
                answer: .bearerToken(.refused(BearerTokenError())),
                account: claimed,
                refusal: .mechanismRefused
            )
        }
        switch try await tokens.verify(question) {
        case .refused(let error, let reason):
            return Finding(
                answer: .bearerToken(.refused(error)),
                account: claimed,
                refusal: reason.code
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

    /// The account that the certificate's key is registered for, or whose address it carries; with an authorization identity, the one that
    /// it names among them.
    private func external(_ question: ExternalQuestion, certificate: [UInt8]?) async throws -> Finding {
        let nobody = Finding(answer: .external(identity: nil), account: nil, refusal: .certificateUnknown)
        guard let certificate else { return nobody }
        let known: ClientCertificate
        do {
            known = try ClientCertificate(der: certificate)
        } catch {
            return nobody
        }
        let wanted = question.authorizationIdentity.flatMap { self.directory.address(of: $0) }
        if question.authorizationIdentity != nil, wanted == nil { return nobody }
        let registered = try await self.directory.owner(certificate: known.fingerprint)
        for address in (registered.map { [$0] } ?? []) + known.addresses {
            guard let account = try await self.directory.account(loginName: address),
                wanted == nil || wanted == account.address
            else { continue }
            guard account.isEnabled else {
                return Finding(answer: .external(identity: nil), account: account, refusal: .disabled)
            }
            guard self.directory.now < known.expires else {
                return Finding(answer: .external(identity: nil), account: account, refusal: .expired)
            }
            return Finding(answer: .external(identity: account.address), account: account, refusal: nil)
        }
        return nobody
    }

    /// Why no account stands behind a login name.
    func absence(of loginName: String) -> AuthenticationReason {
        guard let address = self.directory.address(of: loginName) else { return .noDomain }
        return self.directory.isHosted(address) == false ? .domainNotHosted : .unknownAccount
    }

    private func sharedSecret(_ question: SharedSecretQuestion, account: Account?, peer: LoginPeer) -> Finding {
        let credential = account?.credentials.first { $0.legacyMechanisms.contains(question.mechanism) }
        var secret: Secret?
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
        var refusal: AuthenticationReason? = account.isEnabled ? secret == nil ? .mechanismRefused : nil : .disabled
        if let credential, let objection = self.objection(to: credential, of: account, peer: peer) {
            // What its holder may be told is told once the secret proved right.
            refusal = objection.isToldToHolder ? refusal : objection
        }
        if refusal != nil { secret = nil }
        return Finding(answer: .sharedSecret(secret), account: account, credential: credential, refusal: refusal)
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

    /// The account that logged in, as it is now; nil when it is gone or disabled, or when what it logged in with does not count any more:
    /// changed, revoked, expired.
    ///
    /// - Parameter credential: nil for a ticket, a token or a certificate: then the main password must be the same as before.
    /// - Throws: `StoreError` when the store cannot be read.
    package func current(_ account: Account, credential: Credential?) async throws -> (Account, Credential?)? {
        guard let current = try await self.directory.account(loginName: account.address), current.isEnabled,
            current.id == account.id
        else { return nil }
        guard let credential else {
            let (now, before) = (current.credentials, account.credentials)
            let isSame = now.filter { $0.kind == .password }.elementsEqual(before.filter { $0.kind == .password }) {
                self.directory.isSame($0, as: $1)
            }
            return isSame ? (current, nil) : nil
        }
        guard let same = current.credentials.first(where: { self.directory.isSame($0, as: credential) }),
            same.isEnabled, same.rules.expires.map({ self.directory.now < $0 }) ?? true
        else { return nil }
        return (current, same)
    }

    /// Whether an account that proved its credentials may act as the authorization identity (RFC 4422 §3.4.1): only as itself, by whatever
    /// name it may log in with.
    package func mayAct(_ account: Account, as authorizationIdentity: String?) -> Bool {
        guard let authorizationIdentity, !authorizationIdentity.isEmpty else { return true }
        if self.directory.address(of: authorizationIdentity) == account.address { return true }
        guard case .account(let named) = self.directory.recollection(loginName: authorizationIdentity) else {
            return false
        }
        return named.address == account.address
    }
}
