import GatepostModel
import GatepostSQLite
import Testing

@Suite("Keys of domains in every store")
struct DKIMKeyStoreTests {
    private struct Stop: Error {}

    private static func key(_ domain: String, _ selector: String, _ offset: Int = 0) -> DKIMKey {
        DKIMKey(
            domain: domain,
            selector: selector,
            algorithm: offset.isMultiple(of: 2) ? .rsa2048 : .ed25519,
            publicKey: [1, 2, 3],
            sealedKey: Array(selector.utf8),
            created: noon + .seconds(offset)
        )
    }

    @Test("are read as they were changed, by domain and age", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            for (domain, selector, offset) in [("b.example", "x", 2), ("b.example", "y", 1), ("a.example", "x", 3)] {
                try await store.changeDKIMKeys(of: domain) { try $0.add(Self.key(domain, selector, offset)) }
            }
            #expect(
                try await store.dkimKeys(of: nil).map(\.recordName) == [
                    "x._domainkey.a.example", "y._domainkey.b.example", "x._domainkey.b.example",
                ]
            )
            let begins = try await store.changeDKIMKeys(of: "b.example") { $0.saw("x", at: noon + .seconds(9)) }
            #expect(begins)
            try await store.changeDKIMKeys(of: "b.example") {
                try $0.retire("y", oldestQueued: nil, force: false, at: noon + .seconds(10))
            }
            var (active, retired) = (Self.key("b.example", "x", 2), Self.key("b.example", "y", 1))
            (active.state, active.seen, active.activated) = (.active, noon + .seconds(9), noon + .seconds(9))
            (retired.state, retired.retired, retired.sealedKey) = (.retired, noon + .seconds(10), nil)
            #expect(try await store.dkimKeys(of: "b.example") == [retired, active])
            #expect(try await store.dkimKeys(of: "c.example").isEmpty)
        }
    }

    @Test("a change that throws leaves all as it was", arguments: StoreKind.allCases)
    func undone(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            await #expect(throws: Stop.self) {
                try await store.changeDKIMKeys(of: "a.example") {
                    try $0.add(Self.key("a.example", "x"))
                    throw Stop()
                }
            }
            #expect(try await store.dkimKeys(of: nil).isEmpty)
        }
    }

    @Test("are sealed again with all other secrets, or none is", arguments: StoreKind.allCases)
    func resealed(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            let keys = NewCredential(argon2id: nil, scram: [], sealedSecret: [7])
            _ = try await store.add(NewAccount(address: "alice@a.example", credential: keys))
            try await store.changeDKIMKeys(of: "a.example") {
                try $0.add(Self.key("a.example", "x"))
                try $0.add(Self.key("a.example", "gone", 1))
                try $0.retire("gone", oldestQueued: nil, force: false, at: noon)
            }
            await #expect(throws: (any Error).self) {
                _ = try await store.reseal { sealed, owner in
                    if owner == "x._domainkey.a.example" { throw Stop() }
                    return [8]
                }
            }
            #expect(try await store.account(address: "alice@a.example")?.credentials.first?.sealedSecret == [7])
            let changed = try await store.reseal { sealed, _ in sealed + [9] }
            #expect(Set(changed) == ["alice@a.example", "x._domainkey.a.example"])
            #expect(try await store.dkimKeys(of: nil).map(\.sealedKey) == [Array("x".utf8) + [9], nil])
        }
    }
}
