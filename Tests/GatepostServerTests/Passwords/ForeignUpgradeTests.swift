import GatepostModel
import GatepostTesting
import SASL
import Testing

@testable import GatepostServer

@Suite("A login replaces a foreign hash by keys of our own")
struct ForeignUpgradeTests {
    private static let address = "alice@example.org"
    private static let password = "correct horse battery staple"

    private struct Scene {
        var store = MemoryStore()
        var directory: AccountDirectory
        var authenticator: Authenticator
        var pool: HashingPool

        init() {
            self.directory = AccountDirectory(
                store: self.store,
                clock: SystemClock(),
                defaultDomain: nil,
                cache: .seconds(600)
            )
            self.pool = HashingPool(threads: 2, queue: 8)
            self.authenticator = Authenticator(
                directory: self.directory,
                pool: self.pool,
                keyring: MasterKeyring(.random()),
                scramIterations: PasswordDerivation.scramIterations
            )
        }

        func logIn(_ password: String, _ mechanism: MechanismName = .plain) async throws -> Bool {
            let finding = try await self.authenticator.finding(
                .password(
                    PasswordCredentials(
                        mechanism: mechanism,
                        authenticationIdentity: ForeignUpgradeTests.address,
                        password: Secret(password)
                    )
                ),
                certificate: nil
            )
            guard case .password(let isAccepted) = finding.answer else { return false }
            return isAccepted
        }

        func credential() async throws -> Credential {
            try #require(try await self.store.account(address: ForeignUpgradeTests.address)?.credentials.first)
        }

        func add(_ keys: NewCredential) async throws {
            _ = try await self.store.add(NewAccount(address: ForeignUpgradeTests.address, credential: keys))
        }
    }

    static let hashes = [
        "{SSHA}rtTpzZDA31CrbZ3bXJlRzqDvqzMGoFYa",
        "$1$tEdobJJ9$.aFIxvWh99gK9UU7CLySh1",
        "$2y$05$4Hq9kDInwXZOAhP/a/uSdOd6mobHVTPDX.3bbwS86hZsK0ustVR2u",
        "{PBKDF2}$1$BD38kBXmEiR.l9Ue$5000$efbead5bc994ad7655d6fedf9041af1405adcfbe",
        "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$p5Zekc4Me8ULCQBMXqaiZQ$uYICJCUWrn4tud/c4w3thE4t7xUKiRUxLuIY14pIhRI",
    ]

    @Test("after a right password only", arguments: hashes, [MechanismName.plain, .login])
    func upgrades(_ hash: String, _ mechanism: MechanismName) async throws {
        let scene = Scene()
        try await scene.add(NewCredential(argon2id: nil, scram: [], foreignHash: hash))
        #expect(try await !scene.logIn("wrong", mechanism))
        #expect(try await scene.credential().foreignHash == hash)
        #expect(try await scene.logIn(Self.password, mechanism))

        let after = try await scene.credential()
        #expect(after.foreignHash == nil)
        #expect(after.argon2id?.hasPrefix("$argon2id$") == true)
        #expect(Set(after.scram.map(\.hash)).isSuperset(of: [.sha1, .sha256]))
        #expect(after.scram.allSatisfy { $0.verify(password: Secret(Self.password)) })
        #expect(after.foreignKind == nil)
        #expect(try await scene.logIn(Self.password, mechanism))
        #expect(try await !scene.logIn("wrong", mechanism))
        #expect(try await scene.credential() == after, "once is enough")
        try await scene.pool.shutdown()
    }

    @Test("SCRAM keys of another server serve PLAIN too, and are completed")
    func scram() async throws {
        let scene = Scene()
        guard
            case .scram(let keys) = try ForeignSecret(
                """
                {SCRAM-SHA-256}4096,OiUbDRLcf15mXup2p4pyPg==,AwufbfyXrGCotKHWiSk5qxhgSK+RzpQPNVHVnDRULp4=,\
                ZqRGkn6bUVH4QXn9ukvkA9poGQcTrV6/uTlP7sD4WcI=
                """
            )
        else {
            Issue.record("no SCRAM keys")
            return
        }
        try await scene.add(NewCredential(argon2id: nil, scram: [keys]))
        #expect(try await scene.credential().foreignKind == "SCRAM-SHA-256")
        #expect(try await !scene.logIn("wrong"))
        #expect(try await scene.logIn(Self.password))
        #expect(try await scene.credential().argon2id != nil)
        #expect(try await scene.credential().scram.count >= 2)
        try await scene.pool.shutdown()
    }

    @Test("a store that cannot write does not fail the login")
    func failingStore() async throws {
        let scene = Scene()
        try await scene.add(NewCredential(argon2id: nil, scram: [], foreignHash: Self.hashes[0]))
        await scene.store.fail(with: StoreError(.noSpace, "full"))
        #expect(try await scene.logIn(Self.password))
        #expect(try await scene.credential().foreignHash == Self.hashes[0])
        await scene.store.fail(with: nil)
        try await scene.pool.shutdown()
    }

    @Test("a password that was changed meanwhile is not put back")
    func changedMeanwhile() async throws {
        let scene = Scene()
        try await scene.add(NewCredential(argon2id: nil, scram: [], foreignHash: Self.hashes[0]))
        let before = try await scene.credential()
        let new = NewCredential(argon2id: nil, scram: [], foreignHash: "{SSHA}another")
        _ = try await scene.store.setPassword(new, of: Self.address)
        let replaced = try await scene.store.replace(
            before,
            by: NewCredential(argon2id: "old", scram: []),
            of: Self.address
        )
        #expect(replaced == nil)
        #expect(try await scene.credential().keys == new)
        try await scene.pool.shutdown()
    }

    @Test("a foreign hash that nobody can read refuses the login")
    func unreadable() async throws {
        let scene = Scene()
        try await scene.add(NewCredential(argon2id: nil, scram: [], foreignHash: "{FUTURE}x"))
        #expect(try await !scene.logIn(Self.password))
        #expect(try await scene.credential().foreignKind == "unknown")
        try await scene.pool.shutdown()
    }
}
