import GatepostModel
import MailSyntax
import SASL
import SMTP
import SMTPClient
import Synchronization
import Testing

@testable import GatepostDelivery

@Suite("Memory of logins that the relay refused", .timeLimit(.minutes(1)))
struct RefusedLoginTests {
    private static let start = Timestamp(secondsSince1970: 1_800_000_000)

    @Test("the pause grows from minutes to hours, and ends with a login")
    func grows() {
        let refused = RefusedLogins()
        var now = Self.start
        var pauses: [Duration] = []
        for _ in 0..<8 {
            let until = refused.refused("a", words: "535 5.7.8 no", at: now)
            pauses.append(until - now)
            #expect(refused.refusal(of: "a", at: until - .milliseconds(1))?.words == "535 5.7.8 no")
            #expect(refused.refusal(of: "a", at: until) == nil)
            now = until
        }
        #expect(pauses.map(\.components.seconds) == [300, 600, 1200, 2400, 4800, 9600, 14_400, 14_400])
        refused.succeeded()
        #expect(refused.current == nil)
        #expect(refused.refused("a", words: "no", at: now) - now == .seconds(300))
    }

    @Test("another secret may be tried at once, and begins anew")
    func changes() {
        let refused = RefusedLogins()
        for _ in 0..<3 { _ = refused.refused("a", words: "no", at: Self.start) }
        #expect(!refused.isOutdated(by: "a"))
        #expect(refused.isOutdated(by: "b"))
        #expect(refused.refusal(of: "b", at: Self.start) == nil)
        #expect(refused.refused("b", words: "no", at: Self.start) - Self.start == .seconds(300))
    }

    @Test("connections that are refused at once count once")
    func parallel() {
        let refused = RefusedLogins()
        let until = refused.refused("a", words: "no", at: Self.start)
        #expect(refused.refused("a", words: "no", at: Self.start + .seconds(1)) == until)
        #expect(refused.current?.refusals == 1)
        #expect(refused.refused("a", words: "no", at: until) - until == .seconds(600))
    }

    @Test("a change that the provider made keeps the refusal, a change of ours does not")
    func keepsRefusal() {
        let mark = Mutex("a")
        let kept = Mutex<[String?]>([])
        let refused = RefusedLogins(keep: { record in kept.withLock { $0.append(record?.mark) } })
        let current: @Sendable () -> String = { mark.withLock { $0 } }
        // Without a refusal there is nothing to keep.
        refused.keepingRefusal(of: current) { mark.withLock { $0 = "b" } }
        #expect(refused.current == nil)
        let until = refused.refused("b", words: "no", at: Self.start)
        refused.keepingRefusal(of: current) { mark.withLock { $0 = "c" } }
        #expect(!refused.isOutdated(by: current()))
        #expect(kept.withLock { $0 } == ["b", "c"])
        #expect(refused.refused("c", words: "no", at: until) - until == .seconds(600))
        mark.withLock { $0 = "ours" }
        refused.keepingRefusal(of: current) { mark.withLock { $0 = "d" } }
        #expect(refused.isOutdated(by: current()))
    }

    @Test("survives a restart, and is kept at each change")
    func restarts() {
        let kept = Mutex<[RefusedLogins.Record?]>([])
        let before = RefusedLogins(keep: { record in kept.withLock { $0.append(record) } })
        let until = before.refused("a", words: "no", at: Self.start)
        let after = RefusedLogins(
            kept.withLock { $0.last } ?? nil,
            keep: { record in kept.withLock { $0.append(record) } }
        )
        #expect(after.refusal(of: "a", at: Self.start)?.until == until)
        #expect(after.refused("a", words: "no", at: until) - until == .seconds(600))
        after.succeeded()
        after.succeeded()
        #expect(kept.withLock { $0.count } == 3)
        #expect(kept.withLock { $0.last } == .some(nil))
    }

    @Test("who says that it is worth a try gets one, and the count goes on")
    func forgives() {
        let refused = RefusedLogins()
        _ = refused.refused("a", words: "no", at: Self.start)
        refused.forgive(at: Self.start)
        #expect(refused.refusal(of: "a", at: Self.start) == nil)
        #expect(refused.refused("a", words: "no", at: Self.start) - Self.start == .seconds(600))
    }

    /// A relay that wants "open sesame" by AUTH PLAIN, and counts.
    private func sink(_ logins: Observable<[String]>) async throws -> Sink {
        var script = Sink.Script()
        script.extensions.append("AUTH LOGIN CRAM-MD5")
        script.other = { line in
            if line.hasPrefix("AUTH CRAM-MD5") { return "334 PDE4OTYuNjk3MTcwOTUyQHNpbms+" }
            logins.change { $0.append(line) }
            return line == Self.proof ? "235 2.7.0 ok" : "535 5.7.8 no"
        }
        return try await Sink.start(script)
    }

    /// What CRAM-MD5 makes of user `gatepost` and password `right`, for the sink's challenge.
    private static let proof: String = {
        var mechanism = ClientMechanisms.make(
            .cramMD5,
            credentials: ClientCredentials(authenticationIdentity: "gatepost", password: Secret("right")),
            nonce: Array(repeating: 7, count: 24)
        )
        guard case .respond(let response)? = mechanism?.received(challenge: Array("<1896.697170952@sink>".utf8)) else {
            return ""
        }
        return Base64.encodeToString(response)
    }()

    private static func route(_ port: Int) -> Configuration.Delivery.Route {
        .relay(
            Configuration.Relay(host: "relay.example", port: port, tls: .none, user: "gatepost", password: Secret("x"))
        )
    }

    private static func login(
        _ secret: Observable<String>,
        _ refused: RefusedLogins,
        forgetTokens: @escaping @Sendable () async -> Void = {}
    ) -> RelayLogin {
        RelayLogin(
            material: {
                RelayLogin.Material(
                    credentials: ClientCredentials(
                        authenticationIdentity: "gatepost",
                        password: Secret(secret.state)
                    )
                )
            },
            forgetTokens: forgetTokens,
            mark: { secret.state },
            refused: refused
        )
    }

    @Test("mail waits while the password is wrong, and goes at once when it is right")
    func newPassword() async throws {
        let logins = Observable<[String]>([])
        let secret = Observable("wrong")
        let sink = try await self.sink(logins)
        let refused = RefusedLogins()
        let scene = try Scene(port: 1, route: Self.route(sink.port)) {
            $0.relayLogin = Self.login(secret, refused)
        }
        try await scene.run {
            for _ in 0..<5 { try await scene.enqueue(["bob@a.example"]) }
            scene.runner.notify()
            let state = await scene.store.observable.wait { $0.results.count == 5 }
            #expect(logins.state.count == 1)
            #expect(state.results.allSatisfy { $0.attempt.note?.contains("535 5.7.8 no") == true })
            // A minute later a new message finds the relay left alone, until somebody mends the secret.
            scene.time.advance(by: .seconds(60))
            try await scene.enqueue(["carol@a.example"])
            scene.runner.notify()
            await scene.store.observable.wait { $0.results.count == 6 }
            #expect(logins.state.count == 1)
            secret.change { $0 = "right" }
            try await scene.enqueue(["dora@a.example"])
            scene.runner.notify()
            await sink.observable.wait { $0.messages.count == 1 }
            #expect(logins.state.count == 2)
        }
        #expect(refused.current == nil)
        try await sink.stop()
    }

    @Test("a password that is changed while the old one is refused is tried at once")
    func changedMeanwhile() async throws {
        let logins = Observable<[String]>([])
        let secret = Observable("wrong")
        var script = Sink.Script()
        script.extensions.append("AUTH CRAM-MD5")
        script.other = { line in
            if line.hasPrefix("AUTH CRAM-MD5") { return "334 PDE4OTYuNjk3MTcwOTUyQHNpbms+" }
            logins.change { $0.append(line) }
            if line == Self.proof { return "235 2.7.0 ok" }
            secret.change { $0 = "right" }
            return "535 5.7.8 no"
        }
        let sink = try await Sink.start(script)
        let refused = RefusedLogins()
        let forgotten = Observable(0)
        let scene = try Scene(port: 1, route: Self.route(sink.port)) {
            $0.relayLogin = Self.login(secret, refused, forgetTokens: { forgotten.change { $0 += 1 } })
        }
        try await scene.run {
            try await scene.enqueue(["bob@a.example"])
            scene.runner.notify()
            await scene.store.observable.wait { $0.results.count == 1 }
            #expect(refused.current?.mark == "wrong")
            try await scene.enqueue(["carol@a.example"])
            scene.runner.notify()
            await sink.observable.wait { $0.messages.count == 1 }
            #expect(logins.state.count == 2)
            // Tokens that were had with what was there before are worth nothing.
            #expect(forgotten.state == 1)
        }
        try await sink.stop()
    }

    @Test("a refusal of the run before holds")
    func restart() async throws {
        let logins = Observable<[String]>([])
        let secret = Observable("wrong")
        let sink = try await self.sink(logins)
        let time = MockTime().now()
        let record = RefusedLogins.Record(mark: "wrong", refusals: 4, until: time + .seconds(2400), words: "535 no")
        let scene = try Scene(port: 1, route: Self.route(sink.port)) {
            $0.relayLogin = Self.login(secret, RefusedLogins(record))
        }
        try await scene.run {
            try await scene.enqueue(["bob@a.example"])
            scene.runner.notify()
            let state = await scene.store.observable.wait { $0.results.count == 1 }
            guard case .deferred(let next, _)? = state.results.first?.outcome else {
                Issue.record("not deferred")
                return
            }
            #expect(next >= record.until)
            #expect(state.results.first?.attempt.note?.contains("refused 4 times") == true)
        }
        #expect(logins.state.isEmpty)
        try await sink.stop()
    }
}
