import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import SASL
import SMTP
import Testing

@testable import GatepostServer

/// An account with a main password and app passwords, and whole logins to it.
private struct CredentialScene {
    static let address = "alice@example.org"

    let store = MemoryStore()
    let clock = MockClock()
    let masterKey = MasterKey.random()
    let pool = HashingPool(threads: 1, queue: 4)
    let directory: AccountDirectory
    let uses: CredentialUses
    let authenticator: Authenticator
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(maximumPasswordAge: Duration? = nil) async throws {
        self.directory = AccountDirectory(store: self.store, clock: self.clock, defaultDomain: nil, cache: .seconds(60))
        self.uses = CredentialUses(store: self.store, logger: self.logger)
        self.authenticator = Authenticator(
            directory: self.directory,
            pool: self.pool,
            keyring: MasterKeyring(self.masterKey),
            scramIterations: PasswordDerivation.scramIterations,
            uses: self.uses,
            maximumPasswordAge: maximumPasswordAge
        )
        _ = try await self.store.addDomain("example.org")
        let keys = try PasswordDerivation.derive(
            Secret("main password"),
            owner: Self.address,
            legacy: [.cramMD5],
            masterKey: self.masterKey
        )
        _ = try await self.store.add(NewAccount(address: Self.address, credential: keys, created: self.clock.now()))
    }

    var account: Account {
        get async throws { try #require(try await self.store.account(address: Self.address)) }
    }

    /// - Returns: The app password.
    @discardableResult
    func addAppPassword(
        _ name: String,
        rules: CredentialRules = CredentialRules()
    ) async throws -> String {
        let password = AppSecret.password(random: RandomOctets.make(AppSecret.passwordLetters))
        let account = try await self.account
        let keys = try PasswordDerivation.derive(
            appPassword: password,
            owner: Self.address,
            masterKey: self.masterKey,
            scram: SCRAMHash.allCases.compactMap { account.scramParameters($0) }
        )
        let added = AddedCredential(
            kind: .appPassword,
            name: name,
            created: self.clock.now(),
            rules: rules,
            keys: keys
        )
        guard case .added = try await self.store.addCredential(added, to: Self.address) else {
            Issue.record("not added")
            return password
        }
        self.directory.accountChanged(Self.address)
        return password
    }

    func credential(_ name: String) async throws -> Credential {
        try #require(try await self.account.credentials.first { $0.name == name })
    }

    /// A whole exchange, as SMTP has it.
    func login(
        _ password: String,
        as user: String = Self.address,
        actingAs authorizationIdentity: String? = nil,
        _ mechanism: MechanismName = .plain,
        from address: String? = "192.0.2.7"
    ) async throws -> LoginExchange.Verdict {
        // Lockout has tests of its own: each login here is the first.
        let exchange = LoginExchange(
            authenticator: self.authenticator,
            loginGuard: LoginGuard(policy: LockoutPolicy(), clock: self.clock, logger: self.logger),
            recorder: LoginRecorder(trail: MemoryAuditLog(), counters: SubmissionCounters(), logger: self.logger),
            logger: self.logger
        )
        let origin = LoginExchange.Origin(
            address: address.flatMap { IPAddress($0) },
            listener: "test",
            isTLS: true
        )
        var client = try #require(
            ClientMechanisms.make(
                mechanism,
                credentials: ClientCredentials(
                    authenticationIdentity: user,
                    authorizationIdentity: authorizationIdentity,
                    password: Secret(password)
                ),
                nonce: RandomOctets.make(24)
            )
        )
        var server = try #require(
            ServerMechanisms.make(
                mechanism,
                context: ServerMechanismContext(
                    nonce: RandomOctets.make(24),
                    hostname: "mail.example.org",
                    secondsSince1970: self.clock.now().secondsSince1970
                )
            )
        )
        var step = server.received(.absent)
        while true {
            switch await exchange.run(&server, named: mechanism, from: step, of: origin) {
            case .challenge(let challenge):
                guard case .respond(let response) = client.received(challenge: challenge) else {
                    Issue.record("the client gave up")
                    return .refused(.malformed, AuthenticationReference(random: []))
                }
                step = server.received(response: response)
            case .ended(let result, _):
                let outcome = AuthenticationOutcome(mechanism: mechanism, result: result)
                return exchange.conclude(outcome, from: origin).verdict
            case .unavailable:
                Issue.record("unavailable")
                return .refused(.malformed, AuthenticationReference(random: []))
            }
        }
    }

    func end() async throws {
        try await self.pool.shutdown()
    }
}

extension LoginExchange.Verdict {
    fileprivate var refusal: AuthenticationReason? {
        if case .refused(let refusal, _) = self { refusal } else { nil }
    }

    fileprivate var credentialName: String? {
        if case .accepted(_, let credential, _) = self { credential?.name } else { nil }
    }
}

@Suite("Logins with several credentials")
struct CredentialLoginTests {
    static let mechanisms: [MechanismName] = [.plain, .login, .scramSHA256, .scramSHA1]

    @Test(
        "each app password logs in by every mechanism, however it is typed, and is known by name",
        arguments: mechanisms
    )
    func appPasswords(_ mechanism: MechanismName) async throws {
        let scene = try await CredentialScene()
        var passwords: [String: String] = [:]
        for number in 0..<20 { passwords["device \(number)"] = try await scene.addAppPassword("device \(number)") }
        for name in ["device 0", "device 7", "device 19"] {
            let password = try #require(passwords[name])
            for spelling in AppSecret.spellings(of: password) {
                #expect(try await scene.login(spelling, mechanism).credentialName == name)
            }
        }
        #expect(try await scene.login("main password", mechanism).credentialName == "")
        #expect(try await scene.login("another password", mechanism).refusal == .wrongPassword)
        let other = AppSecret.password(random: RandomOctets.make(25))
        #expect(try await scene.login(other, mechanism).refusal == .wrongPassword)
        try await scene.end()
    }

    @Test("a login costs one slow hash at most, with twenty app passwords as with none")
    func cost() async throws {
        let scene = try await CredentialScene()
        var password = ""
        for number in 0..<20 { password = try await scene.addAppPassword("device \(number)") }
        func cost(_ password: String) async throws -> Int {
            let before = scene.pool.total
            _ = try await scene.login(password)
            return scene.pool.total - before
        }
        #expect(try await cost(password) == 0)
        #expect(try await cost("wrong") == 1)
        #expect(try await cost(AppSecret.password(random: RandomOctets.make(25))) == 1)
        #expect(try await cost("main password") == 1)
        #expect(try await cost("main password") == 0, "remembered")
        #expect(try await scene.login("x", as: "nobody@example.org").refusal == .unknownAccount)
        try await scene.end()
    }

    @Test("what ended looks like a wrong password to the client, and the log says what it was", arguments: mechanisms)
    func ended(_ mechanism: MechanismName) async throws {
        let scene = try await CredentialScene()
        let now = scene.clock.now()
        let expiring = try await scene.addAppPassword("old", rules: CredentialRules(expires: now + .seconds(3600)))
        let home = try await scene.addAppPassword(
            "home",
            rules: CredentialRules(networks: [try #require(IPNetwork("10.0.0.0/8"))])
        )
        let lost = try await scene.addAppPassword("lost")
        #expect(try await scene.login(expiring, mechanism).credentialName == "old")
        #expect(try await scene.login(home, mechanism, from: "10.1.2.3").credentialName == "home")
        #expect(try await scene.login(lost, mechanism).credentialName == "lost")

        scene.clock.advance(by: .seconds(3600))
        #expect(try await scene.login(expiring, mechanism).refusal == .expired)
        #expect(try await scene.login(home, mechanism, from: "192.0.2.7").refusal == .addressRefused)
        #expect(try await scene.login(home, mechanism, from: nil).refusal == .addressRefused)
        _ = try await scene.store.revokeCredential(
            try await scene.credential("lost").id,
            of: CredentialScene.address,
            at: now
        )
        _ = try await scene.store.setCredential(
            try await scene.credential("home").id,
            enabled: false,
            of: CredentialScene.address
        )
        scene.directory.accountChanged(CredentialScene.address)
        #expect(try await scene.login(lost, mechanism).refusal == .oldPassword)
        #expect(try await scene.login(home, mechanism, from: "10.1.2.3").refusal == .disabled)
        #expect(try await scene.login("main password", mechanism).credentialName == "")
        try await scene.end()
    }

    @Test(
        "with a second factor only app passwords open; the main password is told so once it proved right",
        arguments: mechanisms + [.cramMD5]
    )
    func secondFactor(_ mechanism: MechanismName) async throws {
        let scene = try await CredentialScene()
        let app = try await scene.addAppPassword("phone")
        #expect(try await scene.login("main password", mechanism).credentialName == "")
        _ = try await scene.store.setSecondFactor(
            SecondFactor(sealedSecret: [1], parameters: .standard),
            of: CredentialScene.address
        )
        scene.directory.accountChanged(CredentialScene.address)
        #expect(try await scene.login("main password", mechanism).credentialName == "", "not confirmed yet")
        _ = try await scene.store.confirmSecondFactor(of: CredentialScene.address, step: 1, recoveryCodes: [])
        scene.directory.accountChanged(CredentialScene.address)
        #expect(try await scene.login("main password", mechanism).refusal == .needsAppPassword)
        #expect(try await scene.login("wrong", mechanism).refusal == .wrongPassword)
        if mechanism != .cramMD5 { #expect(try await scene.login(app, mechanism).credentialName == "phone") }
        try await scene.end()
    }

    @Test("a password that must be changed is told so once it proved right", arguments: mechanisms + [.cramMD5])
    func mustChange(_ mechanism: MechanismName) async throws {
        let scene = try await CredentialScene()
        let app = try await scene.addAppPassword("phone")
        #expect(try await scene.store.setMustChange(true, of: CredentialScene.address))
        scene.directory.accountChanged(CredentialScene.address)
        #expect(try await scene.login("main password", mechanism).refusal == .passwordChange)
        #expect(try await scene.login("wrong", mechanism).refusal == .wrongPassword)
        if mechanism != .cramMD5 { #expect(try await scene.login(app, mechanism).credentialName == "phone") }
        try await scene.end()
    }

    @Test("a password older than the policy allows must be changed")
    func age() async throws {
        let scene = try await CredentialScene(maximumPasswordAge: .seconds(86_400))
        #expect(try await scene.login("main password").credentialName == "")
        scene.clock.advance(by: .seconds(86_400))
        #expect(try await scene.login("main password").refusal == .passwordChange)
        try await scene.end()
    }

    @Test("a former main password is known again, also where the client does not send it", arguments: mechanisms)
    func former(_ mechanism: MechanismName) async throws {
        let scene = try await CredentialScene()
        let app = try await scene.addAppPassword("phone")
        let account = try await scene.account
        let keys = try PasswordDerivation.derive(
            Secret("newer password"),
            owner: CredentialScene.address,
            masterKey: scene.masterKey,
            scram: SCRAMHash.allCases.compactMap { account.scramParameters($0) }
        )
        _ = try await scene.store.setPassword(
            keys,
            of: CredentialScene.address,
            PasswordChange(time: scene.clock.now())
        )
        scene.directory.accountChanged(CredentialScene.address)
        #expect(try await scene.login("newer password", mechanism).credentialName == "")
        #expect(try await scene.login("main password", mechanism).refusal == .oldPassword)
        #expect(try await scene.login("never had", mechanism).refusal == .wrongPassword)
        #expect(
            try await scene.login(app, mechanism).credentialName == "phone",
            "a new main password leaves the others"
        )
        try await scene.end()
    }

    @Test("a granted address logs in, one that two accounts were granted does not", arguments: mechanisms)
    func loginNames(_ mechanism: MechanismName) async throws {
        let scene = try await CredentialScene()
        let pattern = try #require(IdentityPattern("sales@example.org"))
        #expect(try await scene.login("main password", as: "alice", mechanism).credentialName == "")
        #expect(try await scene.login("main password", as: "sales@example.org", mechanism).refusal == .unknownAccount)
        _ = try await scene.store.grant(pattern, to: CredentialScene.address)
        scene.directory.accountChanged(CredentialScene.address)
        for name in ["sales@example.org", "Sales@EXAMPLE.org", "sales", "ALICE"] {
            #expect(try await scene.login("main password", as: name, mechanism).credentialName == "", "\(name)")
        }
        if mechanism == .plain {
            let verdict = try await scene.login("main password", as: "sales", actingAs: "sales", mechanism)
            #expect(verdict.credentialName == "", "clients that send their login name as authorization identity too")
        }
        let keys = NewCredential(argon2id: nil, scram: [])
        _ = try await scene.store.add(
            NewAccount(address: "bob@example.org", credential: keys, identities: [pattern])
        )
        scene.directory.accountChanged("bob@example.org")
        #expect(try await scene.login("main password", as: "sales@example.org", mechanism).refusal == .unknownAccount)
        #expect(
            try await scene.login("main password", as: "alice@elsewhere.org", mechanism).refusal == .domainNotHosted
        )
        try await scene.end()
    }

    @Test("when and from where a credential was used is kept, and not written by the login itself")
    func uses() async throws {
        let scene = try await CredentialScene()
        let password = try await scene.addAppPassword("phone")
        let id = try await scene.credential("phone").id
        _ = try await scene.login(password, .scramSHA256, from: "::ffff:192.0.2.9")
        #expect(try await scene.store.uses(of: CredentialScene.address).isEmpty)
        await scene.uses.flush()
        let use = try #require(try await scene.store.uses(of: CredentialScene.address)[id])
        #expect(use == CredentialUse(credential: id, time: scene.clock.now(), address: "192.0.2.9"))
        #expect(try await scene.store.uses(of: CredentialScene.address).count == 1)
        try await scene.end()
    }

    @Test("notes that cannot be written are kept for the next time")
    func usesRetried() async throws {
        let scene = try await CredentialScene()
        let password = try await scene.addAppPassword("phone")
        _ = try await scene.login(password)
        await scene.store.fail(with: StoreError(.noSpace, "full"))
        await scene.uses.flush()
        await scene.store.fail(with: nil)
        await scene.uses.flush()
        #expect(try await scene.store.uses(of: CredentialScene.address).count == 1)
        try await scene.end()
    }

    @Test("a session ends with the credential that opened it, and with no other")
    func sessions() async throws {
        let scene = try await CredentialScene()
        let phone = try await scene.addAppPassword("phone")
        guard case .accepted(let account, let credential, _) = try await scene.login(phone) else {
            Issue.record("refused")
            return
        }
        try await scene.addAppPassword("laptop")
        #expect(try await scene.authenticator.current(account, credential: credential)?.1?.name == "phone")
        _ = try await scene.store.revokeCredential(
            try await scene.credential("laptop").id,
            of: CredentialScene.address,
            at: scene.clock.now()
        )
        scene.directory.accountChanged(CredentialScene.address)
        #expect(try await scene.authenticator.current(account, credential: credential) != nil)
        _ = try await scene.store.revokeCredential(
            try #require(credential?.id),
            of: CredentialScene.address,
            at: scene.clock.now()
        )
        scene.directory.accountChanged(CredentialScene.address)
        #expect(try await scene.authenticator.current(account, credential: credential) == nil)
        try await scene.end()
    }

    @Test("nobody can tell by the salt that an account was made, or has app passwords")
    func salts() async throws {
        let scene = try await CredentialScene()
        func salt(_ name: String) async throws -> [UInt8] {
            let question = ServerQuestion.scram(
                SCRAMQuestion(mechanism: .scramSHA256, authenticationIdentity: name, hash: .sha256)
            )
            guard case .scram(let credential) = try await scene.authenticator.finding(question).answer else {
                return []
            }
            return credential.salt
        }
        let before = try await salt("bob@example.org")
        let keys = try PasswordDerivation.derive(Secret("x"), owner: "bob@example.org", masterKey: scene.masterKey)
        _ = try await scene.store.add(NewAccount(address: "bob@example.org", credential: keys))
        scene.directory.accountChanged("bob@example.org")
        #expect(try await salt("bob@example.org") == before)
        let alice = try await salt(CredentialScene.address)
        try await scene.addAppPassword("phone")
        #expect(try await salt(CredentialScene.address) == alice)
        #expect(alice != before)
        try await scene.end()
    }
}

@Suite("Second factors")
struct SecondFactorsTests {
    private static let address = "alice@example.org"

    private func withFactor(
        _ body: (SecondFactors, MemoryStore, MockClock, Secret) async throws -> Void
    ) async throws {
        let store = MemoryStore()
        let clock = MockClock()
        let key = MasterKey.random()
        _ = try await store.add(NewAccount(address: Self.address, credential: NewCredential(argon2id: nil, scram: [])))
        let secret = Secret(RandomOctets.make(20))
        _ = try await store.setSecondFactor(
            SecondFactor(sealedSecret: try key.seal(secret, owner: Self.address), parameters: .standard),
            of: Self.address
        )
        try await body(SecondFactors(store: store, keyring: MasterKeyring(key), clock: clock), store, clock, secret)
    }

    private func code(_ secret: Secret, _ clock: MockClock) -> String {
        let step = TOTP.step(at: clock.now(), period: 30)
        return TOTP.code(secret: secret, counter: UInt64(step), parameters: .standard)
    }

    @Test("a second factor counts from the first code on, and that code does not count again")
    func confirm() async throws {
        try await self.withFactor { factors, store, clock, secret async throws in
            let code = self.code(secret, clock)
            #expect(try await factors.verify(code, of: Self.address) == .refused(.absent), "not confirmed")
            #expect(try await factors.confirm("000000x", of: Self.address, recoveryCodes: []) == .refused(.wrong))
            #expect(try await factors.confirm(code, of: Self.address, recoveryCodes: []) == .accepted)
            #expect(try await store.account(address: Self.address)?.hasSecondFactor == true)
            #expect(try await factors.confirm(code, of: Self.address, recoveryCodes: []) == .refused(.absent))
            #expect(try await factors.verify(code, of: Self.address) == .refused(.replayed))
            clock.advance(by: .seconds(30))
            #expect(try await factors.verify(self.code(secret, clock), of: Self.address) == .accepted)
            #expect(try await factors.verify(self.code(secret, clock), of: Self.address) == .refused(.replayed))
        }
    }

    @Test("of many who show one code at once, one gets in")
    func race() async throws {
        try await self.withFactor { factors, _, clock, secret async throws in
            #expect(
                try await factors.confirm(self.code(secret, clock), of: Self.address, recoveryCodes: []) == .accepted
            )
            clock.advance(by: .seconds(30))
            let code = self.code(secret, clock)
            let accepted = try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for _ in 0..<20 { tasks.addTask { try await factors.verify(code, of: Self.address) == .accepted } }
                return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(accepted == 1)
        }
    }

    @Test("a recovery code counts once")
    func recovery() async throws {
        try await self.withFactor { factors, store, clock, secret async throws in
            let codes = (0..<10).map { _ in AppSecret.recoveryCode(random: RandomOctets.make(16)) }
            let digests = codes.compactMap { AppSecret.recoveryDigest($0.utf8) }
            #expect(
                try await factors.confirm(self.code(secret, clock), of: Self.address, recoveryCodes: digests)
                    == .accepted
            )
            #expect(try await factors.verify(codes[3].uppercased(), of: Self.address) == .accepted)
            #expect(try await factors.verify(codes[3], of: Self.address) == .refused(.wrong))
            #expect(try await store.secondFactor(of: Self.address)?.recoveryCodes == 9)
            #expect(try await factors.verify(AppSecret.recoveryCode(random: []), of: Self.address) == .refused(.wrong))
        }
    }

    @Test("a clock that is wrong is told from a code that is wrong")
    func skew() async throws {
        try await self.withFactor { factors, _, clock, secret async throws in
            let code = self.code(secret, clock)
            clock.advance(by: .seconds(300))
            #expect(
                try await factors.confirm(code, of: Self.address, recoveryCodes: [])
                    == .refused(.clockSkew(seconds: -300))
            )
        }
    }
}
