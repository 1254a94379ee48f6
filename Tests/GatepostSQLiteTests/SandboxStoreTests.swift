import GatepostModel
import Testing

@Suite("What every sandbox store does")
struct SandboxStoreTests {
    @Test("a sandbox message lies in the inbox and is never lent", arguments: StoreKind.allCases)
    func inbox(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let first = try maker.message(to: ["a@example.net", "b@example.net"], route: .sandbox("alice@example.org"))
            let second = try maker.message(route: .sandbox("bob@example.org"))
            let third = try maker.message(route: .sandbox("alice@example.org"))
            for message in [first, second, third] { try await store.enqueue(message) }
            #expect(try await store.lease(limit: 9, now: noon + .seconds(9), until: noon + .seconds(60)).isEmpty)
            #expect(try await store.show(first.identifier) == nil)
            #expect(try await store.release(.all, now: noon) == 0)
            let all = try await store.inbox(account: nil, limit: 9)
            #expect(all.map(\.identifier) == [third.identifier, second.identifier, first.identifier])
            let alice = try await store.inbox(account: "alice@example.org", limit: 9)
            #expect(alice.map(\.identifier) == [third.identifier, first.identifier])
            let shown = try #require(try await store.inboxMessage(first.identifier))
            #expect(shown.recipients == first.recipients)
            #expect(shown.account == "alice@example.org")
            #expect(shown.subject == "hello")
            #expect(try await store.content(of: first.identifier) == first.content)
            #expect(try await store.clearInbox(account: "alice@example.org") == 2)
            #expect(try await store.content(of: first.identifier) == nil)
            #expect(try await store.inbox(account: nil, limit: 9).map(\.identifier) == [second.identifier])
        }
    }

    @Test("waiting ends with the first message that fits", arguments: StoreKind.allCases)
    func wait(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let route = MessageRoute.sandbox("alice@example.org")
            let early = try maker.message(route: route)
            try await store.enqueue(early)
            #expect(
                try await store.waitForInboxMessage(account: nil, subject: nil, after: nil, timeout: .seconds(30))?
                    .identifier == early.identifier
            )
            let other = try maker.message(route: route, subject: "other")
            let fitting = try maker.message(route: route, subject: "your code is 1234")
            async let found = store.waitForInboxMessage(
                account: "alice@example.org",
                subject: "code is",
                after: early.identifier,
                timeout: .seconds(30)
            )
            try await store.enqueue(other)
            try await store.enqueue(fitting)
            #expect(try await found?.identifier == fitting.identifier)
        }
    }

    @Test("waiting ends when the time is up", arguments: StoreKind.allCases)
    func waitInVain(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            let found = try await store.waitForInboxMessage(
                account: nil,
                subject: "x",
                after: nil,
                timeout: .milliseconds(1)
            )
            #expect(found == nil)
        }
    }
}
