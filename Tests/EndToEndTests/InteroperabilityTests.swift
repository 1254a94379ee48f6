import Testing

/// One client with one mechanism, as a row of `docs/interoperability.md`.
struct InteroperabilityCase: Sendable, CustomTestStringConvertible {
    /// The client, once the site runs.
    enum Client: Sendable {
        case installed(any MailClient)
        /// Java Mail's generations, by number.
        case java(Int)
        case postfix

        var name: String {
            switch self {
            case .installed(let client): client.name
            case .java(let generation): generation == 0 ? "Java Mail" : "Jakarta Mail"
            case .postfix: "Postfix with Cyrus SASL"
            }
        }
    }

    var client: Client
    /// As in the table: `NTLMv1` for NTLM against the server that takes it.
    var mechanism: String

    var testDescription: String { "\(client.name) \(mechanism)" }
    /// As on the wire.
    var name: String { takesNTLMv1 ? "NTLM" : mechanism }
    var takesNTLMv1: Bool { mechanism == "NTLMv1" }
    var mark: String { testDescription.replacing(" ", with: "-").replacing("::", with: "-") }

    static let all: [InteroperabilityCase] = {
        let installed: [any MailClient] = [
            Curl(), GSASL(), Swaks(), MSMTP(), SNail(), PythonSMTPLib(), AIOSMTPLib(), NetSMTP(), EximRelay(),
        ]
        let java = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM", "EXTERNAL", "XOAUTH2"]
        let postfix = [
            "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLMv1", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512",
        ]
        return installed.flatMap { client in
            (client.mechanisms + client.otherMechanisms).map {
                InteroperabilityCase(client: .installed(client), mechanism: $0)
            }
        }
            + [0, 1].flatMap { generation in
                java.map { InteroperabilityCase(client: .java(generation), mechanism: $0) }
            } + postfix.map { InteroperabilityCase(client: .postfix, mechanism: $0) }
    }()
}

private let everyClientIsThere =
    JavaMail.areInstalled
    && Program.areInstalled(
        "curl",
        "gsasl",
        "swaks",
        "msmtp",
        "s-nail",
        "python3",
        "perl",
        "java",
        "javac",
        "keytool",
        "openssl"
    )

/// Other people's clients log in to Gatepost with every mechanism that they have; what happens goes into the table.
@Suite(
    .serialized,
    .enabled(if: UnpackedServers.areUsable("postfix", "exim"), Program.howToInstall),
    .enabled(if: everyClientIsThere, Program.howToInstall),
    .interoperabilitySite
)
struct InteroperabilityTests {
    @Test(arguments: InteroperabilityCase.all)
    func `a client logs in, is refused, and is cancelled`(_ example: InteroperabilityCase) async throws {
        let site = try InteroperabilitySite.current
        let client: any MailClient =
            switch example.client {
            case .installed(let client): client
            case .java(let generation): site.java[generation]
            case .postfix: site.postfix
            }
        let server = example.takesNTLMv1 ? site.serverWithNTLMv1 : site.server
        let proxy = example.takesNTLMv1 ? site.proxyWithNTLMv1 : site.proxy

        let before = server.logOctets
        let accepted = try await client.send(try submission(example, site, port: server.startTLSPort, case: .right))
        let login = logged(by: server, since: before, example.name)
        let isAccepted = accepted.succeeded && login == ["login"]
        #expect(isAccepted, "\(login) \(accepted.said)")

        let afterwards = server.logOctets
        let refused = try await client.send(try submission(example, site, port: server.startTLSPort, case: .wrong))
        let refusal = logged(by: server, since: afterwards, example.name)
        // A bearer token's refusal begins with a challenge, at which some clients hang up. The server logs no login that was not
        // finished, so that such a client itself must have shown the challenge.
        let hungUp = example.name.contains("OAUTH") && refusal.isEmpty && Self.showsChallenge(refused.said)
        let isRefused = !refused.succeeded && (refusal == ["login refused"] || hungUp)
        #expect(isRefused, "\(refusal) \(refused.said)")

        let (attempt, cancellations) = try await proxy.watch {
            try await client.send(try submission(example, site, port: proxy.port, case: .cancelled))
        }
        // Where all is said in the first message there is nothing to cancel; nobody's certificate passes through the proxy.
        let noticed = attempt.succeeded == cancellations.isEmpty || example.name == "EXTERNAL"
        #expect(noticed, "\(cancellations) \(attempt.said)")
        let isCancelled = cancellations.allSatisfy {
            $0.mechanism == example.name && $0.reply.hasPrefix("501 5.7.0") && $0.noop.hasPrefix("250")
        }
        #expect(isCancelled, "\(cancellations)")
        let isAsked = !cancellations.isEmpty || Self.saidAtOnce.contains(example.name)
        #expect(isAsked, "nothing was cancelled: \(attempt.said)")

        InteroperabilityTable.record([
            InteroperabilityRow(
                side: .server,
                counterpart: client.name,
                version: try await client.version(),
                mechanism: example.mechanism,
                right: InteroperabilityRow.mark(isAccepted),
                wrong: InteroperabilityRow.mark(isRefused),
                cancelled: isAsked && cancellations.isEmpty
                    ? InteroperabilityRow.nothing : InteroperabilityRow.mark(isAsked && isCancelled),
                note: client.habits[example.mechanism] ?? ""
            )
        ])
    }

    @Test(arguments: InteroperabilitySite.mechanisms)
    func `an exchange that is cancelled at each of its steps leaves the session as it was`(
        _ mechanism: String
    ) async throws {
        let site = try InteroperabilitySite.current
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let dialog = try await run(
            [
                python, Program.script("cancel.py"), "\(site.server.startTLSPort)", site.certificates.authority,
                mechanism,
                Site.alice, site.alice.certificate, site.alice.key,
            ],
            environment: ["SUBMIT_PASSWORD": Site.password]
        )
        let isRight = dialog.succeeded
        #expect(isRight, "\(dialog.said)")
        InteroperabilityTable.record([
            InteroperabilityRow(
                side: .server,
                counterpart: "octets typed by hand",
                version: "",
                mechanism: mechanism,
                right: InteroperabilityRow.nothing,
                wrong: InteroperabilityRow.nothing,
                cancelled: InteroperabilityRow.mark(isRight),
                note: ""
            )
        ])
    }

    /// "grüße" as an old client sends it: refused as any wrong password is, but whoever reads the log is told.
    @Test
    func `a password in Latin-1 is told apart in the log only`() async throws {
        let site = try InteroperabilitySite.current
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let start = site.server.logOctets
        let dialog = try await run(
            [
                python, Program.script("latin1.py"), "\(site.server.startTLSPort)", site.certificates.authority,
                Site.alice,
            ]
        )
        let isRefused = dialog.succeeded && dialog.said.contains("535 5.7.8 Authentication failed (ref ")
        #expect(isRefused, "\(dialog.said)")
        let fresh = site.server.log(since: start)
        let isTold = fresh.contains(" auth result=fail ") && fresh.contains("reason=latin-1")
        #expect(isTold, "\(fresh)")
    }

    /// Mechanisms whose client may say all in its first message, so that nothing is left to cancel.
    private static let saidAtOnce: Set = ["PLAIN", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"]

    /// Whether what a client printed has a reply 334 in it.
    private static func showsChallenge(_ said: String) -> Bool { said.contains(#/(?:^|[^0-9])334 /#) }

    private enum Case: String {
        case right, wrong, cancelled
    }

    private func submission(
        _ example: InteroperabilityCase,
        _ site: InteroperabilitySite,
        port: Int,
        case wanted: Case
    ) throws -> Submission {
        let recipient = "reader@away.test"
        let isRight = wanted != .wrong
        var password = isRight ? Site.password : "wrong one"
        if example.name.contains("OAUTH") {
            password = try BearerToken.mint(for: Site.alice, life: isRight ? 3600 : -3600)
        }
        return Submission(
            port: port,
            transport: .startTLS,
            mechanism: example.name,
            user: Site.alice,
            password: password,
            identity: example.name == "EXTERNAL" ? (isRight ? site.alice : site.nobody) : nil,
            authority: site.certificates.authority,
            sender: Site.alice,
            recipient: recipient,
            message: TestMessage(mark: "\(wanted.rawValue)-\(example.mark)", from: Site.alice, to: recipient),
            folder: try TemporaryFolder("client")
        )
    }

    /// What became of the logins with a mechanism: `login` or `login refused` each.
    private func logged(by server: Gatepost, since start: Int, _ mechanism: String) -> [String] {
        server.log(since: start).split(separator: "\n").filter { $0.contains(" mech=\(mechanism) ") }.compactMap {
            line in
            if line.contains(" auth result=fail ") { return "login refused" }
            return line.contains(" auth result=ok ") ? "login" : nil
        }
    }
}
