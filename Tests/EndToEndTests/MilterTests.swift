import Foundation
import Testing

/// Mail filters between the client and the queue: other people's from Debian, and one that does all that a filter may.
@Suite(.serialized, .enabled(if: Program.areInstalled("python3", "openssl"), Program.howToInstall))
struct MilterTests {
    private static let alice = "alice@gatepost.test"
    private static let password = "correct horse 9 battery"

    private struct Scene {
        let gatepost: Gatepost
        let sink: ChildProcess
        let folder: TemporaryFolder
        let filters: [MailFilter]

        init(_ filters: MailFilter..., more: String = "") async throws {
            self.filters = filters
            let python = try Program.path("python3")
            self.folder = try TemporaryFolder("sink")
            let port = try Loopback.freePorts(1)[0]
            self.sink = try ChildProcess(
                [python, Program.script("mailbox_sink.py"), "127.0.0.1", "\(port)", self.folder.path("")],
                input: .heldOpen,
                log: self.folder.path("log")
            )
            try await Loopback.waitUntilAccepting("127.0.0.1", port, by: self.sink)
            let certificates = try await Certificates.make()
            self.gatepost = try Gatepost("", certificates: certificates)
            let milters = filters.map { "  - { name: \($0.name), socket: \"\($0.socket)\" }\n" }.joined()
            try self.gatepost.folder.write(
                "gatepost.yaml",
                """
                hostname: mail.gatepost.test
                data: data
                tls: { certificate: "\(certificates.certificate)", key: "\(certificates.key)" }
                listeners:
                  - { service: submission, address: "127.0.0.1:\(self.gatepost.startTLSPort)", tls: none, proxyProtocol: [127.0.0.0/8] }
                  - { service: submission, address: "127.0.0.1:\(self.gatepost.implicitTLSPort)", tls: implicit }
                authentication: { cleartextWithoutTLS: true }
                delivery: { route: relay, relay: { host: 127.0.0.1, port: \(port), tls: none }, retry: { first: 1s } }
                log: { level: debug }
                milters:
                \(milters)\(more)

                """
            )
            try await self.gatepost.verb("domain", "add", "gatepost.test")
            try await self.gatepost.addAccount(MilterTests.alice, password: MilterTests.password)
            try await self.gatepost.start()
        }

        /// A line is `MARK RECIPIENT,… [FIELDS AND BODY]`.
        func send(_ messages: String...) async throws -> [String] {
            let completed = try await succeed(
                [
                    try Program.path("python3"), Program.script("submit_many.py"), "\(self.gatepost.startTLSPort)",
                    "192.0.2.7", MilterTests.alice, MilterTests.password,
                ] + messages
            )
            return String(decoding: completed.output, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        /// What arrived, envelope and all.
        var delivered: [String] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: self.folder.path(""))) ?? []
            return names.filter { $0.hasSuffix(".eml") }.map {
                String(decoding: contents(of: self.folder.path($0)), as: UTF8.self)
            }
        }

        func arrival(_ mark: String) async throws -> String {
            try await eventually("\(mark) at the sink") {
                self.delivered.first { $0.contains("X-Mark: \(mark)\r\n") }
            }
        }

        func text(_ arguments: String...) async throws -> String {
            String(decoding: try await self.gatepost.verb(arguments).output, as: UTF8.self)
        }

        func end() async throws {
            #expect(try await self.gatepost.stop() == .code(0))
            self.sink.letGoOfInput()
            _ = try await self.sink.waitForExit()
        }
    }

    @Test func `a filter may change everything, and mail goes out as it left it`() async throws {
        let scene = try await Scene(try await MailFilter.scripted())
        let sent = try await scene.send(
            "plain bob@elsewhere.test",
            "changed bob@elsewhere.test,eve@elsewhere.test "
                + "X-Do: add carol@elsewhere.test\r\nX-Do: remove eve@elsewhere.test\r\nX-Do: sender other@gatepost.test\r\n"
                + "X-Do: body other text\r\nX-Do: header X-Filtered yes",
            "discarded bob@elsewhere.test X-Do: discard",
            "refused bob@elsewhere.test X-Do: refuse",
            "recipient refused@elsewhere.test",
            "held bob@elsewhere.test X-Do: hold looks odd"
        )
        #expect(sent[1].hasPrefix("plain 250 2.0.0"), "\(sent)")
        #expect(sent[2].hasPrefix("changed 250 2.0.0"), "\(sent)")
        #expect(sent[3].hasPrefix("discarded 250 2.0.0"), "\(sent)")
        #expect(sent[4] == "refused 550 5.7.1 Refused by a mail filter", "\(sent)")
        #expect(sent[5] == "recipient 550 5.7.1 Not by this filter", "\(sent)")
        #expect(sent[6].hasPrefix("held 250 2.0.0"), "\(sent)")

        #expect(try await scene.arrival("plain").hasSuffix("\r\n\r\nhello\r\n"))
        let changed = try await scene.arrival("changed")
        #expect(changed.contains("MAIL FROM:<other@gatepost.test>"), "\(changed)")
        #expect(changed.contains("RCPT TO:<bob@elsewhere.test>") && changed.contains("RCPT TO:<carol@elsewhere.test>"))
        #expect(!changed.contains("RCPT TO:<eve@elsewhere.test>"))
        #expect(changed.hasSuffix("\r\n\r\nother text\r\n"))
        // Right below our own trace field.
        let received = try #require(changed.firstRange(of: "Received:"))
        let inserted = try #require(changed.firstRange(of: "\r\nX-Filtered: yes\r\nFrom:"))
        #expect(received.lowerBound < inserted.lowerBound)

        let queue = try await scene.text("queue", "list")
        #expect(queue.contains("milter-scripted"), "\(queue)")
        let audit = try await scene.text("audit", "list", "--json")
        #expect(audit.contains("\"discarded\"") && audit.contains("milter-scripted"), "\(audit)")
        let status = try await scene.text("status", "--json")
        #expect(status.contains("milters.scripted.quarantined"), "\(status)")
        #expect(scene.gatepost.log.contains("message discarded"))
        let identifier = try #require(
            queue.split(whereSeparator: \.isWhitespace).map(String.init).first { $0.count == 22 }
        )
        try await scene.gatepost.verb("queue", "release", identifier)
        _ = try await scene.arrival("held")
        #expect(!scene.delivered.contains { $0.contains("X-Mark: discarded") || $0.contains("X-Mark: refused") })
        let simulated = try await scene.text(
            "simulate",
            "--account",
            Self.alice,
            "--from",
            Self.alice,
            "--to",
            "refused@elsewhere.test"
        )
        #expect(simulated.contains("mail filters are not asked: scripted"), "\(simulated)")
        try await scene.end()
    }

    @Test func `a filter that is not there lets mail wait, or pass where that is said`() async throws {
        let scene = try await Scene(
            more: "  - { name: absent, socket: \"unix:/nonexistent/socket\" }\n"
        )
        let sent = try await scene.send("one bob@elsewhere.test")
        #expect(sent.last?.hasPrefix("one 451 4.7.1") == true, "\(sent)")
        try await scene.end()
        let passing = try await Scene(
            more: "  - { name: absent, socket: \"unix:/nonexistent/socket\", onFailure: accept }\n"
        )
        let passed = try await passing.send("one bob@elsewhere.test")
        #expect(passed.last?.hasPrefix("one 250 2.0.0") == true, "\(passed)")
        #expect(passing.gatepost.log.contains("a mail filter failed"))
        try await passing.end()
    }

    @Test(.enabled(if: UnpackedServers.areUsable("rspamd"), Program.howToInstall))
    func `rspamd refuses, marks and rewrites`() async throws {
        let scene = try await Scene(try await MailFilter.rspamd())
        let test = "JS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
        let sent = try await scene.send(
            "clean bob@elsewhere.test",
            "spam bob@elsewhere.test X-Test: 1\r\n\r\nX\(test)",
            "marked bob@elsewhere.test X-Test: 1\r\n\r\nY\(test)",
            "rewritten bob@elsewhere.test X-Test: 1\r\n\r\nZ\(test)"
        )
        #expect(sent[1].hasPrefix("clean 250 2.0.0"), "\(sent)")
        #expect(sent[2].hasPrefix("spam 554 5.7.1 Gtube pattern"), "\(sent)")
        #expect(sent[3].hasPrefix("marked 250 2.0.0"), "\(sent)")
        #expect(sent[4].hasPrefix("rewritten 250 2.0.0"), "\(sent)")
        #expect(!(try await scene.arrival("clean")).contains("X-Spam"))
        let marked = try await scene.arrival("marked")
        #expect(marked.contains("\r\nX-Spam: Yes\r\n"), "\(marked)")
        let rewritten = try await scene.arrival("rewritten")
        #expect(rewritten.contains("\r\nSubject: *** SPAM *** rewritten\r\n"), "\(rewritten)")
        try await scene.end()
    }

    @Test(.enabled(if: UnpackedServers.areUsable("clamav"), Program.howToInstall))
    func `ClamAV refuses what is infected`() async throws {
        let scene = try await Scene(try await MailFilter.clamav())
        let sent = try await scene.send(
            "clean bob@elsewhere.test",
            "infected bob@elsewhere.test X-Test: 1\r\n\r\n\(EICAR.text)"
        )
        #expect(sent[1].hasPrefix("clean 250 2.0.0"), "\(sent)")
        #expect(sent[2].hasPrefix("infected 550 5.7.1 Infected with Gatepost.Test.EICAR"), "\(sent)")
        let clean = try await scene.arrival("clean")
        #expect(clean.contains("\r\nX-Virus-Scanned: clamav-milter"), "\(clean)")
        #expect(clean.contains("\r\nX-Virus-Status: Clean\r\n"), "\(clean)")
        try await scene.end()
    }

    @Test(.enabled(if: UnpackedServers.areUsable("opendkim"), Program.howToInstall))
    func `OpenDKIM signs what is submitted, and a second one finds its signature right`() async throws {
        let signer = try await MailFilter.opendkim()
        let scene = try await Scene(signer, try await MailFilter.opendkim(verifying: signer))
        let sent = try await scene.send("signed bob@elsewhere.test X-Folded: a\r\n\tb")
        #expect(sent[1].hasPrefix("signed 250 2.0.0"), "\(sent)")
        let signed = try await scene.arrival("signed")
        let signature = "\r\nDKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=gatepost.test"
        #expect(signed.contains(signature), "\(signed)")
        // Simple canonicalization: every octet counts.
        let results = try #require(
            signed.firstRange(of: "\r\nAuthentication-Results: filter.gatepost.test;"),
            "\(signed)"
        )
        #expect(signed[results.lowerBound...].contains("dkim=pass"), "\(signed)")
        try await scene.end()
    }
}
