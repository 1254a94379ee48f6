import GatepostModel
import GatepostSQLite
import GatepostServer
import SASL
import Testing

@Suite("Authenticator")
struct AuthenticatorTests {
    /// A store with one account, and what asks it.
    private func withAuthenticator(
        _ body: (Authenticator, AccountDirectory, SQLiteStore) async throws -> Void
    ) async throws {
        let temporary = try TemporaryDirectory()
        let store = try await SQLiteStore.open(dataDirectory: temporary.path)
        let masterKey = MasterKey.random()
        _ = try await store.addDomain("example.org")
        let credential = try PasswordDerivation.derive(
            Secret("s3cret"),
            owner: "alice@example.org",
            masterKey: masterKey
        )
        _ = try await store.add(NewAccount(address: "alice@example.org", credential: credential, isSandbox: false))
        let directory = AccountDirectory(store: store, clock: SystemClock(), defaultDomain: nil, cache: .seconds(60))
        let pool = HashingPool(threads: 1, queue: 1)
        let authenticator = Authenticator(
            directory: directory,
            pool: pool,
            keyring: MasterKeyring(masterKey),
            scramIterations: PasswordDerivation.scramIterations
        )
        try await body(authenticator, directory, store)
        try await pool.shutdown()
        try await store.close()
    }

    private func question(_ name: String) -> ServerQuestion {
        .scram(SCRAMQuestion(mechanism: .scramSHA256, authenticationIdentity: name, hash: .sha256))
    }

    private func salt(_ name: String, _ authenticator: Authenticator) async throws -> [UInt8] {
        guard case .scram(let credential) = try await authenticator.finding(self.question(name)).answer else {
            return []
        }
        return credential.salt
    }

    @Test(
        "every spelling of a name has one salt, whether anyone has the name or not",
        arguments: ["alice", "nobody"]
    )
    func spelling(name: String) async throws {
        try await self.withAuthenticator { authenticator, _, _ in
            let salt = try await self.salt("\(name)@example.org", authenticator)
            #expect(salt.count == 16)
            #expect(try await self.salt("\(name.uppercased())@Example.ORG", authenticator) == salt)
            #expect(try await self.salt(name, authenticator) == salt)
        }
    }

    @Test(
        "a name that was asked for once is answered at once, whether anyone has it or not",
        arguments: ["alice", "nobody"]
    )
    func second(name: String) async throws {
        try await self.withAuthenticator { authenticator, _, _ in
            _ = try await authenticator.finding(self.question(name))
            #expect(authenticator.findingNow(self.question(name)) != nil)
        }
    }

    @Test("an account that is added later is found")
    func added() async throws {
        try await self.withAuthenticator { authenticator, directory, store in
            #expect(try await authenticator.finding(self.question("bob")).account == nil)
            let credential = try PasswordDerivation.derive(
                Secret("s3cret"),
                owner: "bob@example.org",
                masterKey: .random()
            )
            _ = try await store.add(NewAccount(address: "bob@example.org", credential: credential, isSandbox: false))
            directory.accountChanged("bob@example.org")
            #expect(try await authenticator.finding(self.question("bob")).account?.address == "bob@example.org")
        }
    }

    @Test("an open session's account counts until it is disabled")
    func current() async throws {
        try await self.withAuthenticator { authenticator, directory, store in
            let account = try #require(try await directory.account(loginName: "alice"))
            let generation = authenticator.generation
            let password = try #require(account.credentials.first)
            #expect(try await authenticator.current(account, credential: password)?.0 == account)
            #expect(try await authenticator.current(account, credential: nil)?.0 == account)
            _ = try await store.setEnabled(false, of: account.address)
            directory.accountChanged(account.address)
            #expect(authenticator.generation != generation)
            #expect(try await authenticator.current(account, credential: password) == nil)
            #expect(try await authenticator.current(account, credential: nil) == nil)
        }
    }
}
