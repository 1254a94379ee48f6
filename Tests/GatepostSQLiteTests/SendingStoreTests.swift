import GatepostModel
import GatepostSQLite
import GatepostTesting
import MailSyntax
import Testing

@Suite("What every store keeps of sending")
struct SendingStoreTests {
    private static let alice = "alice@example.org"

    private func withAccount(
        _ kind: StoreKind,
        _ body: (any AnyStore, Account) async throws -> Void
    ) async throws {
        try await kind.withStore { store async throws in
            let keys = NewCredential(argon2id: "x", scram: [])
            let account = try #require(try await store.add(NewAccount(address: Self.alice, credential: keys)))
            try await body(store, account)
        }
    }

    private static func change(_ account: Account, _ now: Timestamp) -> SendingChange {
        var change = SendingChange(credential: 7, at: now)
        change.account = account.id
        change.amount = SendingAmount(messages: 1, recipients: 3, newRecipients: 2, burst: 1)
        change.recipients = [1, -2, .max, .min]
        change.network = IPNetwork("192.0.2.0/24")
        change.told = .newNetworkBurst
        return change
    }

    @Test("what was counted comes with the message, and is read back", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store, account in
            var maker = MessageMaker()
            var held = try maker.message(route: .hold)
            held.holdReason = "account-messages-per-day"
            try await store.enqueue([held, try maker.message()], sending: Self.change(account, noon))
            try await store.enqueue([], sending: Self.change(account, noon + .seconds(1)))
            try await store.enqueue([], sending: Self.change(account, noon + .seconds(600)))
            let step = SendingUsage.step(at: noon)
            let record = try await store.sendingRecord(of: account.id, since: step)
            #expect(record.account.steps.map(\.number) == [step, step + 2])
            #expect(
                record.account.steps.first?.amount
                    == SendingAmount(messages: 2, recipients: 6, newRecipients: 4, burst: 2)
            )
            #expect(record.credentials[7] == record.account)
            #expect(record.credentials.count == 1)
            let network = try #require(IPNetwork("192.0.2.0/24"))
            #expect(record.networks == [network: .init(first: noon, last: noon + .seconds(600))])
            #expect(record.told == ["new-network-burst": noon + .seconds(600)])
            #expect(try await store.sendingRecord(of: account.id, since: step + 1).account.steps.count == 1)
            #expect(try await store.knownRecipients([1, 2, .min], of: account.id) == [1, .min])
            #expect(try await store.knownRecipients([1], of: account.id + 1).isEmpty)

            let listed = try await store.list(.all, after: nil, limit: 10)
            #expect(listed.map(\.holdReason) == ["account-messages-per-day", nil])
            #expect(try await store.show(held.identifier)?.holdReason == "account-messages-per-day")
        }
    }

    @Test("an account's limits are kept", arguments: StoreKind.allCases)
    func limits(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store, _ in
            let limits = try #require(SendingLimits(text: "messagesPerDay=5 sessions=none"))
            #expect(try await store.setLimits(limits, of: Self.alice))
            #expect(try await store.account(address: Self.alice)?.limits == limits)
            #expect(try await !store.setLimits(limits, of: "nobody@example.org"))
            #expect(try await store.setLimits(SendingLimits(), of: Self.alice))
            #expect(try await store.account(address: Self.alice)?.limits.isEmpty == true)
        }
    }

    @Test("an account that is gone has nothing kept, and its message is", arguments: StoreKind.allCases)
    func removed(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store, account in
            _ = try await store.remove(address: Self.alice)
            var maker = MessageMaker()
            try await store.enqueue([try maker.message()], sending: Self.change(account, noon))
            #expect(try await store.list(.all, after: nil, limit: 10).count == 1)
            #expect(try await store.sendingRecord(of: account.id, since: 0) == SendingRecord())
            #expect(try await store.knownRecipients([1], of: account.id).isEmpty)
        }
    }

    @Test("what is of no use any more goes")
    func expiry() async throws {
        try await self.withAccount(.sqlite) { store, account in
            try await store.enqueue([], sending: Self.change(account, noon))
            try await store.expireSending(now: noon + .seconds(3600))
            #expect(try await store.sendingRecord(of: account.id, since: 0).account.steps.count == 1)
            try await store.expireSending(now: noon + .seconds(3 * 86_400))
            let record = try await store.sendingRecord(of: account.id, since: 0)
            #expect(record.account.steps.isEmpty && record.credentials.isEmpty && record.told.isEmpty)
            #expect(record.networks.count == 1)
            #expect(try await store.knownRecipients([1], of: account.id) == [1])
            try await store.expireSending(now: noon + .seconds(366 * 86_400))
            #expect(try await store.sendingRecord(of: account.id, since: 0) == SendingRecord())
            #expect(try await store.knownRecipients([1], of: account.id).isEmpty)
        }
    }
}
