import GatepostModel
import SASL
import Testing

@Suite("What every account store does")
struct AccountStoreTests {
    private static let keys = NewCredential(
        argon2id: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
        scram: [
            SCRAMCredential(
                hash: .sha256,
                salt: [1, 2, 3, 0, 255],
                iterations: 4096,
                storedKey: [4, 5],
                serverKey: [6]
            ),
            SCRAMCredential(hash: .sha1, salt: [9], iterations: 4097, storedKey: [8], serverKey: [7]),
        ],
        sealedSecret: [0, 1, 2],
        legacyMechanisms: [.cramMD5]
    )

    private static func account(_ address: String) -> NewAccount {
        NewAccount(
            address: address,
            credential: Self.keys,
            isSandbox: true,
            identities: [IdentityPattern("*@example.com"), IdentityPattern("sales@example.org")].compactMap { $0 }
        )
    }

    @Test("an account comes back as it was given", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            #expect(try await store.account(address: "alice@example.org") == nil)
            let added = try #require(try await store.add(Self.account("alice@example.org")))
            #expect(added.isEnabled)
            #expect(added.isSandbox)
            #expect(Set(added.identities.map(\.description)) == ["*@example.com", "sales@example.org"])
            let credential = try #require(added.credentials.first)
            #expect(credential.argon2id == Self.keys.argon2id)
            #expect(Set(credential.scram) == Set(Self.keys.scram))
            #expect(credential.sealedSecret == [0, 1, 2])
            #expect(credential.legacyMechanisms == [.cramMD5])
            #expect(try await store.account(address: "alice@example.org") == added)
            #expect(try await store.add(Self.account("alice@example.org")) == nil, "exists already")
            #expect(try await store.accountCount() == 1)
        }
    }

    @Test("a credential is replaced unless it changed meanwhile", arguments: StoreKind.allCases)
    func replace(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            let foreign = NewCredential(argon2id: nil, scram: [], foreignHash: "{SSHA}x")
            _ = try await store.add(NewAccount(address: "alice@example.org", credential: foreign))
            let before = try #require(try await store.account(address: "alice@example.org")?.credentials.first)
            #expect(before.foreignHash == "{SSHA}x")
            let after = try #require(try await store.replace(before, by: Self.keys, of: "alice@example.org"))
            let credential = try #require(after.credentials.first)
            #expect(after.credentials.count == 1)
            #expect(credential.foreignHash == nil)
            #expect(credential.argon2id == Self.keys.argon2id)
            #expect(credential.version > before.version)
            #expect(try await store.replace(before, by: foreign, of: "alice@example.org") == nil)
            #expect(try await store.account(address: "alice@example.org") == after)
            #expect(try await store.replace(before, by: foreign, of: "nobody@example.org") == nil)
        }
    }

    @Test("sealed secrets change all or none", arguments: StoreKind.allCases)
    func reseal(_ kind: StoreKind) async throws {
        struct Stop: Error {}
        try await kind.withStore { store async throws in
            for name in ["alice@example.org", "bob@example.org"] { _ = try await store.add(Self.account(name)) }
            _ = try await store.add(
                NewAccount(address: "carol@example.org", credential: NewCredential(argon2id: "x", scram: []))
            )
            await #expect(throws: (any Error).self) {
                try await store.reseal { sealed, address in
                    guard address == "alice@example.org" else { throw Stop() }
                    return sealed + [9]
                }
            }
            for name in ["alice@example.org", "bob@example.org"] {
                #expect(try await store.account(address: name)?.credentials.first?.sealedSecret == [0, 1, 2])
            }
            let changed = try await store.reseal { $1 == "bob@example.org" ? $0 + [9] : nil }
            #expect(changed == ["bob@example.org"])
            #expect(
                try await store.account(address: "alice@example.org")?.credentials.first?.sealedSecret == [0, 1, 2]
            )
            let bob = try #require(try await store.account(address: "bob@example.org")?.credentials.first)
            #expect(bob.sealedSecret == [0, 1, 2, 9])
            #expect(Set(bob.scram) == Set(Self.keys.scram))
        }
    }

    @Test("a new password is another credential or version", arguments: StoreKind.allCases)
    func setPassword(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            let before = try #require(try await store.add(Self.account("alice@example.org"))?.credentials.first)
            let keys = NewCredential(argon2id: "$argon2id$x", scram: [])
            let after = try #require(try await store.setPassword(keys, of: "alice@example.org"))
            #expect(after.credentials.count == 1)
            #expect(after.former.map(\.id) == [before.id])
            #expect(after.former.first?.scram == before.scram)
            let credential = try #require(after.credentials.first)
            #expect((credential.id, credential.version) != (before.id, before.version))
            #expect(credential.version > before.version)
            #expect(credential.keys == keys)
            #expect(try await store.setPassword(keys, of: "nobody@example.org") == nil)
        }
    }

    @Test("switches, grants and removal", arguments: StoreKind.allCases)
    func changes(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            let address = "alice@example.org"
            let added = try #require(try await store.add(NewAccount(address: address, credential: Self.keys)))
            #expect(try await store.setEnabled(false, of: address))
            #expect(try await store.setSandbox(true, of: address))
            #expect(try await store.setEnabled(false, of: "nobody@example.org") == false)
            let pattern = try #require(IdentityPattern("*@example.net"))
            #expect(try await store.grant(pattern, to: address))
            #expect(try await store.grant(pattern, to: address))
            #expect(try await store.grant(pattern, to: "nobody@example.org") == false)
            let changed = try #require(try await store.account(address: address))
            #expect(!changed.isEnabled)
            #expect(changed.isSandbox)
            #expect(changed.identities == [pattern])
            #expect(try await store.revoke(pattern, from: address))
            #expect(try await store.revoke(pattern, from: address) == false)
            #expect(try await store.remove(address: address)?.id == added.id)
            #expect(try await store.remove(address: address) == nil)
            #expect(try await store.account(address: address) == nil)
            let again = try #require(try await store.add(NewAccount(address: address, credential: Self.keys)))
            #expect(again.credentials.first?.id != added.credentials.first?.id, "numbers are not used twice")
        }
    }

    @Test("lists go by address, page by page", arguments: StoreKind.allCases)
    func list(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            for name in ["c", "a", "d", "b"] { _ = try await store.add(Self.account("\(name)@example.org")) }
            let page = try await store.list(after: nil, limit: 3)
            #expect(page.map(\.address) == ["a@example.org", "b@example.org", "c@example.org"])
            #expect(page.first?.credentials.first?.scram.count == 2)
            let rest = try await store.list(after: page.last?.address, limit: 3)
            #expect(rest.map(\.address) == ["d@example.org"])
        }
    }

    @Test("domains", arguments: StoreKind.allCases)
    func domains(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            #expect(try await store.addDomain("example.org"))
            #expect(try await store.addDomain("example.com"))
            #expect(try await store.addDomain("example.org") == false)
            #expect(try await store.domains() == ["example.com", "example.org"])
            #expect(try await store.removeDomain("example.org"))
            #expect(try await store.removeDomain("example.org") == false)
            #expect(try await store.domains() == ["example.com"])
        }
    }

    @Test("what looks like SQL is an address like any other", arguments: StoreKind.allCases)
    func injection(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            let address = "'; DROP TABLE account; --@example.org"
            _ = try await store.add(Self.account(address))
            #expect(try await store.account(address: address)?.address == address)
            #expect(try await store.account(address: "' OR 1=1 --") == nil)
            #expect(try await store.account(address: "%@example.org") == nil)
        }
    }
}
