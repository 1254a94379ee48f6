import Testing

/// A mail server that others wrote, in front of Gatepost.
protocol FrontEnd: Sendable {
    var maildir: Maildir { get }
    var log: String { get }
    func port(_ transport: Transport) -> Int
}

extension PostfixFrontEnd: FrontEnd {}
extension EximFrontEnd: FrontEnd {}

/// Gatepost, and another mail server that asks it about logins.
struct FrontEndSite: Sendable {
    enum Kind: Sendable {
        case postfixWithDovecotProtocol
        case postfixWithCyrusSASL
        case exim
    }

    static let sam = "sam@gatepost.test"

    let certificates: Certificates
    let gatepost: Gatepost
    let server: any FrontEnd
    let socket: String

    /// The site of the suite that runs.
    @TaskLocal private static var running: FrontEndSite?

    static var current: FrontEndSite {
        get throws {
            guard let running else { throw MissingSite() }
            return running
        }
    }

    private static func start(_ kind: Kind) async throws -> FrontEndSite {
        let certificates = try await Certificates.make()
        let server: any FrontEnd
        let gatepost: Gatepost
        let socket: String
        switch kind {
        case .exim:
            let folder = try EximFrontEnd.Folder()
            gatepost = try await startGatepost(folder.setting, certificates)
            server = try await EximFrontEnd.start(folder, certificates: certificates)
            socket = folder.socket
        case .postfixWithDovecotProtocol, .postfixWithCyrusSASL:
            let folder = try PostfixFrontEnd.Folder(kind == .postfixWithCyrusSASL ? .saslauthd : .dovecot)
            gatepost = try await startGatepost(folder.setting, certificates)
            server = try await PostfixFrontEnd.start(folder, certificates: certificates)
            socket = folder.socket
        }
        return FrontEndSite(certificates: certificates, gatepost: gatepost, server: server, socket: socket)
    }

    private static func startGatepost(_ setting: String, _ certificates: Certificates) async throws -> Gatepost {
        let gatepost = try Gatepost(
            "delivery: { route: hold }",
            certificates: certificates,
            authentication: [setting]
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        for address in [Site.alice, Site.bob] {
            try await gatepost.addAccount(address, password: Site.password, legacy: "cram-md5,digest-md5,ntlm")
        }
        try await gatepost.start()
        return gatepost
    }

    fileprivate static func withRunningSite(_ kind: Kind, _ body: () async throws -> Void) async throws {
        let site = try await start(kind)
        try await $running.withValue(site) { try await body() }
        let exit = try await site.gatepost.stop()
        #expect(exit == .code(0), "gatepost serve drains and exits with 0 after SIGTERM")
        #expect(!contentsExist(at: site.socket), "the socket goes with its server")
    }

    /// A message from this account's own address.
    func submission(_ example: ClientCase, mark: String, user: String, password: String) throws -> Submission {
        let recipient = "reader@postfix.test"
        return Submission(
            port: server.port(example.transport),
            transport: example.transport,
            mechanism: example.mechanism,
            user: user,
            password: password,
            authority: certificates.authority,
            sender: user,
            recipient: recipient,
            message: TestMessage(mark: mark, from: user, to: recipient),
            folder: try TemporaryFolder("client")
        )
    }

    /// Says these lines to the server.
    ///
    /// - Returns: the dialog as `C:` and `S:` lines.
    func dialog(overTLS: Bool = true, _ lines: String...) async throws -> String {
        try await Dialog.say(
            lines,
            to: server.port(.startTLS),
            authority: overTLS ? certificates.authority : nil
        )
    }
}

/// Starts a ``FrontEndSite`` before a suite's first test and stops it after the last.
struct FrontEndTrait: SuiteTrait, TestScoping {
    let kind: FrontEndSite.Kind

    func provideScope(for test: Test, testCase: Test.Case?, performing function: () async throws -> Void) async throws {
        try await FrontEndSite.withRunningSite(kind, function)
    }
}

extension Trait where Self == FrontEndTrait {
    static func frontEnd(_ kind: FrontEndSite.Kind) -> Self { FrontEndTrait(kind: kind) }
}

/// What every such suite shows.
enum FrontEndChecks {
    /// A real client with each mechanism: the right password and a wrong one.
    static func check(_ example: ClientCase) async throws {
        let site = try FrontEndSite.current
        let mark = "front-\(example.mark)"
        let sent = try await example.client.send(
            site.submission(example, mark: mark, user: Site.alice, password: Site.password)
        )
        let isAccepted = sent.succeeded
        try #require(isAccepted, "\(sent.said)\n\(site.server.log.suffix(2000))\n\(site.gatepost.log.suffix(2000))")
        _ = try await site.server.maildir.message(containing: mark)

        let refused = "\(mark)-refused"
        let other = try await example.client.send(
            site.submission(example, mark: refused, user: Site.bob, password: "wrong one")
        )
        #expect(!other.succeeded)
        #expect(other.said.contains("535"), "\(other.said)")
        #expect(site.server.maildir.messages(containing: refused).isEmpty)
    }

    static func cases(_ mechanisms: Set<String>) -> [ClientCase] {
        ClientCase.all.filter { mechanisms.contains($0.mechanism) }
    }
}

private let clientsAreThere = Program.areInstalled("curl", "swaks", "msmtp", "python3", "s-nail", "gsasl", "openssl")

@Suite(
    "Postfix with smtpd_sasl_type = dovecot",
    .serialized,
    .enabled(if: UnpackedServers.areUsable("postfix") && clientsAreThere, Program.howToInstall),
    .frontEnd(.postfixWithDovecotProtocol)
)
struct PostfixDovecotTests {
    static let mechanisms: Set = [
        "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "NTLM", "PLAIN", "LOGIN",
    ]

    @Test(arguments: FrontEndChecks.cases(mechanisms))
    func `a real client logs in with its password and with no other`(_ example: ClientCase) async throws {
        try await FrontEndChecks.check(example)
    }

    @Test func `Postfix offers what its settings allow, by the words that the handshake has for each mechanism`()
        async throws
    {
        let site = try FrontEndSite.current
        let clear = try await site.dialog(overTLS: false)
        #expect(clear.contains("AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 DIGEST-MD5 NTLM\n"), "\(clear)")
        let encrypted = try await site.dialog()
        #expect(
            encrypted.contains("AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 DIGEST-MD5 NTLM PLAIN LOGIN\n"),
            "\(encrypted)"
        )
    }

    @Test func `a refused login has the same reference at the client, in Postfix's log and in ours`() async throws {
        let site = try FrontEndSite.current
        let dialog = try await site.dialog("PLAIN \(Site.alice) wrong")
        let text = try #require(dialog.split(separator: "\n").last.map(String.init))
        #expect(text.hasPrefix("S: 535 5.7.8 Error: authentication failed: Authentication failed (ref "), "\(dialog)")
        let reference = try #require(text.split(separator: " ").last?.dropLast())
        let line = try #require(site.gatepost.log.split(separator: "\n").first { $0.contains(reference) })
        #expect(line.contains("wrong-password") && line.contains(Site.alice) && line.contains("127.0.0.1"))
        #expect(line.contains("dovecot-auth"))
        _ = try await eventually("Postfix's log of \(reference)") {
            site.server.log.contains(reference) ? () : nil
        }
    }

    @Test func `a cancelled exchange and a wrong one leave the session as it was`() async throws {
        let site = try FrontEndSite.current
        let dialog = try await site.dialog(
            "AUTH CRAM-MD5",
            "*",
            "AUTH SCRAM-SHA-256",
            "*",
            "AUTH LOGIN",
            "bm90IGJhc2U2NA",
            "PLAIN \(Site.alice) wrong",
            "PLAIN \(Site.alice) \(Site.password)",
            "MAIL FROM:<\(Site.alice)>",
            "RCPT TO:<reader@postfix.test>"
        )
        #expect(Dialog.codes(in: dialog) == ["334", "501", "334", "501", "334", "535", "535", "235"], "\(dialog)")
        #expect(dialog.hasSuffix("S: 250 2.1.5 Ok\n"), "\(dialog)")
    }

    @Test func `exchanges that clients left open do not use the connection up`() async throws {
        let site = try FrontEndSite.current
        // Postfix tells nobody when its client is gone, nor that it cancelled; one of its processes serves them all. Five each time: more
        // than the 64 that a connection may have open (`DovecotAuthServer.defaultMaximumRequests`).
        for _ in 0..<14 {
            _ = try await site.dialog(
                "AUTH CRAM-MD5",
                "*",
                "AUTH CRAM-MD5",
                "*",
                "AUTH CRAM-MD5",
                "*",
                "AUTH CRAM-MD5",
                "*",
                "AUTH LOGIN"
            )
        }
        let dialog = try await site.dialog("PLAIN \(Site.alice) \(Site.password)")
        #expect(dialog.contains("S: 235 2.7.0"), "\(dialog)")
    }

    @Test func `Postfix knows a login by the account's address: nobody sends as another`() async throws {
        let site = try FrontEndSite.current
        let dialog = try await site.dialog(
            "PLAIN alice \(Site.password)",
            "MAIL FROM:<\(Site.bob)>",
            "RCPT TO:<reader@postfix.test>",
            "RSET",
            "MAIL FROM:<\(Site.alice)>",
            "RCPT TO:<reader@postfix.test>"
        )
        #expect(
            dialog.contains("S: 553 5.7.1 <\(Site.bob)>: Sender address rejected: not owned by user \(Site.alice)"),
            "\(dialog)"
        )
        #expect(dialog.hasSuffix("S: 250 2.1.5 Ok\n"), "\(dialog)")
    }

    @Test func `a disabled account is out at once`() async throws {
        let site = try FrontEndSite.current
        let login = "PLAIN \(Site.bob) \(Site.password)"
        #expect(try await site.dialog(login).contains("S: 235"))
        try await site.gatepost.verb("account", "disable", Site.bob)
        #expect(try await site.dialog(login).contains("S: 535"))
        try await site.gatepost.verb("account", "enable", Site.bob)
        #expect(try await site.dialog(login).contains("S: 235"))
    }

    @Test func `Postfix finds Gatepost again after a restart, and after a kill`() async throws {
        let site = try FrontEndSite.current
        let login = "PLAIN \(Site.alice) \(Site.password)"
        #expect(try await site.dialog(login).contains("S: 235"))
        #expect(try await site.gatepost.stop() == .code(0))
        try await site.gatepost.start()
        #expect(try await site.dialog(login).contains("S: 235"))
        try await site.gatepost.kill()
        #expect(contentsExist(at: site.socket), "what a killed server leaves behind")
        try await site.gatepost.start()
        #expect(try await site.dialog(login).contains("S: 235"))
    }
}

@Suite(
    "Postfix with Cyrus SASL, pwcheck_method: saslauthd",
    .serialized,
    .enabled(if: UnpackedServers.areUsable("postfix", "cyrus") && clientsAreThere, Program.howToInstall),
    .frontEnd(.postfixWithCyrusSASL)
)
struct PostfixCyrusTests {
    @Test(arguments: FrontEndChecks.cases(["PLAIN", "LOGIN"]))
    func `a real client logs in with its password and with no other`(_ example: ClientCase) async throws {
        try await FrontEndChecks.check(example)
    }

    @Test func `a cancelled exchange and a wrong one leave the session as it was`() async throws {
        let site = try FrontEndSite.current
        let start = site.gatepost.logOctets
        let dialog = try await site.dialog(
            "AUTH LOGIN",
            "*",
            "PLAIN \(Site.alice) wrong",
            "PLAIN \(Site.alice) \(Site.password)"
        )
        #expect(Dialog.codes(in: dialog) == ["334", "501", "535", "235"], "\(dialog)")
        #expect(site.gatepost.log(since: start).contains("wrong-password"))
    }

    @Test(arguments: [
        ("alice", "gatepost.test", Site.password, true), ("alice@gatepost.test", "", Site.password, true),
        ("alice", "", Site.password, true), ("alice", "gatepost.test", "wrong", false),
        ("alice", "elsewhere.test", Site.password, false), ("nobody", "", Site.password, false),
    ])
    func `testsaslauthd is told who may log in`(
        login: String,
        realm: String,
        password: String,
        succeeds: Bool
    ) async throws {
        let site = try FrontEndSite.current
        let folder = try TemporaryFolder("sasl")
        let process = try UnpackedServers.start(
            "cyrus",
            ["testsaslauthd", "-f", site.socket, "-s", "smtp", "-u", login, "-r", realm, "-p", password],
            log: folder.path("log")
        )
        let exit = try await process.waitForExit()
        let said = String(decoding: process.output, as: UTF8.self) + process.errors
        #expect((exit == .code(0)) == succeeds, "\(said)")
        #expect(said.contains(succeeds ? "0: OK" : "0: NO \"authentication failed\""), "\(said)")
    }
}

@Suite(
    "Exim with driver = dovecot",
    .serialized,
    .enabled(if: UnpackedServers.areUsable("exim") && clientsAreThere, Program.howToInstall),
    .frontEnd(.exim)
)
struct EximDovecotTests {
    /// Without gsasl, which says STARTTLS without an EHLO: Exim refuses that. Exim is slow at TLS, and its authenticators see no difference
    /// between STARTTLS and implicit TLS, so that one client is enough for the latter.
    @Test(
        arguments: FrontEndChecks.cases(PostfixDovecotTests.mechanisms).filter {
            !($0.client is GSASL) && ($0.transport == .startTLS || $0.client is Swaks)
        }
    )
    func `a real client logs in with its password and with no other`(_ example: ClientCase) async throws {
        try await FrontEndChecks.check(example)
    }

    @Test func `a cancelled exchange and a wrong one leave the session as it was`() async throws {
        let site = try FrontEndSite.current
        let dialog = try await site.dialog(
            "AUTH CRAM-MD5",
            "*",
            "AUTH SCRAM-SHA-256",
            "*",
            "AUTH PLAIN",
            "*",
            "PLAIN \(Site.alice) wrong",
            "PLAIN alice \(Site.password)",
            "MAIL FROM:<\(Site.alice)>",
            "RCPT TO:<reader@exim.test>"
        )
        #expect(Dialog.codes(in: dialog) == ["334", "501", "334", "501", "334", "501", "535", "235"], "\(dialog)")
        #expect(dialog.hasSuffix("S: 250 Accepted\n"), "Exim knows the login by the account's address\n\(dialog)")
    }

    @Test func `without Gatepost Exim asks to try again later`() async throws {
        let site = try FrontEndSite.current
        let login = "PLAIN \(Site.alice) \(Site.password)"
        #expect(try await site.gatepost.stop() == .code(0))
        #expect(try await site.dialog(login).contains("S: 435"))
        try await site.gatepost.start()
        #expect(try await site.dialog(login).contains("S: 235"))
    }
}
