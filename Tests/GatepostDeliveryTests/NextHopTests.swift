import GatepostModel
import SASL
import SMTP
import Testing

@testable import GatepostDelivery

@Suite("Relay, local store and notifications", .timeLimit(.minutes(1)))
struct NextHopTests {
    private static func relay(_ port: Int, user: String? = nil) -> Configuration.Delivery.Route {
        .relay(
            Configuration.Relay(
                host: "relay.example",
                port: port,
                tls: .none,
                user: user,
                password: user.map { _ in Secret("secret") }
            )
        )
    }

    @Test("a relay takes all recipients of a message in one transaction")
    func relay() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: 1, route: Self.relay(sink.port))
        try await scene.run {
            try await scene.enqueue(["bob@a.example", "carol@b.example", "dora@null.example"])
            scene.runner.notify()
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.map(\.recipients.count) == [3])
        try await sink.stop()
    }

    @Test("a relay that refuses the login is not asked again for every message")
    func refusedLogin() async throws {
        let logins = Observable(0)
        var script = Sink.Script()
        script.extensions.append("AUTH CRAM-MD5")
        script.other = { line in
            if line.hasPrefix("AUTH CRAM-MD5") {
                logins.change { $0 += 1 }
                return "334 PDE4OTYuNjk3MTcwOTUyQHNpbms+"
            }
            return "535 5.7.8 no"
        }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: 1, route: Self.relay(sink.port, user: "gatepost"))
        for _ in 0..<10 { try await scene.enqueue(["bob@a.example"]) }
        try await scene.run {
            await scene.store.observable.wait { $0.results.count == 10 }
            try await scene.enqueue(["bob@a.example"])
            scene.runner.notify()
            let state = await scene.store.observable.wait { $0.results.count == 11 }
            #expect(logins.state == 1)
            for result in state.results {
                guard case .deferred(let next, _) = result.outcome else {
                    Issue.record("not deferred: \(result)")
                    continue
                }
                #expect(next >= scene.time.now() + .seconds(300))
                #expect(result.attempt.note?.contains("535 5.7.8 no") == true)
            }
            // After its time the login is tried once more.
            for _ in 0..<8 { scene.time.advance(by: .seconds(61)) }
            await scene.store.observable.wait { $0.results.count == 22 }
        }
        #expect(logins.state == 2)
        try await sink.stop()
    }

    @Test("without the TLS that a relay must have, the mail waits")
    func relayWithoutTLS() async throws {
        let sink = try await Sink.start()
        let route = Configuration.Delivery.Route.relay(Configuration.Relay(host: "127.0.0.1", port: sink.port))
        let scene = try Scene(port: 1, route: route)
        try await scene.run {
            try await scene.enqueue(["bob@a.example"])
            scene.runner.notify()
            await scene.store.observable.wait { $0.results.count == 1 }
        }
        #expect(sink.state.messages.isEmpty)
        #expect(scene.store.state.results.first?.attempt.note?.contains("454 4.7.5") == true)
        try await sink.stop()
    }

    @Test("LMTP: each recipient has its own outcome, RFC 2033 §4.2")
    func mixedLMTP() async throws {
        var script = Sink.Script()
        script.isLMTP = true
        script.extensions = ["PIPELINING", "ENHANCEDSTATUSCODES"]
        script.content = { recipient in
            if recipient.contains("full") { return "452 4.2.2 full" }
            return recipient.contains("gone") ? "550 5.2.1 gone" : "250 2.1.5 stored"
        }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: 1, local: .tcp(host: "127.0.0.1", port: sink.port))
        let identifier = try await scene.enqueue([
            "good@local.example", "full@LOCAL.example", "gone@local.example",
        ])
        try await scene.run {
            await scene.store.observable.wait { $0.results.count(where: { $0.message == identifier }) == 3 }
        }
        let results = scene.store.state.results.filter { $0.message == identifier }.sorted {
            $0.recipient < $1.recipient
        }
        #expect(results.map(\.attempt.reply?.code) == [250, 452, 550])
        #expect(results[0].outcome == .delivered)
        #expect(results[2].outcome == .failed)
        #expect(scene.store.state.notifications.count == 1)
        #expect(sink.state.lines.first == "LHLO mail.local.example")
        try await sink.stop()
    }

    @Test(
        "NOTIFY=SUCCESS is answered by us where the next hop does not know DSN, RFC 3461 §5.2.2",
        arguments: [(true, "delivered"), (false, "relayed")]
    )
    func success(_ isLocal: Bool, _ action: String) async throws {
        var script = Sink.Script()
        script.isLMTP = isLocal
        script.extensions = ["ENHANCEDSTATUSCODES"]
        let sink = try await Sink.start(script)
        let scene = try Scene(
            port: 1,
            route: Self.relay(sink.port),
            local: isLocal ? .tcp(host: "127.0.0.1", port: sink.port) : nil
        )
        try await scene.enqueue(["bob@local.example"], from: "alice@local.example", notify: .success)
        try await scene.run {
            await scene.store.observable.wait(until: \.isEmpty)
            await sink.observable.wait { $0.messages.count == 2 }
        }
        #expect(sink.state.messages.last?.content.contains("Action: \(action)") == true)
        try await sink.stop()
    }

    @Test("NOTIFY=SUCCESS is handed on where the next hop knows DSN, RFC 3461 §5.2.1")
    func successHandedOn() async throws {
        let sink = try await Sink.start()
        let scene = try Scene(port: 1, route: Self.relay(sink.port))
        try await scene.enqueue(["bob@a.example"], notify: .success)
        try await scene.run { await scene.store.observable.wait(until: \.isEmpty) }
        #expect(sink.state.messages.count == 1)
        #expect(sink.state.messages.first?.recipients.first?.contains("NOTIFY=SUCCESS") == true)
        try await sink.stop()
    }

    @Test("what cannot be delivered in time comes back")
    func expires() async throws {
        var script = Sink.Script()
        script.rcpt = { line, _ in line.contains("bob") ? "450 4.2.1 later" : "250 2.1.5 ok" }
        let sink = try await Sink.start(script)
        let scene = try Scene(port: sink.port) { configuration in
            configuration.delivery.retry = RetrySchedule(
                first: .seconds(600),
                maximum: .seconds(600),
                expire: .seconds(1200)
            )
        }
        try await scene.enqueue(["bob@a.example"])
        try await scene.run {
            await scene.store.observable.wait { $0.results.count == 1 }
            scene.time.advance(by: .seconds(1300))
            scene.runner.notify()
            await sink.observable.wait { $0.messages.count == 1 }
            await scene.store.observable.wait(until: \.isEmpty)
        }
        #expect(sink.state.messages.first?.content.contains("Action: failed") == true)
        try await sink.stop()
    }
}
