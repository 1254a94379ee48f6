import Foundation
import GatepostModel
import GatepostTesting
import SASL
import Testing

@testable import GatepostServer

@Suite("Exchanging the master key")
struct MasterKeyRotationTests {
    private static let names = ["alice@example.org", "bob@example.org"]

    /// A directory with a key and two accounts whose passwords are their names, sealed.
    private static func withScene(_ body: (String, MemoryStore, MasterKey) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "gatepost-rotation-\(UUID())").path
        try LocalFile.makeDirectory(directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let key = try MasterKey.open(inDirectory: directory)
        let store = MemoryStore()
        for name in names {
            let keys = NewCredential(
                argon2id: nil,
                scram: [],
                sealedSecret: try key.seal(Secret(name), owner: name),
                legacyMechanisms: [.cramMD5]
            )
            _ = try await store.add(NewAccount(address: name, credential: keys))
        }
        try await body(directory, store, key)
    }

    private static func expectOpens(_ store: MemoryStore, _ key: MasterKey, _ comment: Comment? = nil) async throws {
        for name in names {
            let sealed = try #require(await store.account(address: name)?.credentials.first?.sealedSecret)
            #expect(try key.open(sealed, owner: name) == Secret(name), comment)
        }
    }

    @Test("seals all secrets with the new key, which is in the file then")
    func rotates() async throws {
        try await Self.withScene { directory, store, old in
            let keyring = MasterKeyring(old)
            let before = try #require(await store.account(address: Self.names[0])?.credentials.first?.sealedSecret)
            let changed = try await MasterKeyRotation.rotate(inDirectory: directory, store: store, keyring: keyring)
            #expect(Set(changed) == Set(Self.names))
            let new = try MasterKey.open(inDirectory: directory)
            try await Self.expectOpens(store, new)
            try await Self.expectOpens(store, keyring.current)
            #expect(try keyring.open(before, owner: Self.names[0]) == Secret(Self.names[0]), "looked up just before")
            #expect(throws: MasterKey.Failure.self) { try new.open(before, owner: Self.names[0]) }
            #expect(!LocalFile.exists(directory + "/master.key.new"))
        }
    }

    @Test("a store that fails leaves the old key in force")
    func failingStore() async throws {
        try await Self.withScene { directory, store, old in
            let keyring = MasterKeyring(old)
            await store.fail(with: StoreError(.noSpace, "full"))
            await #expect(throws: StoreError.self) {
                try await MasterKeyRotation.rotate(inDirectory: directory, store: store, keyring: keyring)
            }
            await store.fail(with: nil)
            try await MasterKeyRotation.finish(inDirectory: directory, store: store)
            try await Self.expectOpens(store, try MasterKey.open(inDirectory: directory))
        }
    }

    @Test("a secret that the present key does not open stops it, named, before anything changes")
    func lostSecret() async throws {
        try await Self.withScene { directory, store, old in
            let foreign = NewCredential(
                argon2id: nil,
                scram: [],
                sealedSecret: try MasterKey.random().seal(Secret("x"), owner: "carol@example.org"),
                legacyMechanisms: [.cramMD5]
            )
            _ = try await store.add(NewAccount(address: "carol@example.org", credential: foreign))
            do {
                _ = try await MasterKeyRotation.rotate(
                    inDirectory: directory,
                    store: store,
                    keyring: MasterKeyring(old)
                )
                Issue.record("rotated")
            } catch let failure as MasterKeyRotation.Failure {
                #expect(failure.description.contains("carol@example.org"))
            }
            try await Self.expectOpens(store, try MasterKey.open(inDirectory: directory))
            #expect(!LocalFile.exists(directory + "/master.key.new"))
        }
    }

    @Test("a crash before the commit goes back, one after it goes on")
    func crashes() async throws {
        for isCommitted in [false, true] {
            try await Self.withScene { directory, store, old in
                let new = try MasterKey.create(directory + "/master.key.new")
                if isCommitted {
                    _ = try await store.reseal { try new.seal(try old.open($0, owner: $1), owner: $1) }
                }
                let finished = try await MasterKeyRotation.finish(inDirectory: directory, store: store)
                #expect(finished == isCommitted)
                #expect(!LocalFile.exists(directory + "/master.key.new"))
                try await Self.expectOpens(
                    store,
                    try MasterKey.open(inDirectory: directory),
                    "committed: \(isCommitted)"
                )
            }
        }
    }

    @Test("a new key that was not written to its end counts for nothing")
    func halfWritten() async throws {
        try await Self.withScene { directory, store, old in
            try LocalFile.create(directory + "/master.key.new", [1, 2, 3], mode: 0o600)
            #expect(try await !MasterKeyRotation.finish(inDirectory: directory, store: store))
            #expect(!LocalFile.exists(directory + "/master.key.new"))
            try await Self.expectOpens(store, old)
        }
    }
}
