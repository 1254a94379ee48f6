import Foundation
import Testing

/// Printers and scanners send in clear text; Python's smtplib and swaks play them.
@Suite(
    .serialized,
    .enabled(if: Program.areInstalled("python3", "swaks", "openssl"), Program.howToInstall)
)
struct DeviceTests {
    private static let scanner = "scanner@gatepost.test"
    private static let person = "person@gatepost.test"

    private struct Scene {
        var gatepost: Gatepost
        var port: Int

        func send(
            from sender: String = DeviceTests.scanner,
            author: String? = nil,
            to recipient: String = "reader@gatepost.test",
            source: String = "127.0.0.1",
            password: String? = nil
        ) async throws -> [String] {
            guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
            let arguments = [
                python, Program.script("device.py"), "\(port)", source, sender, author ?? sender, recipient,
            ]
            let completed = try await succeed(
                arguments + (password == nil ? [] : [DeviceTests.scanner]),
                environment: ["DEVICE_PASSWORD": password ?? ""]
            )
            return String(decoding: completed.output, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        func verb(_ arguments: String...) async throws -> String {
            String(decoding: try await gatepost.verb(arguments).output, as: UTF8.self)
        }
    }

    /// A server with one device listener; the scanner's account is a sandbox, so that its mail can be looked at.
    private func withScanner(_ keys: String, _ body: (Scene) async throws -> Void) async throws {
        let port = try Loopback.freePorts(1)[0]
        let gatepost = try Gatepost(
            "",
            listeners: ["{ service: device, address: \"127.0.0.1:\(port)\", clients: [127.0.0.1], \(keys) }"],
            certificates: try await Certificates.make()
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        for address in [Self.scanner, Self.person] {
            try await gatepost.verb(
                ["account", "add", address, "--password-stdin", "--sandbox"],
                input: Site.password + "\n"
            )
        }
        try await gatepost.start()
        try await body(Scene(gatepost: gatepost, port: port))
        #expect(try await gatepost.stop() == .code(0))
    }

    @Test func `a fixed account needs no AUTH, and only its address, its recipients and its clients get through`()
        async throws
    {
        try await withScanner(
            "account: \(Self.scanner), recipients: [gatepost.test, boss@elsewhere.test], messagesPerHour: 5"
        ) { scene in
            let sent = try await scene.send()
            #expect(sent.first == "auth: not offered")
            #expect(sent.last?.hasPrefix("250 2.0.0") == true, "\(sent)\n\(scene.gatepost.log)")
            #expect(
                try await scene.send(from: Self.scanner.uppercased(), to: "boss@elsewhere.test").last?.hasPrefix("250")
                    == true
            )
            let wanted = "550 5.7.1 Devices send as <\(Self.scanner)> here; set that as the sender's address"
            #expect(try await scene.send(from: Self.person).last == wanted)
            #expect(try await scene.send(from: "", author: Self.scanner).last == wanted)
            #expect(
                try await scene.send(author: Self.person).last
                    == "550 5.7.1 Devices write as <\(Self.scanner)> here, not as <\(Self.person)> in From"
            )
            #expect(
                try await scene.send(to: "someone@elsewhere.test").last
                    == "550 5.7.1 Devices may not send to <someone@elsewhere.test> here"
            )
            // Though networks.allow has it.
            #expect(
                try await scene.send(source: "127.0.0.2") == ["554 5.7.1 Access from your address is denied"]
            )
            let log = scene.gatepost.log
            #expect(log.contains("devices may send without AUTH"))
            #expect(log.contains("connection refused: not one of the listener's clients"))
            let trail = try await scene.verb("audit", "list", "--json")
            for rule in ["device-sender", "device-recipient"] { #expect(trail.contains(rule), "\(trail)") }
            #expect(trail.contains("\"basis\""))

            // Two were taken and one was refused for its header; two more go, then the hour is full.
            for _ in 0..<2 { #expect(try await scene.send().last?.hasPrefix("250") == true) }
            let over = try await scene.send().last
            #expect(over?.hasPrefix("450 4.7.1 A device may send 5 messages an hour here") == true, "\(over ?? "")")

            _ = try await scene.verb("account", "disable", Self.scanner)
            #expect(try await scene.send().last == "550 5.7.1 The account of this listener cannot send")
        }
    }

    @Test func `rewriting puts the fixed address in, and the person's into Reply-To`() async throws {
        try await withScanner("account: \(Self.scanner), otherFrom: rewrite, recipients: [\"*\"]") { scene in
            #expect(
                try await scene.send(from: Self.person, author: "A Person <\(Self.person)>").last?.hasPrefix("250")
                    == true
            )
            #expect(try await scene.send(from: "", author: "Copier on floor 2").last?.hasPrefix("250") == true)
            let shown = try await Self.messages(scene)
            #expect(shown.count == 2)
            for message in shown {
                #expect(
                    message.contains("From: \(Self.scanner)\r\n") || message.contains("From: \(Self.scanner)\n"),
                    "\(message)"
                )
            }
            #expect(shown.contains { $0.contains("Reply-To: A Person <\(Self.person)>") })
            #expect(!shown.contains { $0.contains("Copier") })
        }
    }

    @Test func `without a fixed account an app password is needed, and the main password is not one`() async throws {
        try await withScanner("from: \(Self.scanner), recipients: [gatepost.test]") { scene in
            #expect(try await scene.send().last?.hasPrefix("530 5.7.0") == true)
            let main = try await scene.send(password: Site.password)
            #expect(main.first?.contains("PLAIN") == true)
            #expect(main.last?.hasPrefix("534 5.7.9") == true, "\(main)")
            let password = try await scene.verb("app-password", "add", Self.scanner, "--name", "copier")
                .replacing("\n", with: "")
            #expect(try await scene.send(password: password).last?.hasPrefix("250") == true, "\(scene.gatepost.log)")
            #expect(try await scene.send(from: Self.person, password: password).last?.hasPrefix("550 5.7.1") == true)
            #expect(scene.gatepost.log.contains("devices may log in without TLS"))

            guard let swaks = Program.find("swaks") else { throw MissingProgram(name: "swaks") }
            let completed = try await run([
                swaks, "--server", "127.0.0.1:\(scene.port)", "--from", Self.scanner, "--to", "reader@gatepost.test",
                "--auth", "LOGIN", "--auth-user", Self.scanner, "--auth-password", password, "--ehlo", "copier",
            ])
            #expect(completed.succeeded, "\(completed.said)")
            _ = try await scene.verb("app-password", "revoke", Self.scanner, "--name", "copier")
            #expect(try await scene.send(password: password).last?.hasPrefix("535 5.7.8") == true)
        }
    }

    private static func messages(_ scene: Scene) async throws -> [String] {
        struct Entry: Decodable {
            var identifier: String
        }
        let list = try await scene.verb("inbox", "list", Self.scanner, "--json")
        var messages: [String] = []
        for entry in try JSONDecoder().decode([Entry].self, from: Data(list.utf8)) {
            messages.append(try await scene.verb("inbox", "show", entry.identifier))
        }
        return messages
    }
}
