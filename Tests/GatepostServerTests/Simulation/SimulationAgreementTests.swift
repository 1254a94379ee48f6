import Foundation
import GatepostDelivery
import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import NIOPosix
import SASL
import SMTP
import SMTPServer
import Synchronization
import Testing

@testable import GatepostServer

/// Keeps messages where it belongs, and shows the last.
private final class WatchedQueue: MessageIntake {
    private let store: MemoryStore
    private let kept = Mutex<NewMessage?>(nil)

    init(_ store: MemoryStore) {
        self.store = store
    }

    /// The message that was kept since the last call; nil when none was.
    func take() -> NewMessage? {
        self.kept.withLock { message in
            defer { message = nil }
            return message
        }
    }

    func enqueue(_ messages: [NewMessage], sending: SendingChange?) async throws {
        try await self.store.enqueue(messages, sending: sending)
        self.kept.withLock { $0 = messages.first }
    }
}

/// Accounts of every kind, and a service that real and simulated sessions share.
private struct World {
    static let main = "correct horse battery staple"

    let store: MemoryStore
    let queue: WatchedQueue
    let clock = MockClock()
    let masterKey = MasterKey.random()
    let pool = HashingPool(threads: 1, queue: 4)
    let log = MemoryAuditLog()
    let directory: AccountDirectory
    let loginGuard: LoginGuard
    let service: SubmissionService
    let simulator: Simulator
    let configuration: ServerSessionConfiguration
    var listener: Listener.Configuration
    /// By account and credential; "" is the main password.
    var secrets: [String: [String: String]] = [:]

    init() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        self.store = MemoryStore()
        self.queue = WatchedQueue(self.store)
        self.directory = AccountDirectory(
            store: self.store,
            clock: self.clock,
            defaultDomain: "example.org",
            cache: .seconds(864_000)
        )
        self.loginGuard = LoginGuard(policy: LockoutPolicy(), clock: self.clock, logger: logger)
        let counters = SubmissionCounters()
        self.service = SubmissionService(
            authenticator: Authenticator(
                directory: self.directory,
                pool: self.pool,
                keyring: MasterKeyring(self.masterKey),
                scramIterations: PasswordDerivation.scramIterations
            ),
            loginGuard: self.loginGuard,
            queue: self.queue,
            spool: SpoolDirectory(path: "/tmp", threads: NIOThreadPool(numberOfThreads: 1)),
            clock: self.clock,
            hostname: "mail.example.org",
            disposal: .deliver,
            counters: counters,
            recorder: LoginRecorder(trail: self.log, counters: counters, logger: logger),
            audit: self.log,
            sending: SendingLedger(
                store: self.store,
                clock: self.clock,
                rules: SendingLedger.Rules(
                    limits: SendingLimits([.messagesPerHour: .atMost(40), .recipientsPerDay: .atMost(100_000)]),
                    action: .hold
                )
            ),
            signer: MailSigner(
                store: self.store,
                keyring: MasterKeyring(self.masterKey),
                threads: NIOThreadPool(numberOfThreads: 1),
                logger: logger
            ),
            logger: logger,
            queued: {}
        )
        self.configuration = ServerSessionConfiguration(
            hostname: "mail.example.org",
            service: .submission,
            security: .startTLS,
            mechanisms: [.plain],
            maximumMessageOctets: 10_000,
            maximumRecipients: 3
        )
        self.listener = Listener.Configuration(
            name: "submission:587",
            host: "127.0.0.1",
            port: 587,
            session: self.configuration,
            timeouts: SessionTimeouts(),
            denied: [try #require(IPNetwork("198.51.100.0/24"))]
        )
        self.simulator = Simulator(
            listeners: [Simulator.Place(listener: self.listener, service: self.service)],
            allowed: []
        )
        _ = try await self.store.addDomain("example.org")
        try await self.addAccounts()
    }

    private mutating func addAccounts() async throws {
        for name in ["alice", "bob", "carol", "dave", "erin", "frank"] {
            let address = "\(name)@example.org"
            let keys = try PasswordDerivation.derive(Secret(World.main), owner: address, masterKey: self.masterKey)
            _ = try await self.store.add(
                NewAccount(
                    address: address,
                    credential: keys,
                    isSandbox: name == "dave",
                    created: self.clock.now(),
                    mustChange: name == "erin"
                )
            )
            self.secrets[name] = ["": World.main]
        }
        _ = try await self.store.grant(try #require(IdentityPattern("sales@example.org")), to: "alice@example.org")
        _ = try await self.store.grant(try #require(IdentityPattern("*@example.net")), to: "bob@example.org")
        _ = try await self.store.setEnabled(false, of: "carol@example.org")
        try await self.add("scanner", to: "alice", CredentialRules(recipientDomains: [.name("example.org")]))
        try await self.add(
            "office",
            to: "alice",
            CredentialRules(networks: [try #require(IPNetwork("203.0.113.0/24"))])
        )
        try await self.add(
            "sales",
            to: "alice",
            CredentialRules(identities: [try #require(IdentityPattern("sales@example.org"))])
        )
        try await self.add("old", to: "bob", CredentialRules(expires: self.clock.now() + .seconds(3600)))
        try await self.add("slow", to: "bob", CredentialRules(limits: SendingLimits([.messagesPerHour: .atMost(2)])))
        try await self.add("phone", to: "erin", CredentialRules())
        try await self.add("phone", to: "frank", CredentialRules())
        try await self.add("phone", to: "carol", CredentialRules())
        try await self.add("phone", to: "dave", CredentialRules())
    }

    private mutating func add(_ name: String, to account: String, _ rules: CredentialRules) async throws {
        let address = "\(account)@example.org"
        let password = AppSecret.password(random: RandomOctets.make(AppSecret.passwordLetters))
        let stored = try #require(try await self.store.account(address: address))
        let keys = try PasswordDerivation.derive(
            appPassword: password,
            owner: address,
            masterKey: self.masterKey,
            scram: SCRAMHash.allCases.compactMap { stored.scramParameters($0) }
        )
        let added = AddedCredential(
            kind: .appPassword,
            name: name,
            created: self.clock.now(),
            rules: rules,
            keys: keys
        )
        guard case .added = try await self.store.addCredential(added, to: address) else {
            Issue.record("not added")
            return
        }
        self.secrets[account, default: [:]][name] = password
    }

    /// Locks frank out for all strangers, by guesses from many places.
    func lockFrank() {
        for number in 0..<4000 {
            let origin = LoginExchange.Origin(
                address: IPAddress("10.\(number / 200).\(number % 200).1"),
                listener: "submission:587",
                isTLS: true
            )
            let question = ServerQuestion.password(
                PasswordCredentials(
                    mechanism: .plain,
                    authenticationIdentity: "frank",
                    password: Secret("guess \(number)")
                )
            )
            let attempt = self.loginGuard.attempt(question, by: .plain, account: "frank@example.org", from: origin)
            guard case .admitted = self.loginGuard.admission(of: attempt) else { continue }
            _ = self.loginGuard.ended(attempt, .refused(.wrongPassword))
        }
    }
}

/// A step as both sides tell it: the stage, the reply without what is made up anew each time, and the rule.
private struct Told: Hashable, CustomStringConvertible {
    var stage: SimulationReport.Stage
    var reply: String
    var rule: String?

    init(_ stage: SimulationReport.Stage, _ reply: String, _ rule: String?) {
        self.stage = stage
        self.reply =
            reply.replacing(#/\(ref [^)]*\)/#, with: "(ref)").replacing(#/queued as .*/#, with: "queued")
        self.rule = rule
    }

    var description: String { "\(self.stage.rawValue) \(self.rule ?? "-") \(self.reply)" }
}

@Suite("Simulated and real sessions")
struct SimulationAgreementTests {
    static let sessions = 10_000

    @Test("agree in every reply, rule, route and header field, over ten thousand sessions made by chance")
    func agreement() async throws {
        let world = try await World()
        world.lockFrank()
        var random = SeededRandom(seed: 20_261_124)
        var seen: [String: Int] = [:]
        for number in 0..<Self.sessions {
            world.clock.advance(by: .milliseconds(Int.random(in: 0...60_000, using: &random)))
            let request = self.request(number, world, &random)
            let report = try await world.simulator.report(request)
            let live = await self.live(request, world)
            let simulated = report.steps.map { Told($0.stage, $0.reply, $0.rule) }
            let kept = world.queue.take()
            guard simulated == live, report.route == kept.map({ "\($0.route)".prefix { $0 != "(" } }).map(String.init),
                self.names(report, request) == self.names(kept)
            else {
                Issue.record(
                    "session \(number): \(request)\nsimulated \(report)\nlive \(live)\nkept \(String(describing: kept))"
                )
                break
            }
            for step in report.steps { seen[step.rule ?? step.stage.rawValue, default: 0] += 1 }
        }
        print("\(Self.sessions) sessions: \(seen.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
        for rule in [
            "address-refused", "locked", "disabled", "password-change-needed", "ip-refused", "expired",
            "sender-not-granted", "credential-sender", "credential-recipient", "tls-required", "message",
        ] {
            #expect(seen[rule, default: 0] > 0, "no session came to \(rule)")
        }
        try await world.pool.shutdown()
    }

    @Test("what is left of the limits counts the message and each of its recipients, and what was really sent")
    func limits() async throws {
        let world = try await World()
        let request = SimulationRequest(
            account: "alice",
            from: "alice@example.org",
            recipients: ["x@example.com", "y@example.com"],
            header: "From: alice@example.org\r\n"
        )
        func left() async throws -> [String] {
            try await world.simulator.report(request).limits.map { "\($0.limit) \($0.used) \($0.left)" }
        }
        #expect(try await left() == ["messages-per-hour 0 39", "recipients-per-day 0 99998"])
        #expect(try await left() == ["messages-per-hour 0 39", "recipients-per-day 0 99998"], "nothing was counted")
        _ = await self.live(request, world)
        #expect(try await left() == ["messages-per-hour 1 38", "recipients-per-day 2 99996"])
        try await world.pool.shutdown()
    }

    private func request(_ number: Int, _ world: World, _ random: inout SeededRandom) -> SimulationRequest {
        // A refusal costs a slow hash, by design: fewer of them are needed.
        let account =
            switch Int.random(in: 0..<100, using: &random) {
            case 0: "nobody"
            case 1: "carol"
            case 2..<6: "frank"
            case 6..<14: "erin"
            case 14..<24: "dave"
            case 24..<55: "bob"
            default: "alice"
            }
        let credential = world.secrets[account]?.keys.sorted().randomElement(using: &random) ?? ""
        let address =
            switch Int.random(in: 0..<20, using: &random) {
            case 0: "198.51.100.7"
            case 1..<8: "203.0.113.9"
            // Each from a network of its own, so that no answer is held back.
            default: "11.\(number / 62_500).\(number / 250 % 250).\(number % 250)"
            }
        let senders = [
            "\(account)@example.org", "\(account)@example.org", "sales@example.org", "x@example.net",
            "mallory@example.com", "",
        ]
        let recipients = ["bob@example.org", "x@example.com", "y@example.com", "z\(number)@example.com"]
        var request = SimulationRequest(
            account: Bool.random(using: &random) ? account : "\(account)@example.org",
            credential: credential.isEmpty ? nil : credential,
            address: address,
            isTLS: Int.random(in: 0..<20, using: &random) > 0,
            from: senders.randomElement(using: &random),
            recipients: (0...Int.random(in: 0...3, using: &random)).map { _ in
                recipients.randomElement(using: &random) ?? "x@example.com"
            }
        )
        let author = [senders[0], senders[0], "sales@example.org", "mallory@example.com"].randomElement(using: &random)
        request.header = "From: <\(author ?? "")>\r\nSubject: \(number)\r\n"
        switch Int.random(in: 0..<4, using: &random) {
        case 0: request.header? += "Bcc: hidden@example.com\r\n"
        case 1: request.header? += "Date: never\r\n"
        case 2: request.header? += "Sender: mallory@example.com\r\n"
        default: break
        }
        if Int.random(in: 0..<10, using: &random) == 0 { request.size = Int.random(in: 1...20_000, using: &random) }
        return request
    }

    /// The fields of the header that goes out, as the report says.
    private func names(_ report: SimulationReport, _ request: SimulationRequest) -> Set<String> {
        guard report.route != nil else { return [] }
        var names = self.names(Array((request.header ?? "").utf8))
        for change in report.headerChanges {
            let name = change.dropFirst(2).lowercased()
            if change.hasPrefix("-") { names.remove(name) } else { names.insert(name) }
        }
        return names
    }

    private func names(_ message: NewMessage?) -> Set<String> {
        guard case .inline(let octets) = message?.content else { return [] }
        return self.names(octets)
    }

    private func names(_ octets: [UInt8]) -> Set<String> {
        guard let section = try? HeaderSection(parsing: octets) else { return [] }
        return Set(
            section.lines.compactMap { line in
                if case .field(let field) = line { field.name.lowercased() } else { nil }
            }
        )
    }

    /// The same session with the real password, the real service, and what the trail says of it.
    private func live(_ request: SimulationRequest, _ world: World) async -> [Told] {
        let peer = SessionPeer(
            address: request.address.flatMap { IPAddress($0) },
            port: 4711,
            listener: "submission:587"
        )
        if let reply = world.listener.refusal(for: peer, service: world.service, isUnlimited: false) {
            return [Told(.connection, reply.description, "address-refused")]
        }
        var told: [Told] = []
        var conversation = SessionConversation(
            world.configuration,
            responder: world.service.makeResponder(for: peer),
            isTLS: request.isTLS
        )
        func step(_ stage: SimulationReport.Stage, _ text: String) async -> Bool {
            let before = world.log.events.count
            guard let reply = await conversation.say(text).last else { return false }
            var rule: String?
            for event in world.log.events.dropFirst(before) {
                switch event {
                case .authentication(let event): rule = event.reason?.rawValue
                case .sending(let event):
                    switch event.verdict {
                    case .accepted: rule = nil
                    case .held(let code), .refused(let code), .discarded(let code): rule = code
                    }
                default: break
                }
            }
            if !reply.isPositive, rule == nil { rule = "smtp" }
            if !reply.isIntermediate { told.append(Told(stage, reply.description, rule)) }
            return reply.isPositive || reply.isIntermediate
        }
        _ = await conversation.say("EHLO client.example")
        let name = request.account.split(separator: "@").first.map(String.init) ?? ""
        let password = world.secrets[name]?[request.credential ?? ""] ?? "x"
        let message = Base64.encodeToString([0] + Array(request.account.utf8) + [0] + Array(password.utf8))
        guard await step(.login, "AUTH PLAIN \(message)") else { return told }
        let size = request.size.map { " SIZE=\($0)" } ?? ""
        guard await step(.sender, "MAIL FROM:<\(request.from ?? "")>\(size)") else { return told }
        var hasRecipient = false
        for recipient in request.recipients where await step(.recipient, "RCPT TO:<\(recipient)>") {
            hasRecipient = true
        }
        guard hasRecipient else { return told }
        guard await step(.message, "DATA") else { return told }
        _ = await step(.message, "\(request.header ?? "")\r\n.")
        conversation.end()
        return told
    }
}
