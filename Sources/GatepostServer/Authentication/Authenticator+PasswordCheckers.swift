internal import GatepostModel
internal import SASL

extension Authenticator {
    /// What other stores say of a password; nil where it is for this server to know.
    ///
    /// They are asked about names without an account too, and a refusal costs an Argon2id besides: the time tells neither who has an account
    /// nor where the password is.
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
        let refusal = self.refusal(answer.verdict, credentials, account)
        guard let refusal, refusal != .passwordChange else {
            if let account, refusal == nil, let credential = account.credentials.first {
                self.directory.remember(credentials.password, for: credential, of: account)
            }
            return Finding(
                answer: .password(accepted: true),
                account: account,
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
        _ account: Account?
    ) -> Refusal? {
        // Nobody here, whatever the other store thinks of the name.
        guard let account else { return self.absence(of: credentials.authenticationIdentity) }
        switch verdict {
        case _ where !account.isEnabled: return .disabled
        case .accepted: return nil
        case .expired: return .passwordChange
        case .disabled: return .disabled
        case .wrong: return .wrongPassword
        case .unknown: return .unknownAccount
        }
    }
}
