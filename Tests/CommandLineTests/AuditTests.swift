import Foundation
import Testing

@Suite("gatepost audit", .serialized)
struct AuditTests {
    private static let configuration = """
        hostname: mail.example.org
        tls: { certificate: certificate.pem, key: key.pem }
        listeners:
          - { service: submission, address: "127.0.0.1:PORT", tls: none }
        authentication:
          mechanisms: [SCRAM-SHA-256, PLAIN, LOGIN, CRAM-MD5, XOAUTH2, OAUTHBEARER]
          cleartextWithoutTLS: true
          oauth:
            - { issuer: example.test, audience: smtp, accountClaim: email, sharedKey: "a shared key of thirty-two octets" }
        delivery: { route: hold }
        log: { level: trace, format: FORMAT }

        """

    /// A server that takes passwords without TLS on loopback, with what it logs in `log`.
    private struct Server {
        var directory: WorkingDirectory
        var port: Int
        var process: Process

        var log: String {
            get throws {
                String(decoding: try Data(contentsOf: self.directory.url.appending(path: "log")), as: UTF8.self)
            }
        }

        func run(_ arguments: [String], input: String = "") async throws -> CommandLineTool.Result {
            try await CommandLineTool.run(arguments, in: self.directory.url, input: input)
        }

        /// One SMTP session: sends the lines, each after the reply to the one before, and returns all replies.
        func session(_ lines: [String]) throws -> String {
            let connection = try SMTPConnection(port: self.port)
            var replies = try connection.reply()
            for line in ["EHLO phone"] + lines {
                try connection.send(line + "\r\n")
                replies += try connection.reply()
                if replies.hasSuffix("closing\r\n") { break }
            }
            return replies
        }
    }

    private func withServer(format: String = "text", _ body: (Server) async throws -> Void) async throws {
        let directory = try WorkingDirectory()
        let made = try await CommandLineTool.run(["init", "--hostname", "mail.example.org"], in: directory.url)
        #expect(made.code == 0, "\(made.messages)")
        try FileManager.default.removeItem(at: directory.url.appending(path: "gatepost.yaml"))
        try directory.write(
            "gatepost.yaml",
            Self.configuration.replacingOccurrences(of: "PORT", with: "0")
                .replacingOccurrences(of: "FORMAT", with: format)
        )
        let process = Process()
        process.executableURL = CommandLineTool.executable
        process.arguments = ["serve"]
        process.currentDirectoryURL = directory.url
        try directory.write("log", "")
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: directory.url.appending(path: "log"))
        var server = Server(directory: directory, port: 0, process: process)
        for name in ["alice", "bob"] {
            let added = try await server.run(
                ["account", "add", "\(name)@example.org", "--password-stdin", "--legacy", "cram-md5"],
                input: "\(Secrets.right)\n"
            )
            #expect(added.code == 0, "\(added.messages)")
        }
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        while try await server.run(["status"]).code != 0 {
            let log = try server.log
            try #require(process.isRunning, "\(log)")
        }
        let ready = try #require(try server.log.firstMatch(of: #/submission 127\.0\.0\.1:(\d+)/#))
        server.port = try #require(.init(ready.1))
        try await body(server)
        process.terminate()
        process.waitUntilExit()
        let log = try server.log
        #expect(process.terminationStatus == 0, "\(log)")
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func plain(_ user: String, _ password: String) -> String {
        "AUTH PLAIN " + Self.base64("\0\(user)\0\(password)")
    }

    private func reference(in replies: String) throws -> String {
        let range = try #require(replies.range(of: #"ref [0-9A-Z]{4}-[0-9A-Z]{4}"#, options: .regularExpression))
        return String(replies[range].dropFirst(4))
    }

    @Test("a refused login is explained, listed, exported and verified, while the server runs and after")
    func verbs() async throws {
        try await self.withServer { server in
            #expect(try server.session([Self.plain("alice", Secrets.right), "QUIT"]).contains("235 2.7.0"))
            var replies = ""
            for _ in 0..<3 { replies = try server.session([Self.plain("alice", Secrets.wrong), "QUIT"]) }
            let reference = try self.reference(in: replies)
            let explained = try await server.run(["audit", "explain", reference.lowercased()])
            #expect(explained.code == 0, "\(explained.messages)")
            #expect(explained.output.contains("all with the same wrong secret, from 127.0.0.1 (seen before"))
            #expect(explained.output.contains("Cause     wrong-password: "))
            #expect(explained.output.contains("still holds the old password (client says EHLO \"phone\")"))
            #expect(explained.output.contains("gatepost app-password add alice@example.org --name phone"))
            #expect(try await server.run(["audit", "explain", "0000-0000"]).code == 1)
            #expect(try await server.run(["audit", "explain", "no reference"]).code == 65)

            let line = try #require(try server.log.split(separator: "\n").last { $0.contains(" auth result=fail ") })
            let shape =
                #"auth result=fail reason=wrong-password account=alice@example\.org mech=PLAIN ip=127\.0\.0\.1 "#
                + #"listener=submission:\d+ tls=none helo=phone secret=[0-9a-f]{4} repeat=3 ref=\#(reference)$"#
            #expect(line.range(of: shape, options: .regularExpression) != nil, "\(line)")

            let list = try await server.run(
                ["audit", "list", "--account", "alice", "--reason", "wrong-password", "--since", "1h", "--json"]
            )
            let records = try #require(
                try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]]
            )
            #expect(records.count == 3)
            #expect(records.first?["reference"] as? String == reference)
            #expect(records.map { $0["repeats"] as? Int } == [3, 2, 1])
            let administration = try await server.run(["audit", "list", "--kind", "administration"])
            #expect(administration.output.contains("account add, by uid \(getuid()) offline"))
            #expect(try await server.run(["account", "disable", "bob"]).code == 0)
            let disabled = try await server.run(["audit", "list", "--account", "bob", "--json"])
            #expect(disabled.output.contains("\"action\" : \"account disable\""))
            #expect(disabled.output.contains("\"actor\" : \"uid \(getuid())\""))
            #expect(try server.session([Self.plain("bob", Secrets.right), "QUIT"]).contains("535 5.7.8"))

            let verified = try await server.run(["audit", "verify", "--json"])
            #expect(verified.code == 0, "\(verified.output)")
        }
    }

    @Test("every AUTH is a record, also those that no mechanism had a say in; so is every message")
    func sessions() async throws {
        try await self.withServer { server in
            let dialogs: [([String], String)] = [
                (["AUTH GSSAPI"], "mechanism-refused"),
                (["AUTH PLAIN !!!"], "malformed"),
                (["AUTH LOGIN", "*"], "cancelled"),
                (["AUTH CRAM-MD5", "!"], "malformed"),
                ([Self.plain("nobody", "x")], "unknown-account"),
                (["AUTH XOAUTH2 " + Self.base64("user=alice\u{1}auth=Bearer x\u{1}\u{1}"), ""], "token-refused"),
            ]
            for (lines, reason) in dialogs {
                _ = try server.session(lines + ["QUIT"])
                let list = try await server.run(["audit", "list", "--kind", "authentication", "--limit", "1", "--json"])
                #expect(list.output.contains("\"reason\" : \"\(reason)\""), "\(lines)")
            }
            // Hung up in the middle.
            let connection = try SMTPConnection(port: server.port)
            _ = try connection.reply()
            try connection.send("EHLO phone\r\n")
            _ = try connection.reply()
            try connection.send("AUTH LOGIN\r\n")
            _ = try connection.reply()
            connection.close()
            let before = try await server.run(["audit", "export"]).output.split(separator: "\n").count
            var after = before
            while after < before + 1,
                try await server.run(["audit", "list", "--reason", "cancelled", "--json"])
                    .output.components(separatedBy: "\"reason\"").count < 3
            {
                after = try await server.run(["audit", "export"]).output.split(separator: "\n").count
            }

            let failures = (0..<6).map { _ in Self.plain("alice", "x") }
            #expect(try server.session(failures + ["QUIT"]).contains("421 4.7.0"))

            let sent = try server.session([
                Self.plain("alice", Secrets.right), "MAIL FROM:<eve@example.org>", "MAIL FROM:<alice@example.org>",
                "RCPT TO:<bob@example.net>", "DATA",
                "From: alice@example.org\r\nSubject: \(Secrets.subject)\r\n\r\nhello\r\n.", "QUIT",
            ])
            #expect(sent.contains("250 2.0.0"))
            let sending = try await server.run(["audit", "list", "--kind", "sending", "--json"])
            #expect(sending.output.contains("\"result\" : \"held\""))
            #expect(sending.output.contains("\"reason\" : \"sender-not-granted\""))
            #expect(sending.output.contains("bob@example.net"))
            #expect(!sending.output.contains(Secrets.subject))
            #expect(try await server.run(["audit", "verify"]).code == 0)
        }
    }

    @Test("erase and export: everything about one account, and then nothing")
    func privacy() async throws {
        try await self.withServer { server in
            _ = try server.session([Self.plain("alice", Secrets.wrong), "QUIT"])
            let exported = try await server.run(["account", "export", "alice"])
            #expect(exported.code == 0, "\(exported.messages)")
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(exported.output.utf8)) as? [String: Any]
            )
            #expect((report["audit"] as? [Any])?.count ?? 0 >= 2)
            #expect((report["account"] as? [String: Any])?["address"] as? String == "alice@example.org")
            #expect(try await server.run(["account", "erase", "alice"]).code == 1)
            let erased = try await server.run(["account", "erase", "alice", "--yes"])
            #expect(erased.code == 0, "\(erased.messages)")
            #expect(try await server.run(["audit", "verify"]).code == 0)
            let left = try await server.run(["audit", "export"])
            #expect(!left.output.contains("alice@example.org"))
            #expect(left.output.contains("\"action\":\"account erase\""))
            #expect(try await server.run(["account", "show", "alice"]).code == 1)
        }
    }

    /// Marked secrets, which must be nowhere.
    private enum Secrets {
        static let right = "R1ghtMarkerSecret-7c1e"
        static let wrong = "Wr0ngMarkerSecret-93ab"
        static let token = "T0kenMarkerSecret.eyJhbGciOiJub25lIn0.c2ln"
        static let subject = "SubjectMarker-55"

        /// The forms in which a secret may leak: raw, UTF-16, hexadecimal, base64 at each of its three alignments.
        static func forms(of secret: String) -> [Data] {
            let raw = Data(secret.utf8)
            var forms = [
                raw, secret.data(using: .utf16LittleEndian) ?? raw, secret.data(using: .utf16BigEndian) ?? raw,
            ]
            let hex = raw.map { String(format: "%02x", $0) }.joined()
            forms += [Data(hex.utf8), Data(hex.uppercased().utf8)]
            for shift in 0..<3 {
                let encoded = (Data(repeating: 0x41, count: shift) + raw).base64EncodedString()
                // Without the characters that depend on what is before and behind.
                forms.append(Data(encoded.dropFirst(shift == 0 ? 0 : 4).prefix(encoded.count - 8).dropLast(4).utf8))
            }
            return forms
        }
    }

    @Test(
        "no password, token or AUTH message reaches a log, a file or a reply, at the lowest level",
        arguments: ["text", "json"]
    )
    func scan(format: String) async throws {
        var replies = ""
        var folder: WorkingDirectory?
        try await self.withServer(format: format) { server in
            folder = server.directory
            for secret in [Secrets.right, Secrets.wrong] {
                for user in ["alice", "alice@example.org", "nobody", "bob@example.org"] {
                    replies += try server.session([Self.plain(user, secret), "QUIT"])
                    replies += try server.session([
                        "AUTH LOGIN", Self.base64(user), Self.base64(secret), "QUIT",
                    ])
                    replies += try server.session(["AUTH LOGIN " + Self.base64(user), Self.base64(secret), "QUIT"])
                }
                // Where a password may slip in by mistake.
                replies += try server.session(["AUTH \(secret)", "AUTH PLAIN \(secret)", "QUIT"])
                replies += try server.session(["AUTH PLAIN", Self.base64("\0\0\(secret)"), "QUIT"])
                replies += try server.session(["AUTH PLAIN " + Self.base64("x\0\(secret)"), "QUIT"])
                replies += try server.session(["AUTH PLAIN " + Self.base64("\0alice\0\(secret)\0x"), "QUIT"])
                replies += try server.session(["AUTH CRAM-MD5", Self.base64(secret), "QUIT"])
                replies += try server.session(["AUTH SCRAM-SHA-256 " + Self.base64(secret), "QUIT"])
            }
            for name in ["XOAUTH2", "OAUTHBEARER"] {
                let message =
                    name == "XOAUTH2"
                    ? "user=alice\u{1}auth=Bearer \(Secrets.token)\u{1}\u{1}"
                    : "n,a=alice,\u{1}auth=Bearer \(Secrets.token)\u{1}\u{1}"
                replies += try server.session(["AUTH \(name) " + Self.base64(message), "AQ==", "QUIT"])
            }
            #expect(try await server.run(["audit", "verify"]).code == 0)
            // The write-ahead logs as well.
            try self.scan(server.directory, replies)
            let exported = try await server.run(["audit", "export"])
            #expect(exported.output.split(separator: "\n").count > 30)
        }
        try self.scan(try #require(folder), replies)
    }

    private func scan(_ directory: WorkingDirectory, _ replies: String) throws {
        var contents: [(name: String, data: Data)] = [("replies", Data(replies.utf8))]
        let files = try #require(FileManager.default.enumerator(atPath: directory.url.path))
        for case let name as String in files {
            let url = directory.url.appending(path: name)
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { continue }
            contents.append((name, try Data(contentsOf: url)))
        }
        #expect(contents.contains { $0.name.hasSuffix("audit.db") } && contents.contains { $0.name == "log" })
        for (name, data) in contents {
            for secret in [Secrets.right, Secrets.wrong, Secrets.token] {
                for (number, form) in Secrets.forms(of: secret).enumerated() {
                    #expect(data.range(of: form) == nil, "\(secret) in form \(number) is in \(name)")
                }
            }
        }
    }
}
