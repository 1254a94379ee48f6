import Foundation
import Testing

/// Over the limit: held, told, released or cancelled; or refused. The built server, a relay that keeps what it gets.
@Suite(.serialized, .enabled(if: Program.areInstalled("python3", "openssl"), Program.howToInstall))
struct SendingLimitTests {
    private static let alice = "alice@gatepost.test"
    private static let password = "correct horse 9 battery"

    private struct Scene {
        let gatepost: Gatepost
        let sink: ChildProcess
        let folder: TemporaryFolder

        init(_ submission: String) async throws {
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
            try self.gatepost.folder.write(
                "gatepost.yaml",
                """
                hostname: mail.gatepost.test
                postmaster: admin@gatepost.test
                data: data
                tls: { certificate: "\(certificates.certificate)", key: "\(certificates.key)" }
                listeners:
                  - { service: submission, address: "127.0.0.1:\(self.gatepost.startTLSPort)", tls: none, proxyProtocol: [127.0.0.0/8] }
                  - { service: submission, address: "127.0.0.1:\(self.gatepost.implicitTLSPort)", tls: implicit }
                authentication: { cleartextWithoutTLS: true }
                submission: { limits: \(submission) }
                delivery: { route: relay, relay: { host: 127.0.0.1, port: \(port), tls: none }, retry: { first: 1s } }
                log: { level: debug }

                """
            )
            try await self.gatepost.verb("domain", "add", "gatepost.test")
            try await self.gatepost.addAccount(SendingLimitTests.alice, password: SendingLimitTests.password)
            try await self.gatepost.start()
        }

        func send(
            from client: String = "192.0.2.7",
            password: String = SendingLimitTests.password,
            _ messages: String...
        ) async throws -> [String] {
            let completed = try await succeed(
                [
                    try Program.path("python3"), Program.script("submit_many.py"), "\(self.gatepost.startTLSPort)",
                    client, SendingLimitTests.alice, password,
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

        func arrival(_ text: String, to recipient: String) async throws -> String {
            try await eventually("\(text) at \(recipient)") {
                self.delivered.first { $0.contains(text) && $0.contains("RCPT TO:<\(recipient)>") }
            }
        }

        func queue() async throws -> [Queued] {
            let listed = try await self.gatepost.verb("queue", "list", "--json").output
            return try JSONDecoder().decode([Queued].self, from: Data(listed))
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

    private struct Queued: Decodable {
        struct Recipient: Decodable {
            var address: String
            var state: String
            var reason: String?
        }

        var identifier: String
        var subject: String?
        var recipients: [Recipient]
    }

    @Test func `over the limit mail is held, told, released or cancelled, and counts outlive a restart`() async throws {
        let scene = try await Scene("{ messagesPerDay: 2 }")
        let sent = try await scene.send(
            "one bob@elsewhere.test",
            "two bob@elsewhere.test",
            "three bob@elsewhere.test,eve@elsewhere.test",
            "four bob@elsewhere.test"
        )
        #expect(sent.allSatisfy { $0.contains(" 2") }, "\(sent)")
        _ = try await scene.arrival("X-Mark: one", to: "bob@elsewhere.test")
        _ = try await scene.arrival("X-Mark: two", to: "bob@elsewhere.test")

        let owners = try await scene.arrival("Subject: Your mail is held", to: Self.alice)
        #expect(owners.contains("MAIL FROM:<>") && owners.contains("account-messages-per-day"))
        #expect(owners.contains("192.0.2.7"))
        let operators = try await scene.arrival("Subject: Held: mail of \(Self.alice)", to: "admin@gatepost.test")
        #expect(operators.contains("gatepost queue release"))

        let held = try await scene.queue()
        #expect(held.map(\.subject) == ["three", "four"])
        #expect(held.flatMap(\.recipients).allSatisfy { $0.state == "held" && $0.reason == "account-messages-per-day" })
        #expect(operators.contains(held[0].identifier))
        let table = try await scene.text("queue", "list")
        #expect(table.contains("account-messages-per-day"), "\(table)")
        let limits = try await scene.text("account", "limits", Self.alice)
        #expect(limits.contains("messages-per-day"), "\(limits)")
        let audit = try await scene.text("audit", "list", "--account", Self.alice)
        #expect(audit.contains("account-messages-per-day"), "\(audit)")

        try await scene.gatepost.verb("queue", "release", held[0].identifier)
        let released = try await scene.arrival("X-Mark: three", to: "bob@elsewhere.test")
        #expect(released.contains("RCPT TO:<eve@elsewhere.test>"))
        try await scene.gatepost.verb("queue", "cancel", held[1].identifier)
        #expect(try await scene.queue().isEmpty)

        #expect(try await scene.gatepost.stop() == .code(0))
        try await scene.gatepost.start()
        let again = try await scene.send("five bob@elsewhere.test")
        #expect(again.last?.hasPrefix("five 250") == true)
        #expect(try await scene.queue().map(\.subject) == ["five"])
        try await scene.gatepost.verb("account", "limits", Self.alice, "--messages-per-day", "none")
        #expect(try await scene.send("six bob@elsewhere.test").last?.hasPrefix("six 250") == true)
        _ = try await scene.arrival("X-Mark: six", to: "bob@elsewhere.test")
        #expect(!scene.delivered.contains { $0.contains("X-Mark: four") || $0.contains("X-Mark: five") })
        #expect(scene.delivered.count { $0.contains("Subject: Your mail is held") } == 1, "told once")
        #expect(scene.delivered.count { $0.contains("Subject: Held: mail of") } == 1)
        try await scene.end()
    }

    @Test func `where mail is refused the client is told when to try again, and nothing is kept`() async throws {
        let scene = try await Scene("{ messagesPerHour: 2, recipientsPerDay: 4, action: refuse }")
        let many = "a@elsewhere.test,b@elsewhere.test,c@elsewhere.test,d@elsewhere.test,e@elsewhere.test"
        let sent = try await scene.send(
            "never \(many)",
            "one bob@elsewhere.test",
            "two bob@elsewhere.test",
            "three bob@elsewhere.test"
        )
        #expect(sent[1].contains("550 5.7.1") && sent[1].contains("4 recipients a day"), "\(sent)")
        #expect(sent[2].hasPrefix("one 250") && sent[3].hasPrefix("two 250"))
        #expect(sent[4].contains("450 4.7.1") && sent[4].contains("2 messages an hour; try again in"), "\(sent)")
        _ = try await scene.arrival("Subject: Your mail is refused", to: Self.alice)
        _ = try await scene.arrival("Subject: Refused: mail of", to: "admin@gatepost.test")
        _ = try await scene.arrival("X-Mark: two", to: "bob@elsewhere.test")
        #expect(!scene.delivered.contains { $0.contains("X-Mark: three") || $0.contains("X-Mark: never") })
        #expect(try await scene.queue().isEmpty)
        try await scene.end()
    }

    @Test func `a burst to strangers from a new network is held at once, the owner's network goes on`() async throws {
        let scene = try await Scene("{ newNetworkRecipients: 3 }")
        let sent = try await scene.send(
            from: "203.0.113.9",
            "one a@elsewhere.test,b@elsewhere.test",
            "two c@elsewhere.test,d@elsewhere.test",
            "three a@elsewhere.test"
        )
        #expect(sent.dropFirst().allSatisfy { $0.contains(" 250") }, "\(sent)")
        _ = try await scene.arrival("X-Mark: three", to: "a@elsewhere.test")
        let held = try await scene.queue().filter { $0.recipients.contains { $0.state == "held" } }
        #expect(held.map(\.subject) == ["two"])
        #expect(held.first?.recipients.first?.reason == "new-network-burst")
        let home = try await scene.send(
            from: "127.0.0.1",
            "home c@elsewhere.test,d@elsewhere.test,e@elsewhere.test,f@elsewhere.test"
        )
        #expect(home.last?.hasPrefix("home 250") == true)
        _ = try await scene.arrival("X-Mark: home", to: "f@elsewhere.test")
        try await scene.end()
    }

    @Test func `app passwords have limits of their own: messages, size, sessions`() async throws {
        let scene = try await Scene("{ action: refuse }")
        let made = try await scene.text(
            "app-password",
            "add",
            Self.alice,
            "--name",
            "phone",
            "--messages-per-hour",
            "1",
            "--message-size",
            "1024"
        )
        let phone = made.split(separator: "\n").last.map(String.init) ?? ""
        let padding = String(repeating: "x", count: 900)
        let large = (0..<2).map { "X-Pad-\($0): \(padding)" }.joined(separator: "\r\n")
        let sent = try await scene.send(
            password: phone,
            "large bob@elsewhere.test \(large)",
            "one bob@elsewhere.test",
            "two bob@elsewhere.test"
        )
        #expect(sent[1].contains("552 5.3.4"), "\(sent)")
        #expect(sent[2].hasPrefix("one 250"), "what was too large did not count: \(sent)")
        #expect(sent[3].contains("450 4.7.1") && sent[3].contains("app password"), "\(sent)")
        #expect(try await scene.send("main bob@elsewhere.test").last?.hasPrefix("main 250") == true)

        try await scene.gatepost.verb("account", "limits", Self.alice, "--sessions", "1")
        let first = try await Session(scene.gatepost)
        #expect(try await scene.send("no bob@elsewhere.test").first?.contains("421 4.7.0") == true)
        try await first.end()
        try await eventually("a session is free again") {
            try await scene.send("yes bob@elsewhere.test").last?.hasPrefix("yes 250") == true ? () : nil
        }
        try await scene.end()
    }

    @Test func `Sender and the Resent fields need a grant as From does`() async throws {
        let scene = try await Scene("{ }")
        let sent = try await scene.send(
            "one bob@elsewhere.test Sender: <eve@gatepost.test>",
            "two bob@elsewhere.test Resent-From: <alice+x@gatepost.test>, <eve@gatepost.test>",
            "three bob@elsewhere.test Resent-Sender: <eve@gatepost.test>",
            "four bob@elsewhere.test Sender: <alice+x@gatepost.test>"
        )
        for (line, field) in [(sent[1], "Sender"), (sent[2], "Resent-From"), (sent[3], "Resent-Sender")] {
            #expect(line.contains("550 5.7.1") && line.contains("<eve@gatepost.test> in \(field)"), "\(line)")
        }
        #expect(sent[4].hasPrefix("four 250"))
        try await scene.gatepost.verb("account", "grant", Self.alice, "--identity", "*@gatepost.test")
        let granted = try await scene.send("five bob@elsewhere.test Sender: <eve@gatepost.test>")
        #expect(granted.last?.hasPrefix("five 250") == true)
        try await scene.end()
    }
}

/// A session that is logged in and stays so.
private struct Session {
    private let process: ChildProcess

    init(_ gatepost: Gatepost) async throws {
        let folder = try TemporaryFolder("session")
        let script = """
            import base64, socket, sys
            connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            connection.sendall(b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 25\\r\\n")
            stream = connection.makefile("rb")
            stream.readline()
            connection.sendall(b"EHLO client.test\\r\\n")
            while stream.readline()[3:4] == b"-":
                pass
            connection.sendall(b"AUTH PLAIN " + base64.b64encode(b"\\0" + sys.argv[2].encode() + b"\\0" + sys.argv[3].encode()) + b"\\r\\n")
            open(sys.argv[4], "wb").write(stream.readline())
            sys.stdin.read()
            """
        let answer = folder.path("answer")
        self.process = try ChildProcess(
            [
                try Program.path("python3"), "-c", script, "\(gatepost.startTLSPort)", Site.alice, Site.password,
                answer,
            ],
            input: .heldOpen,
            log: folder.path("log")
        )
        try await eventually("a login") {
            String(decoding: contents(of: answer), as: UTF8.self).hasPrefix("235") ? () : nil
        }
        self.folder = folder
    }

    private let folder: TemporaryFolder

    func end() async throws {
        self.process.letGoOfInput()
        _ = try await self.process.waitForExit()
    }
}
