import Foundation
import Testing

/// Lockout as guessers, owners and operators meet it: the built server, reached through a proxy that says whose connection it is.
@Suite(.serialized, .enabled(if: Program.areInstalled("python3", "openssl"), Program.howToInstall))
struct LockoutTests {
    private struct Try: Encodable {
        var from: String
        var client = "bot"
        var mechanism = "PLAIN"
        var user = Site.alice
        var password: String
    }

    private struct Answer: Decodable {
        var greeting: String
        var reply: String?
        var salt: String?

        var code: String { String((self.reply ?? self.greeting).prefix(3)) }
        /// Without the reference, which differs each time.
        var words: String { (self.reply ?? "").split(separator: "(ref ").first.map(String.init) ?? "" }
    }

    private struct LockLine: Decodable {
        var kind: String
        var account: String?
        var from: String?
    }

    private let gatepost: Gatepost

    init() async throws {
        self.gatepost = try await Self.start(format: "text")
    }

    private static func start(format: String) async throws -> Gatepost {
        let certificates = try await Certificates.make()
        let gatepost = try Gatepost("delivery: { route: hold }", certificates: certificates)
        try gatepost.folder.write(
            "gatepost.yaml",
            """
            hostname: mail.gatepost.test
            data: data
            tls: { certificate: "\(certificates.certificate)", key: "\(certificates.key)" }
            listeners:
              - { service: submission, address: "127.0.0.1:\(gatepost.startTLSPort)", tls: none, proxyProtocol: [127.0.0.0/8] }
              - { service: submission, address: "127.0.0.1:\(gatepost.implicitTLSPort)", tls: implicit }
            authentication:
              cleartextWithoutTLS: true
              lockout: { attempts: 3, guessesPerDay: 30, accounts: 4, duration: 10m }
            networks: { allow: [192.0.2.99] }
            delivery: { route: hold }
            log: { format: \(format) }

            """
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        try await gatepost.addAccount(Site.alice, password: Site.password)
        try await gatepost.start()
        return gatepost
    }

    private func play(_ tries: [Try], on server: Gatepost? = nil) async throws -> [Answer] {
        let server = server ?? self.gatepost
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let encoder = JSONEncoder()
        let lines = try tries.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }
        let input = try server.folder.write("tries-\(UInt64.random(in: 0 ... .max))", lines.joined())
        let completed = try await succeed(
            [python, Program.script("guess.py"), "\(server.startTLSPort)"],
            input: .file(input)
        )
        return try completed.output.split(separator: 0x0A).map {
            try JSONDecoder().decode(Answer.self, from: Data($0))
        }
    }

    private func locks() async throws -> [LockLine] {
        let completed = try await self.gatepost.verb("lock", "list", "--json")
        return try JSONDecoder().decode([LockLine].self, from: Data(completed.output))
    }

    private func guesses(_ count: Int, from address: String, client: String = "bot") -> [Try] {
        (0..<count).map { Try(from: address, client: client, password: "wrong \($0)") }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a guesser is locked out, the owner is not, and the operator undoes it`() async throws {
        let home = Try(from: "192.0.2.10", client: "laptop", password: Site.password)
        let homeSCRAM = Try(from: "192.0.2.10", client: "laptop", mechanism: "SCRAM", password: Site.password)
        let before = try await self.play([home, homeSCRAM])
        #expect(before.map(\.code) == ["235", "235"])

        // Right or wrong, known or unknown: nothing tells that the account is locked, not even SCRAM's salt.
        let bot = "198.51.100.66"
        let guesses = try await self.play(self.guesses(3, from: bot))
        #expect(guesses.map(\.code) == ["535", "535", "535"])
        let locked = try await self.play([
            Try(from: bot, password: Site.password),
            Try(from: "198.51.100.67", mechanism: "SCRAM", password: Site.password),
            Try(from: bot, password: "wrong again"),
        ])
        #expect(locked.map(\.code) == ["535", "535", "535"])
        #expect(Set(locked.map(\.words) + guesses.map(\.words)) == ["535 5.7.8 Authentication failed "])
        #expect(locked[1].salt == before[1].salt && locked[1].salt != nil)
        let free = try await self.play([
            home, homeSCRAM, Try(from: "203.0.113.5", password: Site.password),
            Try(from: "2001:db8::5", mechanism: "SCRAM", password: Site.password),
        ])
        #expect(free.map(\.code) == ["235", "235", "235", "235"])

        let listed = try await self.locks()
        #expect(listed.map(\.kind) == ["network"] && listed.first?.from == "198.51.100.0/24")
        #expect(self.gatepost.log.contains("reason=locked"))

        // A restart neither frees the guesser nor makes a stranger of the owner.
        _ = try await self.gatepost.stop()
        try await self.gatepost.start()
        #expect(try await self.locks().map(\.kind) == ["network"])
        let restarted = try await self.play([Try(from: bot, password: Site.password), home])
        #expect(restarted.map(\.code) == ["535", "235"])
        try await self.gatepost.verb("lock", "lift", "198.51.100.66")
        #expect(try await self.locks().isEmpty)
        #expect(try await self.play([Try(from: bot, password: Site.password)]).map(\.code) == ["235"])
        _ = try await self.gatepost.stop()
    }

    @Test(.timeLimit(.minutes(5)))
    func `the same wrong password counts once, and an app password passes a locked account`() async throws {
        let stale = Try(from: "198.51.100.66", client: "phone", password: "old password")
        let answers = try await self.play(Array(repeating: stale, count: 12))
        #expect(Set(answers.map(\.code)) == ["535"])
        #expect(try await self.locks().isEmpty)

        // Thirty guesses, three from a network: strangers together have fifteen a day.
        let botnet = (0..<10).flatMap { network in
            (0..<3).map { Try(from: "198.51.\(network).1", password: "guess \(network) \($0)") }
        }
        _ = try await self.play(botnet)
        #expect(try await self.locks().contains { $0.kind == "strangers" && $0.account == Site.alice })
        let abroad = "203.0.113.5"
        let secret = try await self.gatepost.verb("app-password", "add", Site.alice, "--name", "phone")
        let generated = String(decoding: secret.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let answersAbroad = try await self.play([
            Try(from: abroad, password: Site.password), Try(from: abroad, mechanism: "SCRAM", password: Site.password),
            Try(from: abroad, password: generated), Try(from: "192.0.2.99", password: Site.password),
        ])
        #expect(answersAbroad.map(\.code) == ["535", "535", "235", "235"], "\(generated)")
        try await self.gatepost.verb("account", "unlock", Site.alice)
        #expect(try await self.play([Try(from: "203.0.114.5", password: Site.password)]).map(\.code) == ["235"])
        _ = try await self.gatepost.stop()
    }

    @Test(
        .enabled(if: Program.areInstalled("fail2ban-regex"), Program.howToInstall),
        .timeLimit(.minutes(5)),
        arguments: ["text", "json"]
    )
    func `an address that guesses at many accounts is banned, and fail2ban reads it in the log`(
        format: String
    ) async throws {
        _ = try await self.gatepost.stop()
        let server = try await Self.start(format: format)
        let sprayer = "198.51.100.77"
        // What a client says must not pass for a field of the log.
        let forged = #"x" ip=203.0.113.1 reason=wrong-password y=""#
        let answers = try await self.play(
            (0..<3).map { Try(from: sprayer, user: "user\($0)@gatepost.test", password: "Winter2026") }
                + [Try(from: sprayer, client: "bot", user: forged, password: "Winter2026")]
                + [Try(from: sprayer, password: "Winter2026"), Try(from: "198.51.100.78", password: Site.password)],
            on: server
        )
        #expect(answers.prefix(4).map(\.code) == ["535", "535", "535", "535"])
        #expect(answers[4].greeting == "421 4.7.0 Too many failed logins from your address; try again later")
        #expect(answers[5].code == "235")
        _ = try await server.stop()

        let log = server.folder.path("serve-0.err")
        let filter = "\(Program.packageRoot)/etc/fail2ban/filter.d/gatepost.conf"
        #expect(try await Self.found(log, "\(filter)[mode=ban]") == [sprayer])
        #expect(try await Self.found(log, "\(filter)[mode=aggressive]") == [String](repeating: sprayer, count: 5))
    }

    /// The addresses that fail2ban finds, in order.
    private static func found(_ log: String, _ filter: String) async throws -> [String] {
        guard let program = Program.find("fail2ban-regex") else { throw MissingProgram(name: "fail2ban-regex") }
        let completed = try await run([program, "--out", "ip", log, filter])
        return String(decoding: completed.output, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
