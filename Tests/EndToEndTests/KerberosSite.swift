import Testing

/// A realm with a server that takes its tickets, and holds what it accepts.
struct KerberosSite: Sendable {
    static let alice = "alice@gatepost.test"
    static let password = "correct horse 9 battery"
    /// Principals and their passwords. `carol` has no account, `dave`'s is disabled, `alice/admin` is somebody else than `alice`.
    static let people = ["alice", "carol", "dave", "alice/admin", "bob/agent"].reduce(into: [:]) { $0[$1] = "pw-\($1)" }

    let realm: KerberosRealm
    let certificates: Certificates
    let gatepost: Gatepost

    @TaskLocal private static var running: KerberosSite?

    static var current: KerberosSite {
        get throws {
            guard let running else { throw MissingSite() }
            return running
        }
    }

    static func start() async throws -> KerberosSite {
        let realm = try await KerberosRealm.start(
            people: people,
            services: ["host/127.0.0.1", "relay/mail.gatepost.test"]
        )
        let certificates = try await Certificates.make()
        let gatepost = try Gatepost(
            "delivery: { route: hold }",
            certificates: certificates,
            mechanisms: "GSSAPI, SCRAM-SHA-256, PLAIN",
            authentication: [
                "kerberos:", "  keytab: \(realm.keytab)", "  realm: \(KerberosRealm.name)", "  principals:",
                "    - { principal: bob/agent@\(KerberosRealm.name), account: bob@gatepost.test }",
                "    - { principal: relay/mail.gatepost.test@\(KerberosRealm.name), account: relay@gatepost.test }",
            ]
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        for name in ["alice", "bob", "dave", "relay"] {
            try await gatepost.addAccount("\(name)@gatepost.test", password: password)
        }
        try await gatepost.verb("account", "grant", "relay@gatepost.test", "--identity", "*@gatepost.test")
        try await gatepost.verb("account", "disable", "dave@gatepost.test")
        try await realm.noTicket.use { try await gatepost.start() }
        return KerberosSite(realm: realm, certificates: certificates, gatepost: gatepost)
    }

    func ticket(of principal: String) async throws -> KerberosRealm.Ticket {
        try await realm.ticket(of: principal, password: KerberosSite.people[principal] ?? "")
    }

    func submission(_ mark: String, _ transport: Transport, from sender: String = alice) throws -> Submission {
        Submission(
            port: gatepost.port(transport),
            transport: transport,
            mechanism: "GSSAPI",
            user: sender,
            password: "no password at all",
            authority: certificates.authority,
            sender: sender,
            recipient: "reader@elsewhere.test",
            message: TestMessage(mark: mark, from: sender, to: "reader@elsewhere.test"),
            folder: try TemporaryFolder("client")
        )
    }

    /// What the server says to these lines.
    func dialog(_ lines: [String], overTLS: Bool = true) async throws -> String {
        try await Dialog.say(lines, to: gatepost.startTLSPort, authority: overTLS ? certificates.authority : nil)
    }

    /// Whether the queue holds the message.
    func holds(_ mark: String) async throws -> Bool {
        let list = try await gatepost.verb("queue", "list", "--json")
        return String(decoding: list.output, as: UTF8.self).contains("\"\(mark)\"")
    }

    fileprivate static func withRunningSite(_ body: () async throws -> Void) async throws {
        let site = try await start()
        try await $running.withValue(site) { try await body() }
        let exit = try await site.gatepost.stop()
        #expect(exit == .code(0), "gatepost serve drains and exits with 0 after SIGTERM")
    }
}

/// Starts a ``KerberosSite`` before a suite's first test and stops it after the last.
struct KerberosSiteTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: () async throws -> Void) async throws {
        try await KerberosSite.withRunningSite(function)
    }
}

extension Trait where Self == KerberosSiteTrait {
    static var kerberosSite: Self { KerberosSiteTrait() }
}
