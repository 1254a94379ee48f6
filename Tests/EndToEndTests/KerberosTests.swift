import Foundation
import Testing

/// Real clients log in with tickets of a real KDC.
@Suite(
    .serialized,
    .enabled(
        if: KerberosRealm.canStart && Program.areInstalled("curl", "gsasl", "msmtp", "python3", "openssl"),
        Program.howToInstall
    ),
    .kerberosSite
)
struct KerberosTests {
    /// One client over one transport.
    struct ClientCase: Sendable, CustomTestStringConvertible {
        var client: any MailClient
        var transport: Transport

        var testDescription: String { "\(client.program) over \(transport.rawValue)" }
        var mark: String { "\(client.program.replacing(" ", with: "-"))-\(transport)" }

        static let all: [ClientCase] = [GatepostSend(), Curl(), MSMTP(), GSASL()].flatMap { (client: any MailClient) in
            client.transports.map { ClientCase(client: client, transport: $0) }
        }
    }

    @Test(arguments: ClientCase.all)
    func `a ticket logs in without a password`(_ example: ClientCase) async throws {
        let site = try KerberosSite.current
        let mark = "ticket-\(example.mark)"
        let submission = try site.submission(mark, example.transport)
        let start = site.gatepost.logOctets
        let sent = try await site.ticket(of: "alice").use { try await example.client.send(submission) }
        let log = site.gatepost.log(since: start)
        try #require(sent.succeeded, "\(sent.said)\n\(log)")
        #expect(sent.said.contains("235 2.7.0"))
        #expect(try await site.holds(mark))
        #expect(log.contains(" auth result=ok account=alice@gatepost.test mech=GSSAPI ip=127.0.0.1"), "\(log)")
        guard example.transport == example.client.transports.first, !(example.client is GatepostSend) else { return }
        let afterwards = site.gatepost.logOctets
        let refused = try await site.ticket(of: "carol").use {
            try await example.client.send(try site.submission("no-\(mark)", example.transport))
        }
        let refusal = site.gatepost.log(since: afterwards)
        let isRefused =
            !refused.succeeded && refused.said.contains("535") && refusal.contains("reason=unknown-account ")
        #expect(isRefused, "\(refused.said)\n\(refusal)")
        InteroperabilityTable.record([
            InteroperabilityRow(
                side: .server,
                counterpart: example.client.name,
                version: try await example.client.version(),
                mechanism: "GSSAPI",
                right: InteroperabilityRow.works,
                wrong: InteroperabilityRow.mark(isRefused),
                cancelled: InteroperabilityRow.nothing,
                note: "MIT Kerberos"
            )
        ])
    }

    @Test(
        arguments: ClientCase.all,
        [("carol", "unknown-account"), ("dave", "disabled"), ("alice/admin", "kerberos-principal")]
    )
    func `a good ticket of somebody who is nobody here is 535`(
        _ example: ClientCase,
        _ who: (principal: String, reason: String)
    ) async throws {
        let site = try KerberosSite.current
        let mark = "nobody-\(who.reason)-\(example.mark)"
        let submission = try site.submission(mark, example.transport)
        let before = refusals(who.reason, site)
        let sent = try await site.ticket(of: who.principal).use { try await example.client.send(submission) }
        #expect(!sent.succeeded)
        #expect(sent.said.contains("535") && sent.said.contains("5.7.8"), "\(sent.said)")
        #expect(refusals(who.reason, site) == before + 1, "\(site.gatepost.log.suffix(2000))")
        #expect(try await !site.holds(mark))
    }

    @Test(arguments: ClientCase.all)
    func `without a ticket nobody logs in`(_ example: ClientCase) async throws {
        let site = try KerberosSite.current
        let mark = "none-\(example.mark)"
        let submission = try site.submission(mark, example.transport)
        let sent = try await site.realm.noTicket.use { try await example.client.send(submission) }
        #expect(!sent.succeeded)
        #expect(!sent.said.contains("235 2.7.0"))
        #expect(try await !site.holds(mark))
    }

    @Test func `our own client says what is missing`() async throws {
        let site = try KerberosSite.current
        let submission = try site.submission("missing", .implicitTLS)
        let sent = try await site.realm.noTicket.use { try await GatepostSend().send(submission) }
        #expect(sent.exit == .code(1))
        #expect(sent.errors.contains("C: *"), "the exchange is cancelled")
        #expect(sent.errors.contains("501 5.7.0"))
        #expect(
            sent.errors.contains("No Kerberos credentials available") || sent.errors.contains("No credentials cache")
        )
        #expect(sent.errors.contains("kinit"))
    }

    @Test func `a listed principal is the account it is listed with`() async throws {
        let site = try KerberosSite.current
        let submission = try site.submission("listed", .startTLS, from: "bob@gatepost.test")
        let sent = try await site.ticket(of: "bob/agent").use { try await GatepostSend().send(submission) }
        try #require(sent.succeeded, "\(sent.said)")
        #expect(try await site.holds("listed"))
        let borrowed = try site.submission("borrowed", .startTLS, from: "bob@gatepost.test")
        let refused = try await site.ticket(of: "alice").use { try await GatepostSend().send(borrowed) }
        #expect(!refused.succeeded, "alice may not send as bob")
        #expect(try await !site.holds("borrowed"))
    }

    @Test func `to act as oneself may be said, to act as another may not`() async throws {
        let site = try KerberosSite.current
        for (identity, isAllowed) in [
            ("alice@gatepost.test", true), ("alice", true), ("alice@\(KerberosRealm.name)", true),
            ("bob@gatepost.test", false),
        ] {
            let before = refusals("not-authorized", site)
            let sent = try await site.ticket(of: "alice").use {
                try await run(gsasl(site) + ["--authorization-id=\(identity)"])
            }
            #expect(sent.said.contains("235 2.7.0") == isAllowed, "\(identity): \(sent.said)")
            #expect(refusals("not-authorized", site) == before + (isAllowed ? 0 : 1))
        }
    }

    @Test func `a ticket for another service is refused, and the log has the library's words`() async throws {
        let site = try KerberosSite.current
        let before = refusals("kerberos-failed", site)
        let start = site.gatepost.logOctets
        let sent = try await site.ticket(of: "alice").use { try await run(gsasl(site) + ["--service=host"]) }
        #expect(sent.said.contains("535 5.7.8"), "\(sent.said)")
        #expect(!sent.said.contains("key table"), "the peer does not learn why")
        #expect(refusals("kerberos-failed", site) == before + 1)
        let line = site.gatepost.log(since: start).split(separator: "\n").last { $0.contains("reason=kerberos-failed") }
        #expect(line?.contains("detail=") == true, "\(line ?? "no line")")
    }

    @Test(
        arguments: [
            (["AUTH GSSAPI", ""], "501 5.5.2"),
            (["AUTH GSSAPI ="], "501 5.5.2"),
            (["AUTH GSSAPI", "bm8gdG9rZW4="], "501 5.5.2"),
            (["AUTH GSSAPI", "no base64"], "501 5.5.2"),
            (["AUTH GSSAPI YIGZBgkqhkiG9xIBAgICAG+BiTCBhqADAgEFoQMCAQ8="], "535 5.7.8"),
        ] as [([String], String)]
    )
    func `what is no ticket is refused in the right words`(_ lines: [String], _ reply: String) async throws {
        let site = try KerberosSite.current
        let dialog = try await site.dialog(lines)
        let last = dialog.split(separator: "\n").last.map(String.init) ?? ""
        // A token that is damaged inside may be called either.
        let isRight = last.hasPrefix("S: \(reply)") || (reply.hasPrefix("535") && last.hasPrefix("S: 501 5.5.2"))
        #expect(isRight, "\(dialog)")
    }

    @Test func `a cancelled exchange leaves the session as it was`() async throws {
        let dialog = try await KerberosSite.current.dialog(["AUTH GSSAPI", "*", "NOOP"])
        let isCancelled = dialog.contains("C: *\nS: 501 5.7.0 ") && dialog.contains("C: NOOP\nS: 250 ")
        #expect(isCancelled, "\(dialog)")
        InteroperabilityTable.record([
            InteroperabilityRow(
                side: .server,
                counterpart: "octets typed by hand",
                version: "",
                mechanism: "GSSAPI",
                right: InteroperabilityRow.nothing,
                wrong: InteroperabilityRow.nothing,
                cancelled: InteroperabilityRow.mark(isCancelled),
                note: ""
            )
        ])
    }

    @Test func `GSSAPI is offered first, and only over TLS`() async throws {
        let site = try KerberosSite.current
        let encrypted = try await site.dialog([])
        let offers = encrypted.split(separator: "\n").filter { $0.contains(" AUTH ") }
        #expect(offers == ["S: 250 AUTH GSSAPI SCRAM-SHA-256 PLAIN"], "\(encrypted)")
        let clear = try await site.dialog([], overTLS: false)
        #expect(clear.contains("STARTTLS") && !clear.contains("AUTH"), "\(clear)")
    }

    @Test func `a realm that is not ours is refused`() async throws {
        let site = try KerberosSite.current
        let other = try Gatepost(
            "delivery: { route: hold }",
            certificates: site.certificates,
            mechanisms: "GSSAPI, SCRAM-SHA-256, PLAIN",
            authentication: ["kerberos: { keytab: \(site.realm.keytab), realm: ELSEWHERE.TEST }"]
        )
        try await other.verb("domain", "add", "gatepost.test")
        try await other.addAccount(KerberosSite.alice, password: KerberosSite.password)
        try await site.realm.noTicket.use { try await other.start() }
        var submission = try site.submission("elsewhere", .startTLS)
        submission.port = other.startTLSPort
        let sent = try await site.ticket(of: "alice").use { try await Curl().send(submission) }
        #expect(sent.said.contains("535 5.7.8"), "\(sent.said)")
        #expect(other.log.contains("reason=kerberos-principal"))
        #expect(other.log.contains("account=alice@\(KerberosRealm.name)"))
        #expect(try await other.stop() == .code(0))
    }

    @Test func `a ticket of another hour is refused for its clock`() async throws {
        let site = try KerberosSite.current
        // No two clocks are near enough for this one.
        let strict = try site.realm.folder.write(
            "strict.conf",
            String(decoding: contents(of: site.realm.configuration), as: UTF8.self)
                .replacing("[libdefaults]", with: "[libdefaults]\n    clockskew = -1")
        )
        let other = try Gatepost(
            "delivery: { route: hold }",
            certificates: site.certificates,
            mechanisms: "GSSAPI, SCRAM-SHA-256, PLAIN",
            authentication: ["kerberos: { keytab: \(site.realm.keytab), realm: \(KerberosRealm.name) }"]
        )
        try await other.verb("domain", "add", "gatepost.test")
        try await ChildProcess.$ambient.withValue(["KRB5_CONFIG": strict]) { try await other.start() }
        var submission = try site.submission("clock", .startTLS)
        submission.port = other.startTLSPort
        let sent = try await site.ticket(of: "alice").use { try await GatepostSend().send(submission) }
        #expect(sent.said.contains("535 5.7.8"), "\(sent.said)")
        #expect(other.log.contains("reason=clock-skew"), "\(other.log.suffix(1000))")
        #expect(try await other.stop() == .code(0))
    }

    @Test func `a key table that goes away is our trouble, and heals by itself`() async throws {
        let site = try KerberosSite.current
        let folder = try TemporaryFolder("keys")
        let keytab = try folder.write("smtp.keytab", contents(of: site.realm.keytab), mode: 0o600)
        let other = try Gatepost(
            "delivery: { route: hold }",
            certificates: site.certificates,
            mechanisms: "GSSAPI, SCRAM-SHA-256, PLAIN",
            authentication: ["kerberos: { keytab: \(keytab), realm: \(KerberosRealm.name) }"]
        )
        try await other.verb("domain", "add", "gatepost.test")
        try await other.addAccount(KerberosSite.alice, password: KerberosSite.password)
        try await site.realm.noTicket.use { try await other.start() }
        var submission = try site.submission("keys", .startTLS)
        submission.port = other.startTLSPort
        let ticket = try await site.ticket(of: "alice")
        try FileManager.default.removeItem(atPath: keytab)
        let gone = try await ticket.use { try await GatepostSend().send(submission) }
        #expect(gone.exit == .code(75), "\(gone.said)")
        #expect(gone.said.contains("454 4.7.0"), "\(gone.said)")
        try folder.write("smtp.keytab", contents(of: site.realm.keytab), mode: 0o600)
        let back = try await ticket.use { try await GatepostSend().send(submission) }
        #expect(back.succeeded, "\(back.said)")
        #expect(try await other.stop() == .code(0))
    }

    @Test func `a relay is logged in to with keys of its own`() async throws {
        let site = try KerberosSite.current
        let sender = try Gatepost(
            """
            delivery:
              route: relay
              relay:
                host: 127.0.0.1
                port: \(site.gatepost.startTLSPort)
                tls: opportunistic
                mechanism: GSSAPI
                user: relay/mail.gatepost.test@\(KerberosRealm.name)
                keytab: \(site.realm.keytab(of: "relay"))
              retry: { first: 1s, maximum: 5s, expire: 1h }
            """,
            certificates: site.certificates
        )
        try await sender.verb("domain", "add", "gatepost.test")
        try await sender.addAccount(KerberosSite.alice, password: KerberosSite.password)
        try await site.realm.noTicket.use { try await sender.start() }
        var submission = try site.submission("relayed", .startTLS)
        submission.port = sender.startTLSPort
        submission.mechanism = "PLAIN"
        submission.password = KerberosSite.password
        let start = site.gatepost.logOctets
        let sent = try await GatepostSend().send(submission)
        try #require(sent.succeeded, "\(sent.said)")
        try await eventually("the message at the relay: \(sender.log.suffix(2000))") {
            try await site.holds("relayed") ? () : nil
        }
        #expect(site.gatepost.log(since: start).contains("account=relay@gatepost.test"))
        #expect(try await sender.stop() == .code(0))
    }

    @Test func `keys that do not fit are told at the check, and stop the start`() async throws {
        let site = try KerberosSite.current
        for (keytab, words) in [
            (site.realm.keytab(of: "host"), "has no key of smtp/"),
            (site.realm.folder.path("none.keytab"), "No such file"),
            (site.realm.configuration, "has no key of smtp/"),
        ] {
            let gatepost = try Gatepost(
                "delivery: { route: hold }",
                certificates: site.certificates,
                mechanisms: "GSSAPI, SCRAM-SHA-256, PLAIN",
                authentication: ["kerberos: { keytab: \(keytab), realm: GATEPOST.TEST }"]
            )
            for verb in [["config", "check"], ["serve"]] {
                let checked = try await site.realm.noTicket.use {
                    try await run([Program.gatepost] + verb + ["--config", gatepost.configuration])
                }
                #expect(checked.exit != .code(0))
                #expect(checked.said.contains("authentication.kerberos.keytab"), "\(checked.said)")
                #expect(checked.said.contains(words), "\(checked.said)")
            }
        }
    }

    private func gsasl(_ site: KerberosSite) throws -> [String] {
        [
            try Program.path("gsasl"), "--smtp", "--connect=127.0.0.1:\(site.gatepost.startTLSPort)", "--starttls",
            "--x509-ca-file=\(site.certificates.authority)", "--mechanism=GSSAPI", "--no-cb",
        ]
    }

    /// How many logins the server refused for this reason.
    private func refusals(_ reason: String, _ site: KerberosSite) -> Int {
        site.gatepost.log.split(separator: "\n").count {
            $0.contains(" auth result=fail ") && $0.contains("reason=\(reason) ")
        }
    }
}
