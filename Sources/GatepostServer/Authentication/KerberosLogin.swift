package import GatepostModel
package import SASL

#if Kerberos
internal import SASLKerberos
#endif

/// Logins with Kerberos tickets: the server's keys, the threads that look at tickets, and whose principals are accounts.
package struct KerberosLogin: Sendable {
    /// Makes the security context of one exchange.
    package let makeContext: @Sendable () -> any SecurityContextAcceptor
    private let rules: Configuration.Kerberos
    private let pool: HashingPool

    /// - Parameter pool: Where GSS calls run: they read the key table and the replay cache.
    package init(
        rules: Configuration.Kerberos,
        pool: HashingPool,
        makeContext: @escaping @Sendable () -> any SecurityContextAcceptor
    ) {
        self.rules = rules
        self.pool = pool
        self.makeContext = makeContext
    }

    #if Kerberos
    /// Acquires the keys.
    ///
    /// - Parameter replayCache: The file that notes the authenticators that were seen.
    /// - Throws: `SecurityContextFailure` where the key table has none that can be used.
    package init(rules: Configuration.Kerberos, replayCache: String, pool: HashingPool) throws(SecurityContextFailure) {
        let acceptor = try KerberosAcceptor(keytab: rules.keytab, replayCache: .file(replayCache))
        self.init(rules: rules, pool: pool, makeContext: { acceptor.makeContext() })
    }
    #endif

    /// Does the call on a thread of its own.
    ///
    /// - Throws: `HashingPool.Busy`, and `SecurityContextFailure` where our own side is the cause.
    func perform(_ question: SecurityContextQuestion) async throws -> SecurityContextAnswer {
        let answer = try await self.pool.run { question.perform() }
        if case .failed(let failure) = answer, failure.kind == .unavailable { throw failure }
        return answer
    }

    /// The login name that a principal stands for; nil: nobody's.
    func loginName(of principal: String) -> String? { self.rules.loginName(of: principal) }
}

extension Authenticator {
    /// - Throws: `HashingPool.Busy`, `SecurityContextFailure`.
    func securityContext(_ question: SecurityContextQuestion) async throws -> Finding {
        guard let kerberos = self.kerberos else {
            let failure = SecurityContextFailure(.refused, "no key table is configured")
            return Finding(answer: .securityContext(.failed(failure)), account: nil, refusal: .mechanismRefused)
        }
        let answer = try await kerberos.perform(question)
        guard case .failed(let failure) = answer else {
            return Finding(answer: .securityContext(answer), account: nil, refusal: nil)
        }
        return Finding(
            answer: .securityContext(answer),
            account: nil,
            refusal: failure.kind == .clockSkew ? .clockSkew : .kerberosFailed,
            detail: failure.description
        )
    }

    /// - Throws: `StoreError` when the store cannot be read.
    func principal(_ question: PrincipalQuestion) async throws -> Finding {
        let nobody = ServerAnswer.principal(identity: nil)
        guard let name = self.kerberos?.loginName(of: question.principal) else {
            return Finding(answer: nobody, account: nil, refusal: .kerberosPrincipal)
        }
        guard let account = try await self.directory.account(loginName: name) else {
            return Finding(answer: nobody, account: nil, refusal: self.absence(of: name))
        }
        guard account.isEnabled else { return Finding(answer: nobody, account: account, refusal: .disabled) }
        return Finding(answer: .principal(identity: account.address), account: account, refusal: nil)
    }
}
