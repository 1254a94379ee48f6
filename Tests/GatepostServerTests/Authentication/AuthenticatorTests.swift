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

    @Test("an open session outlives an exchange of the master key, and no change of the password")
    func masterKey() async throws {
        try await self.withAuthenticator { authenticator, directory, store in
            let legacy = NewCredential(
                argon2id: "$argon2id$x",
                scram: [],
                sealedSecret: [1],
                legacyMechanisms: [.cramMD5]
            )
            _ = try await store.setPassword(legacy, of: "alice@example.org")
            let account = try #require(try await directory.account(loginName: "alice"))
            #expect(try await store.reseal { _, _ in [2] } == [account.address])
            directory.accountChanged(account.address)
            let credential = try #require(account.credentials.first)
            let current = try await authenticator.current(account, credential: credential)
            #expect(current?.1?.sealedSecret == [2])
            _ = try await store.setPassword(legacy, of: account.address)
            directory.accountChanged(account.address)
            #expect(try await authenticator.current(account, credential: credential) == nil)
        }
    }

    @Test("an open session outlives the exchange of another server's keys for our own")
    func upgrade() async throws {
        try await self.withAuthenticator { authenticator, directory, store in
            let old = NewCredential(argon2id: nil, scram: [], foreignHash: "{SSHA}rtTpzZDA31CrbZ3bXJlRzqDvqzMGoFYa")
            _ = try await store.setPassword(old, of: "alice@example.org")
            directory.accountChanged("alice@example.org")
            let before = try #require(try await directory.account(loginName: "alice"))
            let password = PasswordCredentials(
                mechanism: .plain,
                authenticationIdentity: "alice",
                password: Secret("correct horse battery staple")
            )
            let after = try #require(try await authenticator.finding(.password(password)).account)
            #expect(after.credentials.first?.argon2id != nil)
            for credential in [before.credentials.first, nil] {
                #expect(try await authenticator.current(before, credential: credential)?.0 == after)
            }
            _ = try await store.setPassword(after.credentials[0].keys, of: after.address)
            directory.accountChanged(after.address)
            #expect(try await authenticator.current(before, credential: before.credentials.first) == nil)
            #expect(try await authenticator.current(after, credential: after.credentials.first) == nil)
        }
    }
}
