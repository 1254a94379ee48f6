import GatepostModel
import MailSyntax
import SMTP
import Testing

@Suite("What every queue store does")
struct QueueStoreTests {
    @Test("a message comes back as it was given", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let octets = [UInt8](0...255) + Array(repeating: 0x41, count: 10_000)
            let message = try maker.message(to: ["bob@example.net", "", "\"o d d\"@[192.0.2.1]"], content: octets)
            try await store.enqueue(message)
            #expect(try await store.content(of: message.identifier) == .inline(octets))

            let leased = try await store.lease(limit: 10, now: noon + .seconds(1), until: noon + .seconds(60))
            #expect(leased.count == 1)
            let first = try #require(leased.first)
            #expect(first.identifier == message.identifier)
            #expect(first.envelope == message.envelope)
            #expect(first.size == octets.count)
            #expect(first.account == "alice@example.org")
            #expect(first.received == message.received)
            #expect(first.recipients.map(\.recipient) == message.recipients)
            #expect(first.recipients.map(\.number) == [0, 1, 2])
            #expect(first.recipients.allSatisfy { $0.attempts == 0 && !$0.isDelayNotified })
        }
    }

    @Test("an empty message and the null reverse-path", arguments: StoreKind.allCases)
    func empty(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            var message = try maker.message(content: [], account: nil, subject: nil)
            message.envelope = Envelope(reversePath: .null)
            message.recipients[0].notify = nil
            message.recipients[0].originalRecipient = nil
            try await store.enqueue(message)
            #expect(try await store.content(of: message.identifier) == .inline([]))
            let shown = try #require(try await store.show(message.identifier))
            #expect(shown.envelope == message.envelope)
            #expect(shown.account == nil)
            #expect(shown.subject == nil)
            #expect(shown.recipients.map(\.recipient) == message.recipients)
        }
    }

    @Test("what is leased is lent once, until the lease ends", arguments: StoreKind.allCases)
    func leases(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let messages = try (0..<3).map { _ in try maker.message() }
            for message in messages { try await store.enqueue(message) }
            let until = noon + .seconds(60)
            let first = try await store.lease(limit: 2, now: noon + .seconds(1), until: until)
            #expect(first.map(\.identifier) == messages[0..<2].map(\.identifier))
            let second = try await store.lease(limit: 2, now: noon + .seconds(1), until: until)
            #expect(second.map(\.identifier) == [messages[2].identifier])
            #expect(try await store.lease(limit: 2, now: noon + .seconds(59), until: until).isEmpty)
            #expect(try await store.nextDue(after: noon + .seconds(1)) == until)
            #expect(try await store.lease(limit: 9, now: until, until: until + .seconds(9)).count == 3)
            #expect(try await store.lease(limit: 0, now: until + .seconds(99), until: until + .seconds(100)).isEmpty)
        }
    }

    @Test("nothing is lent before it is due", arguments: StoreKind.allCases)
    func notDue(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let message = try maker.message()
            #expect(try await store.nextDue(after: noon) == nil)
            try await store.enqueue(message)
            #expect(try await store.lease(limit: 1, now: noon, until: noon + .seconds(1)).isEmpty)
            #expect(try await store.nextDue(after: noon) == message.received)
            #expect(try await store.nextDue(after: message.received) == nil)
        }
    }

    @Test("released leases are due at once", arguments: StoreKind.allCases)
    func releaseLeases(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            try await store.enqueue(try maker.message())
            let later = noon + .seconds(1)
            #expect(try await store.lease(limit: 1, now: later, until: later + .seconds(600)).count == 1)
            try await store.releaseLeases()
            #expect(try await store.lease(limit: 1, now: later, until: later + .seconds(600)).count == 1)
        }
    }

    @Test("a message goes with its last recipient", arguments: StoreKind.allCases)
    func settleDelivered(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let message = try maker.message(to: ["a@example.net", "b@example.net"])
            let id = message.identifier
            try await store.enqueue(message)
            _ = try await store.lease(limit: 1, now: noon + .seconds(1), until: noon + .seconds(60))
            try await store.settle([.delivered(id, 1)])
            let shown = try #require(try await store.show(id))
            #expect(shown.recipients.map(\.number) == [0])
            #expect(shown.history.map(\.outcome) == [.delivered])
            #expect(shown.history.map(\.forwardPath) == [message.recipients[1].forwardPath])
            try await store.settle([.delivered(id, 1)])
            #expect(try await store.show(id)?.recipients.count == 1, "a recipient that is gone is ignored")
            try await store.settle([.delivered(id, 0)])
            #expect(try await store.show(id) == nil)
            #expect(try await store.content(of: id) == nil)
            #expect(try await store.statistics() == QueueStatistics())
            try await store.settle([.delivered(id, 0)])
        }
    }

    @Test("a result for a number that the message does not have removes nothing", arguments: StoreKind.allCases)
    func settleUnknownRecipient(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let message = try maker.message()
            try await store.enqueue(message)
            try await store.settle([.delivered(message.identifier, 7)])
            #expect(try await store.show(message.identifier)?.recipients.count == 1)
            #expect(try await store.content(of: message.identifier) != nil)
        }
    }

    @Test("a deferred recipient comes back at its time, with its history", arguments: StoreKind.allCases)
    func settleDeferred(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let message = try maker.message()
            let id = message.identifier
            try await store.enqueue(message)
            _ = try await store.lease(limit: 1, now: noon + .seconds(1), until: noon + .seconds(60))
            let next = noon + .seconds(300)
            let result = RecipientResult.deferred(id, 0, until: next)
            try await store.settle([result])
            #expect(try await store.lease(limit: 1, now: noon + .seconds(299), until: next).isEmpty)
            #expect(try await store.show(id)?.recipients.first?.state == .waiting(until: next))
            let again = try await store.lease(limit: 1, now: next, until: next + .seconds(60))
            let recipient = try #require(again.first?.recipients.first)
            #expect(recipient.attempts == 1)
            #expect(recipient.isDelayNotified)
            let history = try #require(try await store.show(id)?.history)
            #expect(history.map(\.attempt) == [result.attempt])
            #expect(history.map(\.outcome) == [.deferred])
        }
    }

    @Test("a notification enters with the result that it is about", arguments: StoreKind.allCases)
    func notifications(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let message = try maker.message()
            let notification = try maker.message(to: ["alice@example.org"], account: nil)
            try await store.enqueue(message)
            var result = RecipientResult.delivered(message.identifier, 0)
            result.outcome = .failed
            try await store.settle([result], notifications: [notification])
            #expect(try await store.show(message.identifier) == nil)
            #expect(try await store.show(notification.identifier) != nil)
        }
    }

    @Test("held messages wait until they are released", arguments: StoreKind.allCases)
    func holdAndRelease(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let held = try maker.message(route: .hold)
            let other = try maker.message(to: ["c@example.com", "d@Example.NET"])
            try await store.enqueue(held)
            try await store.enqueue(other)
            #expect(try await store.hold(.domain("example.net")) == 1)
            #expect(try await store.statistics().held == 2)
            let later = noon + .seconds(1)
            let leased = try await store.lease(limit: 9, now: later, until: later + .seconds(60))
            #expect(leased.map(\.recipients).map { $0.map(\.number) } == [[0]])
            #expect(try await store.hold(.message(other.identifier)) == 1, "leased ones too")
            try await store.settle([.deferred(other.identifier, 0, until: later)])
            #expect(try await store.show(other.identifier)?.recipients.first?.state == .held)
            #expect(try await store.release(.account("nobody@example.org"), now: later) == 0)
            #expect(try await store.release(.all, now: later) == 3)
            #expect(try await store.lease(limit: 9, now: later, until: later + .seconds(60)).count == 2)
        }
    }

    @Test("retry makes waiting recipients due", arguments: StoreKind.allCases)
    func retry(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let message = try maker.message()
            try await store.enqueue(message)
            let later = noon + .seconds(1)
            try await store.settle([.deferred(message.identifier, 0, until: noon + .seconds(9_000))])
            #expect(try await store.retry(.message(maker.message().identifier), now: later) == 0)
            #expect(try await store.retry(.account("alice@example.org"), now: later) == 1)
            #expect(try await store.lease(limit: 1, now: later, until: later + .seconds(60)).count == 1)
            #expect(try await store.retry(.all, now: later) == 0, "leased ones stay")
        }
    }

    @Test("cancelled recipients are gone, and their message with the last", arguments: StoreKind.allCases)
    func cancel(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let message = try maker.message(to: ["a@example.com", "b@example.net"])
            let other = try maker.message(to: ["c@example.com"])
            let inbox = try maker.message(to: ["c@example.com"], route: .sandbox("alice@example.org"))
            for message in [message, other, inbox] { try await store.enqueue(message) }
            #expect(try await store.cancel(.domain("example.com")) == 2)
            #expect(try await store.show(message.identifier)?.recipients.map(\.number) == [1])
            #expect(try await store.show(other.identifier) == nil)
            #expect(try await store.cancel(.message(message.identifier)) == 1)
            #expect(try await store.statistics().messages == 0)
            #expect(try await store.inbox(account: nil, limit: 9).count == 1)
        }
    }

    @Test("lists go by age, page by page, and leave inboxes out", arguments: StoreKind.allCases)
    func list(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let messages = try (0..<5).map { try maker.message(to: ["u\($0)@d\($0 % 2).example"]) }
            for message in messages.reversed() { try await store.enqueue(message) }
            try await store.enqueue(try maker.message(route: .sandbox("alice@example.org")))
            let page = try await store.list(.all, after: nil, limit: 3)
            #expect(page.map(\.identifier) == messages[0..<3].map(\.identifier))
            let next = try await store.list(.all, after: page.last?.identifier, limit: 3)
            #expect(next.map(\.identifier) == messages[3...].map(\.identifier))
            #expect(try await store.list(.domain("d1.example"), after: nil, limit: 9).count == 2)
            #expect(try await store.list(.message(messages[4].identifier), after: nil, limit: 9).count == 1)
            #expect(try await store.list(.account("alice@example.org"), after: nil, limit: 9).count == 5)
            #expect(try await store.list(.account("bob@example.org"), after: nil, limit: 9).isEmpty)
            #expect(page.first?.subject == "hello")
        }
    }

    @Test("statistics count states and octets", arguments: StoreKind.allCases)
    func statistics(_ kind: StoreKind) async throws {
        try await kind.withStore { store async throws in
            var maker = MessageMaker()
            let first = try maker.message(to: ["a@example.net", "b@example.net"])
            try await store.enqueue(first)
            _ = try await store.lease(limit: 1, now: noon + .seconds(1), until: noon + .seconds(60))
            try await store.enqueue(try maker.message())
            try await store.enqueue(try maker.message(route: .hold))
            try await store.enqueue(try maker.message(route: .sandbox("alice@example.org")))
            let statistics = try await store.statistics()
            #expect(statistics.messages == 3)
            #expect(statistics.octets == 3 * first.size)
            #expect(statistics.leased == 2)
            #expect(statistics.waiting == 1)
            #expect(statistics.held == 1)
            #expect(statistics.oldest == first.received)
        }
    }
}
