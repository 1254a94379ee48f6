import GatepostModel
import SASL
import Testing

@testable import GatepostSQLite

@Suite("Databases of earlier versions")
struct SchemaMigrationTests {
    private static let keys = NewCredential(
        argon2id: "$argon2id$x",
        scram: [],
        sealedSecret: [1],
        legacyMechanisms: [.cramMD5]
    )

    /// A database as schema 2 was: without the column, and without a note of the step that adds it.
    private static func makeSchema2(_ directory: String) async throws {
        let store = try await SQLiteStore.open(dataDirectory: directory)
        _ = try await store.add(NewAccount(address: "alice@example.org", credential: Self.keys))
        try await store.writer.perform { connection, _ in
            try connection.statement("ALTER TABLE credential DROP COLUMN foreign_hash").run()
            try connection.statement("DELETE FROM grdb_migrations WHERE identifier = '3 foreign hashes'").run()
        }
        try await store.close()
    }

    @Test("one of schema 2 keeps its accounts and takes foreign hashes then")
    func fromSchema2() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.makeSchema2(directory)

            let migrated = try await SQLiteStore.open(dataDirectory: directory)
            #expect(try await migrated.account(address: "alice@example.org")?.credentials.first?.keys == Self.keys)
            let foreign = NewCredential(argon2id: nil, scram: [], foreignHash: "{SSHA}x")
            let changed = try #require(try await migrated.setPassword(foreign, of: "alice@example.org"))
            #expect(changed.credentials.first?.keys == foreign)
            try await migrated.close()
        }
    }

    /// As it was before schema 5.
    private static func undoSendingLimits(_ connection: Connection) throws {
        try connection.statement("ALTER TABLE account DROP COLUMN limits").run()
        try connection.statement("ALTER TABLE credential ADD COLUMN rate INTEGER").run()
        try connection.statement(
            "UPDATE credential SET rate = CAST(substr(limits, 17) AS INTEGER) WHERE limits LIKE 'messagesPerHour=%'"
        ).run()
        try connection.statement("ALTER TABLE credential DROP COLUMN limits").run()
        try connection.statement("ALTER TABLE message DROP COLUMN hold_reason").run()
        try connection.statement("DROP TABLE sending_step").run()
        try connection.statement("DROP TABLE sending_recipient").run()
        try connection.statement("DROP TABLE sending_network").run()
        try connection.statement("DROP TABLE sending_notice").run()
        try connection.statement("DELETE FROM grdb_migrations WHERE identifier = '5 sending limits'").run()
    }

    @Test("one of schema 4 keeps the rates of its app passwords")
    func fromSchema4() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            _ = try await store.add(NewAccount(address: "alice@example.org", credential: Self.keys))
            for (name, limits) in [("phone", "messagesPerHour=7"), ("laptop", "")] {
                let added = AddedCredential(
                    kind: .appPassword,
                    name: name,
                    created: noon,
                    rules: CredentialRules(limits: try #require(SendingLimits(text: limits))),
                    keys: NewCredential(argon2id: nil, scram: [], digest: Array(name.utf8))
                )
                _ = try await store.addCredential(added, to: "alice@example.org")
            }
            try await store.writer.perform { connection, _ in try Self.undoSendingLimits(connection) }
            try await store.close()

            let migrated = try await SQLiteStore.open(dataDirectory: directory)
            let account = try #require(try await migrated.account(address: "alice@example.org"))
            let limits = account.credentials.filter { $0.kind == .appPassword }.map { [$0.name: $0.rules.limits.text] }
            #expect(limits == [["phone": "messagesPerHour=7"], ["laptop": ""]])
            #expect(account.limits.isEmpty)
            try await migrated.close()
        }
    }

    /// A database as schema 3 was.
    private static func makeSchema3(_ directory: String, _ accounts: [NewAccount]) async throws {
        let store = try await SQLiteStore.open(dataDirectory: directory)
        for account in accounts { _ = try await store.add(account) }
        try await store.writer.perform { connection, _ in
            try connection.statement("DROP INDEX credential_digest").run()
            try connection.statement("DROP INDEX credential_name").run()
            try connection.statement("DROP INDEX identity_pattern").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN kind").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN name").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN digest").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN created").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN expires").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN enabled").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN must_change").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN networks").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN identities").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN recipient_domains").run()
            try connection.statement("ALTER TABLE credential DROP COLUMN retired").run()
            try Self.undoSendingLimits(connection)
            try connection.statement("ALTER TABLE credential DROP COLUMN rate").run()
            try connection.statement(
                """
                CREATE TABLE scram (
                    credential INTEGER NOT NULL REFERENCES credential ON DELETE CASCADE,
                    hash TEXT NOT NULL, salt BLOB NOT NULL, iterations INTEGER NOT NULL,
                    stored_key BLOB NOT NULL, server_key BLOB NOT NULL, PRIMARY KEY (credential, hash)
                ) WITHOUT ROWID
                """
            ).run()
            try connection.statement(
                """
                INSERT INTO scram SELECT credential, hash, salt, iterations, stored_key, server_key FROM scram_key
                """
            ).run()
            try connection.statement("DROP TABLE scram_key").run()
            try connection.statement("DROP TABLE credential_use").run()
            try connection.statement("DROP TABLE second_factor").run()
            try connection.statement("DROP TABLE recovery_code").run()
            try connection.statement("DROP TABLE certificate").run()
            try connection.statement("DELETE FROM grdb_migrations WHERE identifier = '4 credentials'").run()
        }
        try await store.close()
    }

    @Test("one of schema 3 keeps its passwords with all their keys, and takes app passwords then")
    func fromSchema3() async throws {
        func keys(_ seed: UInt8) -> NewCredential {
            NewCredential(
                argon2id: "$argon2id$\(seed)",
                scram: [SCRAMHash.sha256, .sha1].map { hash in
                    SCRAMCredential(
                        hash: hash,
                        salt: [seed, 1],
                        iterations: 4096,
                        storedKey: [seed, 2],
                        serverKey: [seed, 3]
                    )
                }
            )
        }
        try await withTemporaryDirectory { directory in
            try await Self.makeSchema3(
                directory,
                [
                    NewAccount(address: "alice@example.org", credential: keys(1)),
                    NewAccount(address: "bob@example.org", credential: keys(2)),
                ]
            )
            let migrated = try await SQLiteStore.open(dataDirectory: directory)
            for (name, seed) in [("alice", UInt8(1)), ("bob", 2)] {
                let account = try #require(try await migrated.account(address: "\(name)@example.org"))
                let password = try #require(account.credentials.first)
                #expect(account.credentials.count == 1)
                #expect(password.kind == .password)
                #expect(password.isEnabled)
                #expect(!password.mustChange)
                #expect(password.created == nil)
                #expect(password.rules == CredentialRules())
                #expect(password.keys.argon2id == keys(seed).argon2id)
                #expect(Set(password.keys.scram) == Set(keys(seed).scram))
            }
            let added = AddedCredential(
                kind: .appPassword,
                name: "phone",
                created: noon,
                rules: CredentialRules(),
                keys: NewCredential(argon2id: nil, scram: [], digest: [1])
            )
            guard case .added(let account) = try await migrated.addCredential(added, to: "alice@example.org") else {
                Issue.record("not added")
                return
            }
            #expect(account.credentials.count == 2)
            try await migrated.close()
        }
    }
}
