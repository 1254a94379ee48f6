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
}
