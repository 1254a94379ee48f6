import GatepostModel
import GatepostSQLite
import MailSyntax
import Testing

@Suite("Aliases in the store")
struct AliasStoreTests {
    @Test("are kept, replaced, listed in pages and removed", arguments: StoreKind.allCases)
    func aliases(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let targets = try ["alice@example.org", "\"a b\"@elsewhere.example", "bücher@bücher.example"].map {
                try Mailbox(parsing: $0)
            }
            #expect(try await store.alias("info@example.org") == nil)
            #expect(try await store.setAlias(Alias(address: "info@example.org", targets: targets)))
            #expect(try await store.alias("info@example.org") == Alias(address: "info@example.org", targets: targets))
            #expect(try await store.setAlias(Alias(address: "@example.org", targets: [targets[0]])))
            #expect(try await !store.setAlias(Alias(address: "info@example.org", targets: [targets[1]])))
            #expect(try await store.alias("info@example.org")?.targets == [targets[1]])
            #expect(try await store.alias("@example.org")?.isCatchAll == true)
            let all = try await store.aliases(after: nil, limit: 10)
            #expect(all.map(\.address) == ["@example.org", "info@example.org"])
            #expect(try await store.aliases(after: "@example.org", limit: 10).map(\.address) == ["info@example.org"])
            #expect(try await store.aliases(after: nil, limit: 1).count == 1)
            #expect(try await store.removeAlias("info@example.org"))
            #expect(try await !store.removeAlias("info@example.org"))
            #expect(try await store.alias("info@example.org") == nil)
        }
    }

    @Test("a domain is local or not", arguments: StoreKind.allCases)
    func domains(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            _ = try await store.addDomain("example.org")
            #expect(try await store.isLocal(domain: "example.org"))
            #expect(try await !store.isLocal(domain: "org"))
            #expect(try await !store.isLocal(domain: "example.or"))
        }
    }

    @Test("that a reverse-path is not proved is kept with the message", arguments: StoreKind.allCases)
    func proof(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            var maker = MessageMaker()
            var message = try maker.message()
            message.envelope.isReversePathProved = false
            try await store.enqueue(message)
            let leased = try await store.lease(limit: 1, now: noon + .seconds(60), until: noon + .seconds(120))
            #expect(leased.first?.envelope.isReversePathProved == false)
        }
    }

    @Test("messages that share a file keep it until the last of them is gone, and each has its own front")
    func sharedFile() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            let path = store.spoolDirectory + "/shared"
            try write(Array("body".utf8), to: path)
            var maker = MessageMaker()
            var messages = [try maker.message(), try maker.message()]
            for index in messages.indices {
                messages[index].content = .file(name: "shared", octets: 4, front: Array("F\(index)".utf8))
                messages[index].size = 6
            }
            try await store.enqueue(messages, sending: nil)
            #expect(
                try await store.content(of: messages[1].identifier)
                    == .file(name: "shared", octets: 4, front: Array("F1".utf8))
            )
            _ = try await store.cancel(.message(messages[0].identifier))
            #expect(try contents(of: path) == Array("body".utf8))
            _ = try await store.cancel(.message(messages[1].identifier))
            #expect(names(in: store.spoolDirectory).isEmpty)
            try await store.close()
        }
    }
}
