import GatepostModel
import GatepostSQLite
import GatepostTesting
import MailSyntax
import NIOCore
import SASL
import SMTP
import Synchronization
import Testing

@testable import GatepostServer

/// A server's login side without its sockets: accounts in every state, and clients that do everything wrong.
final class CorpusScene: Sendable {
    static let password = "correct horse"
    static let hostname = "mail.example.org"
    static let accounts = ["alice", "bob", "carol", "dave", "erin", "frank", "gina"]

    let temporary: TemporaryDirectory
    let store: SQLiteStore
    let pool: HashingPool
    let log = LogCapture()
    let audit = MemoryAuditLog()
    let oauth: OAuthScene
    let authenticator: Authenticator
    let loginGuard: LoginGuard
    let recorder: LoginRecorder
    /// Good for `erin` until yesterday, for `frank` from 198.51.100.0/24 only, and for `gina`, who has a second factor.
    let appPasswords: [String: String]

    /// alice: all mechanisms; bob: disabled; carol: must change her password; dave: no password for old mechanisms; erin: an app password that
    /// is over; frank: one for another network; gina: a second factor. alice had another password before.
    init(defaultDomain: String? = nil, lockout: Bool = false) async throws {
        self.temporary = try TemporaryDirectory()
        self.store = try await SQLiteStore.open(dataDirectory: self.temporary.path)
        self.pool = HashingPool(threads: 1, queue: 100)
        self.oauth = try OAuthScene()
        let masterKey = MasterKey.random()
        let clock = SystemClock()
        let store = self.store
        _ = try await store.addDomain("example.org")
        for name in CorpusScene.accounts {
            let address = "\(name)@example.org"
            let first = name == "alice" ? "former horse" : CorpusScene.password
            func derive(_ password: String) throws -> NewCredential {
                try PasswordDerivation.derive(
                    Secret(password),
                    owner: address,
                    legacy: name == "dave" ? [] : [.cramMD5, .digestMD5, .ntlm],
                    masterKey: masterKey
                )
            }
            _ = try await store.add(NewAccount(address: address, credential: try derive(first)))
            if name == "alice" { _ = try await store.setPassword(try derive(CorpusScene.password), of: address) }
        }
        _ = try await store.setEnabled(false, of: "bob@example.org")
        _ = try await store.setMustChange(true, of: "carol@example.org")
        let factor = SecondFactor(sealedSecret: [1], parameters: TOTP.Parameters.standard, isConfirmed: true)
        _ = try await store.setSecondFactor(factor, of: "gina@example.org")
        _ = try await store.confirmSecondFactor(of: "gina@example.org", step: 1, recoveryCodes: [])
        var appPasswords: [String: String] = [:]
        for (name, rules) in [
            ("erin", CredentialRules(expires: clock.now() - .seconds(86_400))),
            ("frank", CredentialRules(networks: [IPNetwork("198.51.100.0/24")].compactMap { $0 })),
            ("gina", CredentialRules()),
        ] {
            let address = "\(name)@example.org"
            let password = AppSecret.password(random: RandomOctets.make(64))
            appPasswords[name] = password
            let stored = try #require(try await store.account(address: address))
            let keys = try PasswordDerivation.derive(
                appPassword: password,
                owner: address,
                masterKey: masterKey,
                scram: stored.credentials.flatMap(\.scram).map { SCRAMParameters($0) }
            )
            _ = try await store.addCredential(
                AddedCredential(kind: .appPassword, name: "phone", created: clock.now(), rules: rules, keys: keys),
                to: address
            )
        }
        self.appPasswords = appPasswords
        self.authenticator = Authenticator(
            directory: AccountDirectory(
                store: store,
                clock: clock,
                defaultDomain: defaultDomain,
                cache: .seconds(60)
            ),
            pool: self.pool,
            keyring: MasterKeyring(masterKey),
            scramIterations: PasswordDerivation.scramIterations,
            tokens: self.oauth.verifier
        )
        // Nobody is slowed: the corpus is long, and no test waits.
        var policy = LockoutPolicy(unbannable: [IPNetwork("192.0.2.0/24")].compactMap { $0 })
        // The corpus fails often: only where lockout is the subject does it count.
        if !lockout { policy.attempts = 1_000_000 }
        self.loginGuard = LoginGuard(policy: policy, clock: clock, logger: self.log.logger, audit: self.audit)
        self.recorder = LoginRecorder(trail: self.audit, counters: SubmissionCounters(), logger: self.log.logger)
    }

    func close() async throws {
        try await self.pool.shutdown()
        try await self.store.close()
    }

    /// What a login came to: the event that the trail has of it.
    struct Ending {
        var event: AuthenticationEvent
        /// What the client was told besides the outcome.
        var finalChallenge: [UInt8]?
    }

    /// Runs one login as a session does.
    ///
    /// - Parameter client: Gets the challenge, nil at first; returns the response, nil to give up.
    func logIn(
        _ name: MechanismName,
        ip: String = "192.0.2.7",
        bindings: ChannelBindings = .none,
        offersBinding: Bool = false,
        certificate: [UInt8]? = nil,
        _ client: ([UInt8]?) throws -> [UInt8]?
    ) async throws -> Ending {
        let exchange = LoginExchange(
            authenticator: self.authenticator,
            loginGuard: self.loginGuard,
            recorder: self.recorder,
            logger: self.log.logger
        )
        let origin = LoginExchange.Origin(
            address: IPAddress(ip),
            listener: "submission:465",
            isTLS: true,
            tlsVersion: "1.3",
            clientName: "phone"
        )
        let before = self.audit.events.count
        var mechanism = try #require(
            ServerMechanisms.make(
                name,
                context: ServerMechanismContext(
                    nonce: RandomOctets.make(24),
                    hostname: CorpusScene.hostname,
                    secondsSince1970: SystemClock().now().secondsSince1970,
                    channelBindings: bindings,
                    offersChannelBinding: offersBinding
                )
            )
        )
        var step = mechanism.received(try client(nil).map { .present($0) } ?? .absent)
        var last: [UInt8]?
        while true {
            switch step {
            case .challenge(let challenge):
                last = challenge
                guard let response = try client(challenge) else {
                    _ = exchange.refuse(.cancelled, mechanism: name, from: origin)
                    return Ending(event: try self.event(after: before), finalChallenge: last)
                }
                step = mechanism.received(response: response)
            case .question(let question):
                switch exchange.answer(question, by: name, certificate: certificate, from: origin) {
                case .now(let answer): step = mechanism.received(answer)
                case .later(let work):
                    guard let answer = await work() else {
                        return Ending(event: try self.event(after: before), finalChallenge: last)
                    }
                    step = mechanism.received(answer)
                }
            case .succeeded(let identity, let data):
                last = data ?? last
                let outcome = AuthenticationOutcome(mechanism: name, result: .succeeded(identity))
                await exchange.settle(exchange.conclude(outcome, from: origin))
                return Ending(event: try self.event(after: before), finalChallenge: last)
            case .failed(let failure):
                let outcome = AuthenticationOutcome(mechanism: name, result: .failed(failure))
                await exchange.settle(exchange.conclude(outcome, from: origin))
                return Ending(event: try self.event(after: before), finalChallenge: last)
            }
        }
    }

    /// The one login that the trail has since then.
    private func event(after count: Int) throws -> AuthenticationEvent {
        let logins = self.audit.events.dropFirst(count).compactMap { event in
            if case .authentication(let login) = event { login } else { nil }
        }
        try #require(logins.count == 1, "one login is one record")
        return logins[0]
    }

    /// A client of the library.
    static func client(
        _ name: MechanismName,
        user: String,
        password: String,
        as authorizationIdentity: String? = nil,
        bindings: ChannelBindings = .none
    ) throws -> ([UInt8]?) throws -> [UInt8]? {
        let made = ClientMechanisms.make(
            name,
            credentials: ClientCredentials(
                authenticationIdentity: user,
                authorizationIdentity: authorizationIdentity,
                password: Secret(password)
            ),
            nonce: RandomOctets.make(24),
            channelBindings: bindings,
            hostname: CorpusScene.hostname
        )
        var client = try #require(made)
        return { challenge in
            guard let challenge else {
                if case .present(let response) = client.start() { return response }
                return nil
            }
            if case .respond(let response) = client.received(challenge: challenge) { return response }
            // A client that will not go on: the server decides.
            return []
        }
    }
}
