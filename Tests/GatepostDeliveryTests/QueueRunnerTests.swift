import Foundation
import GatepostModel
import MailSyntax
import NIOCore
import SASL
import SMTP
import Testing

@testable import GatepostDelivery

@Suite("Delivery from the queue to a server on loopback", .timeLimit(.minutes(1)))
struct QueueRunnerTests {
    @Test("a message goes to the domain's exchanger, octet by octet, and leaves the queue")
    func delivers() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@a.example"])
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        let message = try #require(sink.state.messages.first)
        #expect(message.mail.hasPrefix("MAIL FROM:<alice@sender.example>"))
        #expect(message.recipients.count == 1)
        #expect(message.recipients.first?.hasPrefix("RCPT TO:<bob@a.example>") == true)
        #expect(message.content == "Subject: test\r\n\r\nhello\r\n.dot\r\n")
        let result = try #require(scene.store.state.results.first)
        #expect(result.outcome == .delivered)
        #expect(result.attempt.peer == "mx.a.example [127.0.0.1]:\(sink.port)")
        #expect(result.attempt.reply?.code == 250)
        #expect(scene.runner.counters.delivered == 1)
        #expect(scene.runner.messagesInFlight == 0)
        try await sink.stop()
    }

    @Test("a 4yz is tried again when its time has come")
    func retries() async throws {
        let tries = Observable(0)
        var script = Sink.Script()
        script.rcpt = { _, _ in
            tries.change {
                $0 += 1
                return $0
            } == 1 ? "450 4.2.1 later" : "250 2.1.5 ok"
        }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@a.example"])
            scene.runner.notify()
            let state = await scene.store.observable.wait { $0.results.count == 1 }
            guard case .deferred(let next, _) = state.results[0].outcome else {
                Issue.record("not deferred")
                return
            }
            #expect((.seconds(240)...(.seconds(360))).contains(next - scene.time.now()))
            #expect(state.results[0].attempt.reply == Reply(450, EnhancedStatusCode(4, 2, 1), "later"))
            await scene.time.waitForSleeper(of: .seconds(60))
            for _ in 0..<6 { scene.time.advance(by: .seconds(61)) }
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(tries.state == 2)
        try await sink.stop()
    }

    @Test("a 5yz becomes a notification to the sender, stored with the outcome")
    func notifies() async throws {
        var script = Sink.Script()
        script.rcpt = { line, _ in line.contains("bob") ? "550 5.1.1 no bob here" : "250 2.1.5 ok" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@a.example", "carol@a.example"])
            scene.runner.notify()
            await sink.observable.wait { $0.messages.count == 2 }
            await scene.store.observable.wait(until: \.isEmpty)
        }
        let notification = try #require(sink.state.messages.first { $0.mail.hasPrefix("MAIL FROM:<>") })
        #expect(notification.recipients.first?.hasPrefix("RCPT TO:<alice@sender.example>") == true)
        #expect(notification.content.contains("550 5.1.1 no bob here"))
        #expect(!notification.content.contains("carol@a.example"))
        #expect(scene.runner.counters.failed == 1)
        #expect(scene.runner.counters.notifications == 1)
        try await sink.stop()
    }

    @Test("nobody is told when a notification fails")
    func dropsNotification() async throws {
        var script = Sink.Script()
        script.rcpt = { _, _ in "550 5.1.1 no" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@a.example"], from: nil)
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(scene.store.state.notifications.isEmpty)
        #expect(scene.runner.counters.dropped == 1)
        try await sink.stop()
    }

    @Test("the next exchanger is used when one does not answer")
    func nextExchanger() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@two.example"])
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.count == 1)
        #expect(scene.runner.counters.connectionFailures == 1)
        try await sink.stop()
    }

    @Test("a domain with a null MX fails at once, RFC 7505")
    func nullMX() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@null.example"])
            scene.runner.notify()
            await sink.observable.wait { $0.messages.count == 1 }
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.first?.content.contains("5.1.10") == true)
        try await sink.stop()
    }

    @Test("one connection carries many messages")
    func reuses() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port, connectionsPerDestination: 1)
        for _ in 0..<30 { try await scene.enqueue(["bob@a.example"]) }
        try await scene.run {
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.count == 30)
        #expect(sink.state.connections == 1)
        #expect(scene.runner.counters.reused == 29)
        try await sink.stop()
    }

    @Test("an idle connection is closed after its time")
    func closesIdle() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue(["bob@a.example"])
            scene.runner.notify()
            await scene.time.waitForSleeper(of: .seconds(2))
            #expect(!sink.state.lines.contains("QUIT"))
            scene.time.advance(by: .seconds(2))
            await sink.observable.wait { $0.lines.contains("QUIT") }
        }
        try await sink.stop()
    }

    @Test("a connection that the server has closed meanwhile costs nothing but another")
    func reconnects() async throws {
        var script = Sink.Script()
        script.mail = { _, transaction in transaction == 2 ? "" : "250 2.1.0 ok" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port, connectionsPerDestination: 1)
        for _ in 0..<2 { try await scene.enqueue(["bob@a.example"]) }
        try await scene.run {
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.map(\.connection) == [1, 2])
        #expect(scene.runner.counters.deferred == 0)
        try await sink.stop()
    }

    @Test("421 to a used connection costs nothing but another")
    func reconnectsAfter421() async throws {
        var script = Sink.Script()
        script.mail = { _, transaction in transaction == 2 ? "421 4.4.5 enough" : "250 2.1.0 ok" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port, connectionsPerDestination: 1)
        for _ in 0..<2 { try await scene.enqueue(["bob@a.example"]) }
        try await scene.run {
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.map(\.connection) == [1, 2])
        #expect(scene.runner.counters.deferred == 0)
        try await sink.stop()
    }

    @Test("a server that ends every connection with 421 is left alone as a whole")
    func always421() async throws {
        var script = Sink.Script()
        script.mail = { _, _ in "421 4.7.0 go away" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port)
        for _ in 0..<30 { try await scene.enqueue(["bob@a.example"]) }
        try await scene.run {
            await scene.store.observable.wait { $0.results.count == 30 }
        }
        #expect(scene.runner.counters.deferred == 30)
        #expect(sink.state.connections < 12)
        try await sink.stop()
    }

    @Test("many recipients go in transactions of 100")
    func manyRecipients() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue((0..<250).map { "user\($0)@a.example" })
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.map(\.recipients.count) == [100, 100, 50])
        #expect(sink.state.connections == 1)
        try await sink.stop()
    }

    @Test("452 for want of room opens another transaction at once, RFC 5321 §4.5.3.1.10")
    func tooManyRecipients() async throws {
        var script = Sink.Script()
        script.rcpt = { _, accepted in accepted == 2 ? "452 4.5.3 too many" : "250 2.1.5 ok" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue((0..<5).map { "user\($0)@a.example" })
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.map(\.recipients.count) == [2, 2, 1])
        #expect(scene.runner.counters.deferred == 0)
        try await sink.stop()
    }

    @Test("the server's LIMITS RCPTMAX is kept")
    func recipientLimit() async throws {
        var script = Sink.Script()
        script.extensions.append("LIMITS RCPTMAX=2")
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port)
        try await scene.run {
            try await scene.enqueue((0..<3).map { "user\($0)@a.example" })
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.map(\.recipients.count) == [2, 1])
        try await sink.stop()
    }

    @Test("a dead destination is knocked at once for all its messages")
    func deadDestination() async throws {
        let scene = try Scene(port: 1)
        for _ in 0..<20 { try await scene.enqueue(["bob@dead.example"]) }
        try await scene.run {
            await scene.store.observable.wait { $0.results.count == 20 }
            // One more finds the door known to be shut.
            try await scene.enqueue(["bob@dead.example"])
            scene.runner.notify()
            await scene.store.observable.wait { $0.results.count == 21 }
        }
        #expect(scene.runner.counters.connectionFailures == 1)
        #expect(scene.store.state.results.last?.attempt.note?.contains("not tried again until") == true)
        #expect(scene.store.state.entries.count == 21)
    }

    @Test("the operator's retry tries a destination that is left alone")
    func retryNow() async throws {
        let scene = try Scene(port: 1)
        try await scene.enqueue(["bob@dead.example"])
        try await scene.run {
            await scene.store.observable.wait { $0.results.count == 1 }
            try await scene.enqueue(["bob@dead.example"])
            scene.runner.retryNow()
            await scene.store.observable.wait { $0.results.count == 2 }
        }
        #expect(scene.runner.counters.connectionFailures == 2)
    }

    @Test("a message that breaks a server's connection does not hold up the others")
    func poison() async throws {
        var script = Sink.Script()
        script.mail = { line, _ in line.contains("poison") ? "" : "250 2.1.0 ok" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port, connectionsPerDestination: 1)
        try await scene.enqueue(["bob@a.example"], from: "poison@sender.example")
        for _ in 0..<3 { try await scene.enqueue(["bob@a.example"]) }
        try await scene.run {
            await scene.store.observable.wait { $0.results.count == 4 }
        }
        #expect(sink.state.messages.count == 3)
        #expect(scene.runner.counters.deferred == 1)
        try await sink.stop()
    }

    @Test("a large message is read from its file")
    func largeMessage() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gatepost-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let text = "Subject: large\r\n\r\n" + String(repeating: "0123456789abcdef\r\n", count: 20_000)
        try Data(text.utf8).write(to: folder.appendingPathComponent("large"))
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port, spool: folder.path)
        try await scene.run {
            let content = MessageContent.file(name: "large", octets: text.utf8.count, front: Array("A: b\r\n".utf8))
            try await scene.enqueue(["bob@a.example"], content: content)
            try await scene.enqueue(["bob@a.example"], content: .file(name: "missing", octets: 10))
            scene.runner.notify()
            await scene.store.observable.wait { $0.results.count == 2 }
        }
        #expect(sink.state.messages.map(\.content) == ["A: b\r\n" + text])
        #expect(scene.runner.counters.deferred == 1)
        try await sink.stop()
    }

    @Test("a store that refuses outcomes is asked again")
    func settleFailure() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port)
        scene.store.observable.change { $0.settleFailures = 1 }
        try await scene.enqueue(["bob@a.example"])
        try await scene.run {
            await scene.time.waitForSleeper(of: .seconds(1))
            scene.time.advance(by: .seconds(1))
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.count == 1)
        try await sink.stop()
    }

    @Test("a shutdown in the middle of a delivery leaves the message in the queue")
    func shutdown() async throws {
        var script = Sink.Script()
        script.content = { _ in nil }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port) { $0.shutdownTime = .seconds(30) }
        try await scene.enqueue(["bob@a.example"])
        let running = Task { try await scene.runner.run() }
        await sink.observable.wait { $0.messages.count == 1 }
        scene.runner.shutDown()
        await scene.time.waitForSleeper(of: .seconds(30))
        scene.time.advance(by: .seconds(30))
        try await running.value
        #expect(scene.store.state.entries.count == 1)
        #expect(scene.store.state.leased == 0)
        #expect(scene.store.state.results.isEmpty)
        try await sink.stop()
    }

    @Test("a shutdown lets a running transaction finish and records it")
    func orderlyShutdown() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port, connectionsPerDestination: 1)
        for _ in 0..<200 { try await scene.enqueue(["bob@a.example"]) }
        let running = Task { try await scene.runner.run() }
        await sink.observable.wait { $0.messages.count >= 10 }
        scene.runner.shutDown()
        try await running.value
        // Delivered and in the queue add up: nothing is lost, nothing comes twice.
        #expect(sink.state.messages.count + scene.store.state.entries.count == 200)
        #expect(scene.store.state.leased == 0)
        try await sink.stop()
    }

    @Test("cancelling records what was accepted")
    func cancellation() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: sink.port, connectionsPerDestination: 1)
        for _ in 0..<200 { try await scene.enqueue(["bob@a.example"]) }
        let running = Task { try await scene.runner.run() }
        await sink.observable.wait { $0.messages.count >= 10 }
        running.cancel()
        try await running.value
        let left = scene.store.state.entries.count
        // At most the transaction that was cut is in both places.
        #expect((200...201).contains(sink.state.messages.count + left))
        #expect(scene.store.state.leased == 0)
        try await sink.stop()
    }

    @Test("nothing is delivered with the route hold")
    func hold() async throws {
        let scene = try Scene(port: 1, route: .hold)
        try await scene.enqueue(["bob@a.example"])
        try await scene.run { scene.runner.notify() }
        #expect(scene.store.state.entries.count == 1)
        #expect(scene.store.state.results.isEmpty)
    }
}
