import GatepostModel
import GatepostSQLite
import SASL
import Synchronization
import Testing

@testable import GatepostServer

/// Answers from a table, and remembers what it was asked.
private final class TableChecker: PasswordChecker {
    let name: String
    private let answers: [String: PasswordVerdict]
    private let isDown: Bool
    private let asked = Mutex<[String]>([])

    init(_ name: String, _ answers: [String: PasswordVerdict] = [:], isDown: Bool = false) {
        self.name = name
        self.answers = answers
        self.isDown = isDown
    }

    var questions: [String] { self.asked.withLock { $0 } }

    func verdict(on login: PasswordLogin) async throws -> PasswordVerdict {
        self.asked.withLock { $0.append(login.address) }
        if self.isDown { throw PasswordCheckerUnreachable(self.name, "down") }
        guard let verdict = self.answers[login.address] else { return .unknown }
        return verdict == .accepted && login.password != Secret("right") ? .wrong : verdict
    }

    func shutdown() async throws {
        self.asked.withLock { $0.append("shutdown") }
    }
}

/// Never ends, as a PAM module may.
private struct StuckChecker: PasswordChecker {
    let name = "stuck"

    func verdict(on login: PasswordLogin) async throws -> PasswordVerdict { .unknown }

    func shutdown() async throws {
        try await Task.sleep(for: .seconds(3600))
    }
}

@Suite("Password checkers behind the authenticator")
struct PasswordCheckersTests {
    private struct Scene {
        var authenticator: Authenticator
        var directory: AccountDirectory
        var store: SQLiteStore

        func login(
            _ name: String,
            _ password: String,
            from peer: LoginPeer = LoginPeer()
        ) async throws -> Authenticator.Finding {
            let question = ServerQuestion.password(
                PasswordCredentials(
                    mechanism: .plain,
                    authenticationIdentity: name,
                    password: Secret(password)
                )
            )
            if let now = self.authenticator.findingNow(question, peer: peer) { return now }
            return try await self.authenticator.finding(question, peer: peer)
        }
    }

    /// A store with `alice` without a password of her own, `bob` with one, and the local domain example.org.
    private func withScene(
        _ entries: [PasswordCheckers.Entry],
        cache: Duration = .seconds(60),
        _ body: (Scene) async throws -> Void
    ) async throws {
        let temporary = try TemporaryDirectory()
        let store = try await SQLiteStore.open(dataDirectory: temporary.path)
        let masterKey = MasterKey.random()
        _ = try await store.addDomain("example.org")
        _ = try await store.add(NewAccount(address: "alice@example.org", credential: .elsewhere))
        let own = try PasswordDerivation.derive(Secret("own"), owner: "bob@example.org", masterKey: masterKey)
        _ = try await store.add(NewAccount(address: "bob@example.org", credential: own))
        let directory = AccountDirectory(store: store, clock: SystemClock(), defaultDomain: nil, cache: cache)
        let pool = HashingPool(threads: 1, queue: 1)
        let authenticator = Authenticator(
            directory: directory,
            pool: pool,
            keyring: MasterKeyring(masterKey),
            scramIterations: PasswordDerivation.scramIterations,
            checkers: PasswordCheckers(entries)
        )
        try await body(Scene(authenticator: authenticator, directory: directory, store: store))
        try await pool.shutdown()
        try await store.close()
    }

    /// Whether the mechanism is told that the password is right.
    private func endsWell(_ finding: Authenticator.Finding) -> Bool {
        guard case .password(accepted: true) = finding.answer else { return false }
        return true
    }

    private func isAccepted(_ finding: Authenticator.Finding) -> Bool {
        self.endsWell(finding) && finding.refusal == nil && finding.account != nil
    }

    @Test(
        "each verdict has its consequence",
        arguments: [
            (PasswordVerdict.accepted, AuthenticationReason?.none), (.wrong, .wrongPassword),
            (.unknown, .unknownAccount), (.disabled, .disabled), (.expired, .passwordChange),
        ]
    )
    func verdicts(verdict: PasswordVerdict, refusal: AuthenticationReason?) async throws {
        let checker = TableChecker("one", ["alice@example.org": verdict])
        try await self.withScene([.init(checker)]) { scene in
            let finding = try await scene.login("alice", "right")
            #expect(finding.refusal == refusal)
            #expect(finding.checker == "one")
            #expect(self.isAccepted(finding) == (verdict == .accepted))
            // 432 is for a password that proved right: only then the exchange may go to its good end.
            let succeeds = verdict == .accepted || verdict == .expired
            #expect(self.endsWell(finding) == succeeds)
        }
    }

    @Test("a proof is remembered, and the next login asks nobody; another password does")
    func remembered() async throws {
        let checker = TableChecker("one", ["alice@example.org": .accepted])
        try await self.withScene([.init(checker)]) { scene in
            for _ in 1...3 {
                let finding = try await scene.login("alice", "right")
                #expect(self.isAccepted(finding))
            }
            #expect(checker.questions == ["alice@example.org"])
            #expect(try await scene.login("alice", "wrong").refusal == .wrongPassword)
            #expect(checker.questions.count == 2)
        }
    }

    @Test("a proof counts for the client that it was about: another store may let only some addresses in")
    func rememberedByAddress() async throws {
        let checker = TableChecker("one", ["alice@example.org": .accepted])
        try await self.withScene([.init(checker)]) { scene in
            let first = LoginPeer(address: "192.0.2.1", isTLS: true)
            let others = [
                LoginPeer(address: "192.0.2.2", isTLS: true), LoginPeer(address: "192.0.2.2", isTLS: false),
                LoginPeer(),
            ]
            for _ in 1...2 { _ = try await scene.login("alice", "right", from: first) }
            #expect(checker.questions.count == 1)
            for (index, other) in others.enumerated() {
                let finding = try await scene.login("alice", "right", from: other)
                #expect(self.isAccepted(finding))
                #expect(checker.questions.count == index + 2)
            }
            // An account's own password is right from everywhere: one Argon2id for all of them.
            let bob = try #require(try await scene.directory.account(loginName: "bob"))
            _ = try await scene.login("bob", "own", from: first)
            #expect(scene.directory.verifiedCredential(Secret("own"), of: bob, from: others[0]) != nil)
        }
    }

    @Test("a checker that does not end keeps neither the others nor the server from stopping")
    func stopping() async {
        let checker = TableChecker("one")
        let capture = LogCapture()
        await PasswordCheckers([.init(StuckChecker()), .init(checker)])
            .shutdown(within: .milliseconds(20), logger: capture.logger)
        #expect(checker.questions == ["shutdown"])
        #expect(capture.lines.contains { $0.contains("stuck: still busy") })
    }

    @Test("without a cache every login asks")
    func notRemembered() async throws {
        let checker = TableChecker("one", ["alice@example.org": .accepted])
        try await self.withScene([.init(checker)], cache: .zero) { scene in
            for _ in 1...3 {
                let finding = try await scene.login("alice", "right")
                #expect(self.isAccepted(finding))
            }
            #expect(checker.questions.count == 3)
        }
    }

    @Test("an account with a password of its own is nobody else's business")
    func ownPassword() async throws {
        let checker = TableChecker("one", ["bob@example.org": .accepted])
        try await self.withScene([.init(checker)]) { scene in
            let (wrong, own) = (try await scene.login("bob", "right"), try await scene.login("bob", "own"))
            #expect(wrong.refusal == .wrongPassword)
            #expect(self.isAccepted(own))
            #expect(checker.questions.isEmpty)
        }
    }

    @Test("one after the other is asked until one accepts, each for its domains")
    func order() async throws {
        let other = TableChecker("other", ["alice@example.org": .accepted])
        let first = TableChecker("first", ["alice@example.org": .wrong])
        let second = TableChecker("second", ["alice@example.org": .accepted])
        let third = TableChecker("third")
        let entries = [
            PasswordCheckers.Entry(other, domains: ["example.net"]), .init(first),
            .init(second, domains: ["example.org"]),
            .init(third),
        ]
        try await self.withScene(entries) { scene in
            let finding = try await scene.login("alice", "right")
            #expect(self.isAccepted(finding))
            #expect(finding.checker == "second")
            #expect(other.questions.isEmpty)
            #expect(first.questions.count == 1)
            #expect(third.questions.isEmpty)
        }
    }

    @Test("a store that is down is passed over, and fails the login only when no other accepts")
    func down() async throws {
        let down = TableChecker("down", isDown: true)
        let up = TableChecker("up", ["alice@example.org": .accepted])
        try await self.withScene([.init(down), .init(up)]) { scene in
            let finding = try await scene.login("alice", "right")
            #expect(self.isAccepted(finding))
            await #expect(throws: PasswordCheckerUnreachable("down", "down")) {
                try await scene.login("alice", "wrong")
            }
        }
    }

    @Test("who has no account here gets none by knowing a password there, and the store is asked all the same")
    func withoutAccount() async throws {
        let checker = TableChecker("one", ["carol@example.org": .accepted])
        try await self.withScene([.init(checker)]) { scene in
            let finding = try await scene.login("carol", "right")
            #expect(finding.refusal == .unknownAccount)
            #expect(!self.endsWell(finding))
            #expect(checker.questions == ["carol@example.org"])
            #expect(try await scene.store.account(address: "carol@example.org") == nil)
        }
    }

    @Test("with createAccounts the first login makes the account, in local domains only")
    func creation() async throws {
        let checker = TableChecker(
            "one",
            ["carol@example.org": .accepted, "carol@elsewhere.example": .accepted, "dave@example.org": .expired]
        )
        try await self.withScene([.init(checker, createsAccounts: true)]) { scene in
            #expect(try await scene.login("carol", "wrong").account == nil)
            let finding = try await scene.login("Carol@Example.org", "right")
            #expect(self.isAccepted(finding))
            #expect(finding.account?.address == "carol@example.org")
            #expect(finding.account?.hasOwnPassword == false)
            #expect(try await scene.store.account(address: "carol@example.org") == finding.account)
            #expect(try await scene.login("carol@elsewhere.example", "right").refusal == .domainNotHosted)
            #expect(try await scene.login("dave", "right").refusal == .unknownAccount)
            #expect(try await scene.store.accountCount() == 3)
        }
    }

    @Test("a disabled account stays out, whatever the other store says")
    func disabledHere() async throws {
        let checker = TableChecker("one", ["alice@example.org": .accepted])
        try await self.withScene([.init(checker)]) { scene in
            _ = try await scene.store.setEnabled(false, of: "alice@example.org")
            let finding = try await scene.login("alice", "right")
            #expect(finding.refusal == .disabled)
            #expect(!self.endsWell(finding))
        }
    }

    @Test("an empty password or one with NUL reaches no store", arguments: ["", "right\0"])
    func unsafePasswords(password: String) async throws {
        let checker = TableChecker("one", ["alice@example.org": .accepted])
        try await self.withScene([.init(checker)]) { scene in
            let finding = try await scene.login("alice", password)
            #expect(!self.isAccepted(finding))
            #expect(checker.questions.isEmpty)
        }
    }
}
