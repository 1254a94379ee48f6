import Testing

/// Everything one suite needs, running together: the server under test, a name server, and the mail servers it
/// delivers to.
struct Site: Sendable {
    static let alice = "alice@gatepost.test"
    static let bob = "bob@gatepost.test"
    static let password = "correct horse 9 battery"

    let certificates: Certificates
    let nameServer: NameServer
    let postfix: PostfixSink
    let exim: EximSink
    let dovecot: DovecotStore
    let gatepost: Gatepost

    /// The site of the suite that runs.
    @TaskLocal private static var running: Site?

    static var current: Site {
        get throws {
            guard let running else { throw MissingSite() }
            return running
        }
    }

    /// Starts everything. All MX hosts listen on one port, each on a loopback address of its own.
    static func start() async throws -> Site {
        let certificates = try await Certificates.make()
        let port = try Loopback.freePorts(1)[0]
        async let nameServer = NameServer.start(zones: zones)
        async let postfix = PostfixSink.start(port: port, certificates: certificates)
        async let exim = EximSink.start(port: port, certificates: certificates)
        async let dovecot = DovecotStore.start()
        let settings = """
            dns: { servers: ["127.0.0.1:\(try await nameServer.port)"], dnssec: false }
            delivery:
              route: mx
              port: \(port)
              local: "lmtp:\(try await dovecot.socket)"
              retry: { first: 1s, maximum: 5s, expire: 1h }
            """
        let gatepost = try Gatepost(settings, certificates: certificates)
        try await gatepost.verb("domain", "add", "gatepost.test")
        for address in [alice, bob] {
            try await gatepost.addAccount(address, password: password, legacy: "cram-md5,digest-md5,ntlm")
        }
        try await gatepost.start()
        return try await Site(
            certificates: certificates,
            nameServer: nameServer,
            postfix: postfix,
            exim: exim,
            dovecot: dovecot,
            gatepost: gatepost
        )
    }

    /// Mail domains of the tests. `fallback.test` names a host first that nobody runs; `nomail.test` has a null MX.
    private static let zones = [
        "postfix.test": "@ MX 10 mx\nmx A \(PostfixSink.address)",
        "exim.test": "@ MX 10 mx\nmx A \(EximSink.address)",
        "fallback.test": "@ MX 10 dead\n@ MX 20 mx.postfix.test.\ndead A 127.0.0.13",
        "nomail.test": "@ MX 0 .",
        "sender.test": "@ TXT \"v=spf1 ip4:127.0.0.0/8 -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"",
        "strict.test": "@ TXT \"v=spf1 -all\"\n_dmarc TXT \"v=DMARC1; p=reject\"",
        "gatepost.test": "mail A 127.0.0.1\n@ MX 10 mail",
    ]

    fileprivate static func withRunningSite(_ body: () async throws -> Void) async throws {
        let site = try await start()
        try await $running.withValue(site) { try await body() }
        let exit = try await site.gatepost.stop()
        #expect(exit == .code(0), "gatepost serve drains and exits with 0 after SIGTERM")
    }
}

struct MissingSite: Error, CustomStringConvertible {
    var description: String { "the suite lacks the trait .site" }
}

/// Starts a ``Site`` before a suite's first test and stops it after the last.
struct SiteTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: () async throws -> Void) async throws {
        try await Site.withRunningSite(function)
    }
}

extension Trait where Self == SiteTrait {
    static var site: Self { SiteTrait() }
}

/// What must be there for a ``Site`` to start.
let siteCanStart =
    UnpackedServers.areUsable("nsd", "postfix", "exim", "dovecot") && Program.areInstalled("openssl")
