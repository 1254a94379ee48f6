internal import GatepostModel
internal import SASL

extension Authenticator {
    /// What other stores say of a password; nil where it is for this server to know.
    ///
    /// They are asked about names without an account too, and a refusal costs an Argon2id besides: neither reply nor time tells an account
    /// whose password is elsewhere from a name that nobody has. An account with a password of its own is another matter: nobody else
    /// is to see that password, so it is refused as quickly as this server can, and also when a checker is down. Where that tells
    /// too much, its domain must have no checker, or its accounts no passwords of their own.
    func passwordElsewhere(
        _ credentials: PasswordCredentials,
        account: Account?,
        peer: LoginPeer
    ) async throws -> Finding? {
        guard let checkers = self.checkers, account?.hasOwnPassword != true,
            let address = self.directory.address(of: credentials.authenticationIdentity),
            let parts = checkers.parts(of: address)
        else { return nil }
        let answer = try await checkers.answer(
            to: PasswordLogin(
                localPart: parts.localPart,
                domain: parts.domain,
                password: credentials.password,
                peer: peer
            )
        )
        var account = account
        if account == nil, answer.verdict == .accepted, answer.createsAccounts {
            account = try await self.directory.create(address)
        }
        let refusal = self.refusal(answer.verdict, credentials, account, peer)
        guard let refusal, refusal != .passwordChange else {
            let credential = account?.credentials.first { $0.kind == .password }
            if let account, let credential, refusal == nil {
                self.directory.remember(credentials.password, for: credential, of: account, from: peer)
            }
            return Finding(
                answer: .password(accepted: true),
                account: account,
                credential: credential,
                refusal: refusal,
                checker: answer.checker
            )
        }
        _ = try await self.pool.verify(credentials.password, against: nil)
        return Finding(
            answer: .password(accepted: false),
            account: account,
            refusal: refusal,
            checker: answer.checker
        )
    }

    private func refusal(
        _ verdict: PasswordVerdict,
        _ credentials: PasswordCredentials,
        _ account: Account?,
        _ peer: LoginPeer
    ) -> AuthenticationReason? {
        // Nobody here, whatever the other store thinks of the name.
        guard let account else { return self.absence(of: credentials.authenticationIdentity) }
        switch verdict {
        case _ where !account.isEnabled: return .disabled
        case .accepted:
            guard let main = account.credentials.first(where: { $0.kind == .password }),
                let objection = self.objection(to: main, of: account, peer: peer)
            else { return nil }
            // A second factor that is missing is told once the mechanism came to its end.
            return objection == .needsAppPassword ? nil : objection
        case .expired: return .passwordChange
        case .disabled: return .disabled
        case .wrong: return .wrongPassword
        case .unknown: return .unknownAccount
        }
    }
}
