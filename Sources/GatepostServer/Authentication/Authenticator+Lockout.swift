internal import GatepostModel
internal import SASL

/// Logins that lockout does not let be looked at: refused like a wrong secret, in the same time, whatever the secret is.
extension Authenticator {
    /// The account's address that a login name means, where memory can tell.
    enum Subject {
        case address(String?)
        /// The store has to be asked first.
        case unknown
    }

    /// Whom a login name means, by whichever of his names, so that a guesser gains nothing by trying them all.
    func subjectNow(of loginName: String) -> Subject {
        switch self.directory.recollection(loginName: loginName) {
        case .account(let account): .address(account.address)
        case .absent: .address(self.directory.address(of: loginName))
        case .none: .unknown
        }
    }

    /// - Throws: `StoreError` when the store cannot be read.
    func subject(of loginName: String) async throws -> String? {
        try await self.directory.account(loginName: loginName)?.address ?? self.directory.address(of: loginName)
    }

    /// What a refused attempt comes to.
    ///
    /// A secret that nobody can guess is looked at all the same where the reason spares it; for any other the work is done on nothing.
    func lockedFinding(
        _ question: ServerQuestion,
        because reason: LockReason,
        peer: LoginPeer
    ) async throws -> Finding {
        let refusal: AuthenticationReason = reason == .tooManyFailures ? .tooMany : .locked
        let account = try await self.directory.account(loginName: question.authenticationIdentity)
        switch question {
        case .password(let credentials):
            return try await self.lockedPassword(
                credentials,
                refusal,
                account: account,
                spares: reason.spares,
                peer: peer
            )
        case .scram(let question):
            var finding = self.scram(question, account: account, peer: peer, isLocked: true, spares: reason.spares)
            if finding.credential == nil { finding.refusal = finding.refusal ?? refusal }
            return finding
        case .sharedSecret:
            return Finding(answer: .sharedSecret(nil), account: account, refusal: refusal)
        case .bearerToken:
            return Finding(answer: .bearerToken(.refused(BearerTokenError())), account: account, refusal: refusal)
        case .external, .securityContext, .principal:
            return Finding(answer: .external(identity: nil), account: account, refusal: refusal)
        }
    }

    private func lockedPassword(
        _ credentials: PasswordCredentials,
        _ refusal: AuthenticationReason,
        account: Account?,
        spares: Bool,
        peer: LoginPeer
    ) async throws -> Finding {
        if spares, let account, account.isEnabled,
            let credential = Authenticator.appPassword(credentials.password, of: account),
            self.objection(to: credential, of: account, peer: peer) == nil
        {
            return Finding(answer: .password(accepted: true), account: account, credential: credential)
        }
        // An address that is turned away altogether may know it by the time, and costs no hash.
        if spares { try await self.hashForNothing(credentials) }
        return Finding(answer: .password(accepted: false), account: account, refusal: refusal)
    }
}
