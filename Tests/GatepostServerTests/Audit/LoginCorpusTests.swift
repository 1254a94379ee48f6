import GatepostModel
import GatepostSQLite
import GatepostTesting
import SASL
import Testing

@testable import GatepostServer

@Suite("Every way to fail at logging in has its reason code")
struct LoginCorpusTests {
    @Test("the corpus: one record each, with the right code, and nothing of the secret in it")
    func corpus() async throws {
        let scene = try await CorpusScene()
        _ = try await scene.store.addDomain("example.net")
        #expect(LoginCorpus.all.count >= 60)
        for failure in LoginCorpus.all {
            let ending = try await failure.run(scene)
            #expect(ending.event.reason == failure.reason, "\(failure.testDescription)")
            #expect(ending.event.attempt.listener == "submission:465")
            #expect(ending.event.attempt.tls == "1.3")
            #expect(!"\(ending.event)".contains("horse"), "\(failure.testDescription)")
        }
        #expect(Set(LoginCorpus.all.map(\.testDescription)).count == LoginCorpus.all.count, "all distinct")
        for line in scene.log.lines { #expect(!line.contains("horse")) }
        try await scene.close()
    }

    @Test("a login that succeeds is a record too, without a tag of its secret", arguments: LoginCorpus.passwords)
    func success(_ name: MechanismName) async throws {
        let scene = try await CorpusScene()
        let ending = try await scene.logIn(
            name,
            try CorpusScene.client(name, user: "alice", password: CorpusScene.password)
        )
        #expect(ending.event.result == .succeeded)
        #expect(ending.event.attempt.account == "alice@example.org")
        #expect(ending.event.attempt.loginName == "alice")
        #expect(ending.event.attempt.secretTag == nil)
        #expect(ending.event.attempt.credential != nil)
        try await scene.close()
    }

    @Test("the same wrong secret is counted, another one has another tag")
    func repeats() async throws {
        let scene = try await CorpusScene()
        var events: [AuthenticationEvent] = []
        for password in ["wrong 1", "wrong 1", "wrong 1", "wrong 2"] {
            let client = try CorpusScene.client(.plain, user: "alice@example.org", password: password)
            events.append(try await scene.logIn(.plain, client).event)
        }
        #expect(events.map(\.repeats) == [1, 2, 3, 1])
        #expect(events[0].attempt.secretTag == events[2].attempt.secretTag)
        #expect(events[0].attempt.secretTag != events[3].attempt.secretTag)
        try await scene.close()
    }

    @Test(
        "after too many different secrets the reason is the lock, for the right password too",
        arguments: [.plain, .scramSHA256] as [MechanismName]
    )
    func locked(_ name: MechanismName) async throws {
        let scene = try await CorpusScene(lockout: true)
        for number in 0..<30 {
            let client = try CorpusScene.client(.plain, user: "alice@example.org", password: "wrong \(number)")
            _ = try await scene.logIn(.plain, client)
        }
        let client = try CorpusScene.client(name, user: "alice@example.org", password: CorpusScene.password)
        let reason = try await scene.logIn(name, client).event.reason
        #expect(reason == .locked)
        #expect(
            scene.audit.events.contains { event in
                if case .lockout(let lock) = event { lock.account == "alice@example.org" } else { false }
            }
        )
        try await scene.close()
    }

    @Test("an issuer that cannot be reached is our trouble, not the client's")
    func backendDown() async throws {
        let scene = try await CorpusScene()
        scene.oauth.http.set(OAuthScene.discoveryURL, nil)
        let token = try await MintKey.es256.token(.good(issuer: OAuthScene.issuer))
        let client = try CorpusScene.client(.oauthBearer, user: "alice@example.org", password: token)
        #expect(try await scene.logIn(.oauthBearer, client).event.reason == .backendDown)
        try await scene.close()
    }
}
