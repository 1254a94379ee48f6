import GatepostModel
import GatepostSQLite
import GatepostServer
import SASL
import Testing

@Suite("Logins with tickets")
struct KerberosLoginTests {
    /// A context whose calls all end alike.
    private final class FixedContext: SecurityContextAcceptor {
        let failure: SecurityContextFailure?

        init(_ failure: SecurityContextFailure?) { self.failure = failure }

        func accept(_ token: [UInt8]) throws(SecurityContextFailure) -> SecurityContextAcceptance {
            if let failure { throw failure }
            return .established(principal: "alice@EXAMPLE.ORG", token: nil)
        }
        func wrap(_ octets: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { octets }
        func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8] { token }
    }

    private func withAuthenticator(
        isConfigured: Bool = true,
        _ body: (Authenticator, SQLiteStore) async throws -> Void
    ) async throws {
        let temporary = try TemporaryDirectory()
        let store = try await SQLiteStore.open(dataDirectory: temporary.path)
        let masterKey = MasterKey.random()
        _ = try await store.addDomain("example.org")
        for name in ["alice", "dave"] {
            let address = "\(name)@example.org"
            let credential = try PasswordDerivation.derive(Secret("s3cret"), owner: address, masterKey: masterKey)
            _ = try await store.add(NewAccount(address: address, credential: credential, isSandbox: false))
        }
        _ = try await store.setEnabled(false, of: "dave@example.org")
        let directory = AccountDirectory(store: store, clock: SystemClock(), defaultDomain: nil, cache: .seconds(60))
        let pool = HashingPool(threads: 1, queue: 1)
        let rules = Configuration.Kerberos(
            keytab: "/k",
            realm: "EXAMPLE.ORG",
            principals: ["alice@PARTNER.NET": "alice@example.org", "bob@PARTNER.NET": "bob@example.org"]
        )
        let authenticator = Authenticator(
            directory: directory,
            pool: pool,
            keyring: MasterKeyring(masterKey),
            scramIterations: PasswordDerivation.scramIterations,
            kerberos: isConfigured ? KerberosLogin(rules: rules, pool: pool, makeContext: { FixedContext(nil) }) : nil
        )
        try await body(authenticator, store)
        try await pool.shutdown()
        try await store.close()
    }

    private func accept(_ failure: SecurityContextFailure?) -> ServerQuestion {
        .securityContext(SecurityContextQuestion(context: FixedContext(failure), call: .accept(token: [1])))
    }

    @Test(
        "a principal stands for an account, or for nobody and the log knows why",
        arguments: [
            ("alice@EXAMPLE.ORG", "alice@example.org", nil), ("ALICE@EXAMPLE.ORG", "alice@example.org", nil),
            ("alice@PARTNER.NET", "alice@example.org", nil), ("alice@OTHER.NET", nil, .kerberosPrincipal),
            ("alice/admin@EXAMPLE.ORG", nil, .kerberosPrincipal), ("carol@EXAMPLE.ORG", nil, .unknownAccount),
            ("bob@PARTNER.NET", nil, .unknownAccount), ("dave@EXAMPLE.ORG", nil, .disabled),
        ] as [(String, String?, AuthenticationReason?)]
    )
    func principals(_ principal: String, _ account: String?, _ refusal: AuthenticationReason?) async throws {
        try await self.withAuthenticator { authenticator, _ in
            let question = ServerQuestion.principal(PrincipalQuestion(principal: principal))
            #expect(authenticator.findingNow(question) == nil)
            let finding = try await authenticator.finding(question)
            #expect(finding.refusal == refusal)
            guard case .principal(let identity) = finding.answer else {
                Issue.record("another answer: \(finding.answer)")
                return
            }
            #expect(identity == account)
        }
    }

    @Test("a call that succeeds is answered with what it gave")
    func call() async throws {
        try await self.withAuthenticator { authenticator, _ in
            let finding = try await authenticator.finding(self.accept(nil))
            #expect(finding.refusal == nil)
            guard case .securityContext(.accepted(.established("alice@EXAMPLE.ORG", nil))) = finding.answer else {
                Issue.record("another answer: \(finding.answer)")
                return
            }
        }
    }

    @Test(
        "what the library says goes to the log, with the reason",
        arguments: [
            (.refused, .kerberosFailed), (.defectiveToken, .kerberosFailed), (.clockSkew, .clockSkew),
        ] as [(SecurityContextFailure.Kind, AuthenticationReason)]
    )
    func refused(_ kind: SecurityContextFailure.Kind, _ refusal: AuthenticationReason) async throws {
        try await self.withAuthenticator { authenticator, _ in
            let finding = try await authenticator.finding(self.accept(SecurityContextFailure(kind, "its words")))
            #expect(finding.refusal == refusal)
            #expect(finding.detail == "its words")
        }
    }

    @Test("keys that are gone are our trouble, not the client's")
    func unavailable() async throws {
        let failure = SecurityContextFailure(.unavailable, "no keys")
        try await self.withAuthenticator { authenticator, _ in
            await #expect(throws: failure) { try await authenticator.finding(self.accept(failure)) }
        }
    }

    @Test("without a key table nobody logs in")
    func unconfigured() async throws {
        try await self.withAuthenticator(isConfigured: false) { authenticator, _ in
            let finding = try await authenticator.finding(self.accept(nil))
            #expect(finding.refusal == .mechanismRefused)
            let question = ServerQuestion.principal(PrincipalQuestion(principal: "alice@EXAMPLE.ORG"))
            let other = try await authenticator.finding(question)
            #expect(other.refusal == .kerberosPrincipal)
        }
    }
}
