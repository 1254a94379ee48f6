import Testing

/// The servers that other people's clients log in to, with every mechanism: one as it comes, one that takes NTLMv1, and before each a
/// proxy that cancels.
struct InteroperabilitySite: Sendable {
    let certificates: Certificates
    let alice: ClientIdentity
    /// Has a certificate, but no account.
    let nobody: ClientIdentity
    let server: Gatepost
    let serverWithNTLMv1: Gatepost
    let proxy: CancellingProxy
    let proxyWithNTLMv1: CancellingProxy
    let java: [JavaMail]
    let postfix: PostfixRelay

    @TaskLocal private static var running: InteroperabilitySite?

    static var current: InteroperabilitySite {
        get throws {
            guard let running else { throw MissingSite() }
            return running
        }
    }

    static let mechanisms = [
        "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1",
        "EXTERNAL", "OAUTHBEARER", "XOAUTH2", "CRAM-MD5", "DIGEST-MD5", "NTLM", "PLAIN", "LOGIN",
    ]

    static func start() async throws -> InteroperabilitySite {
        let certificates = try await Certificates.make()
        async let java = JavaMail.make(authority: certificates.authority)
        async let startedServer = startServer(certificates, takesNTLMv1: false)
        async let startedWeaker = startServer(certificates, takesNTLMv1: true)
        let (alice, nobody) = (
            try await certificates.makeClient(Site.alice), try await certificates.makeClient("nobody@gatepost.test")
        )
        let (server, weaker) = try await (startedServer, startedWeaker)
        async let startedProxy = CancellingProxy.start(before: server.startTLSPort, certificates: certificates)
        async let startedWeakerProxy = CancellingProxy.start(before: weaker.startTLSPort, certificates: certificates)
        let (proxy, weakerProxy) = try await (startedProxy, startedWeakerProxy)
        let ports = [server.startTLSPort, weaker.startTLSPort, proxy.port, weakerProxy.port]
        async let postfix = PostfixRelay.start(
            to: ports,
            password: Site.password,
            user: Site.alice,
            certificates: certificates
        )
        return try await InteroperabilitySite(
            certificates: certificates,
            alice: alice,
            nobody: nobody,
            server: server,
            serverWithNTLMv1: weaker,
            proxy: proxy,
            proxyWithNTLMv1: weakerProxy,
            java: java,
            postfix: postfix
        )
    }

    private static func startServer(_ certificates: Certificates, takesNTLMv1: Bool) async throws -> Gatepost {
        let issuer = "issuer: \(BearerToken.issuer), audience: smtp, accountClaim: email, sharedKey: file:jwt.key"
        let server = try Gatepost(
            "delivery: { route: hold }",
            certificates: certificates,
            mechanisms: mechanisms.joined(separator: ", "),
            authentication: ["oauth:", "  - { \(issuer) }", "ntlmV1: \(takesNTLMv1)"],
            clientAuthorities: certificates.authority
        )
        try server.folder.write("jwt.key", BearerToken.key, mode: 0o600)
        try await server.verb("domain", "add", "gatepost.test")
        try await server.addAccount(Site.alice, password: Site.password, legacy: "cram-md5,digest-md5,ntlm")
        try await server.start()
        return server
    }

    fileprivate static func withRunningSite(_ body: () async throws -> Void) async throws {
        let site = try await start()
        try await $running.withValue(site) { try await body() }
        for server in [site.server, site.serverWithNTLMv1] {
            let exit = try await server.stop()
            #expect(exit == .code(0), "gatepost serve drains and exits with 0 after SIGTERM")
        }
    }
}

/// Starts an ``InteroperabilitySite`` before a suite's first test and stops it after the last.
struct InteroperabilitySiteTrait: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: () async throws -> Void) async throws {
        try await InteroperabilitySite.withRunningSite(function)
    }
}

extension Trait where Self == InteroperabilitySiteTrait {
    static var interoperabilitySite: Self { InteroperabilitySiteTrait() }
}
