import Foundation
import Testing

/// Keys that are published, seen and used: what a real server receives verifies with other people's programs.
@Suite(
    .serialized,
    .enabled(if: UnpackedServers.areUsable("nsd", "postfix"), Program.howToInstall),
    .enabled(if: Program.areInstalled("python3", "openssl"), Program.howToInstall)
)
struct SigningTests {
    private static let author = "alice@gatepost.test"
    /// Where notifications go, at the real server.
    private static let envelope = "alice@postfix.test"

    private struct Records: Decodable {
        struct Record: Decodable {
            var name: String
            var type: String
            var value: String
            var purpose: String
        }

        var records: [Record]

        var keys: [String: String] {
            let keys = records.filter { $0.purpose == "dkim" }.map { ($0.name, $0.value) }
            return Dictionary(uniqueKeysWithValues: keys)
        }
    }

    private struct Scene {
        var gatepost: Gatepost
        var postfix: PostfixSink
        var nameServer: NameServer
        var keys: [String: String]
    }

    /// Keys are made before the name server has their records, and sign once the server saw them there.
    private func withScene(_ body: (Scene) async throws -> Void) async throws {
        let certificates = try await Certificates.make()
        let ports = try Loopback.freePorts(2)
        let gatepost = try Gatepost(
            """
            dns: { servers: ["127.0.0.1:\(ports[0])"], dnssec: false }
            delivery: { route: mx, port: \(ports[1]) }
            """,
            certificates: certificates
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        try await gatepost.addAccount(Self.author, password: Site.password)
        try await gatepost.verb("account", "grant", Self.author, "--identity", Self.envelope)
        let made = try await gatepost.verb("dkim", "add", "gatepost.test")
        #expect(made.said.contains("publish this"))
        let document = try await gatepost.verb("domain", "records", "gatepost.test", "--format", "json").output
        let records = try JSONDecoder().decode(Records.self, from: Data(document))
        let zone = try await gatepost.verb("domain", "records", "gatepost.test").output
        let nameServer = try await NameServer.start(
            zones: [
                "gatepost.test": String(decoding: zone, as: UTF8.self) + "mail A 127.0.0.1\n",
                "postfix.test": "@ MX 10 mx\nmx A \(PostfixSink.address)",
            ],
            port: ports[0]
        )
        let postfix = try await PostfixSink.start(port: ports[1], certificates: certificates)
        try await gatepost.start()
        let scene = Scene(gatepost: gatepost, postfix: postfix, nameServer: nameServer, keys: records.keys)
        try await eventually("both keys to sign") {
            let list = try await gatepost.verb("dkim", "list").output
            return String(decoding: list, as: UTF8.self).split(separator: " ").count { $0 == "active" } == 2 ? () : nil
        }
        try await body(scene)
        #expect(try await gatepost.stop() == .code(0))
    }

    @Test func `what is signed at submission verifies at the other side, whatever it is`() async throws {
        let verifiers = try await SignatureVerifier.present()
        try await withScene { scene in
            let line = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 20) + "\n"
            let messages = [
                Self.message("signed-small", body: "Hi\n"),
                Self.message("signed-eight-bit"),
                Self.message(
                    "signed-ten-megabytes",
                    body: String(repeating: line, count: 10_485_760 / line.utf8.count)
                ),
                Self.message("signed-utf8", subject: "Grüße – 你好"),
            ]
            for message in messages {
                try await self.submit(message, to: "reader@postfix.test", scene)
                let delivered = try await scene.postfix.maildir.message(containing: "X-Mark: \(message.mark)")
                try await self.expectSigned(delivered, scene, verifiers, message.mark)
            }
            let status = String(decoding: try await scene.gatepost.verb("status").output, as: UTF8.self)
            #expect(status.contains("messagesSigned  \(messages.count)"))
            #expect(status.contains("messagesUnsigned  0"))
        }
    }

    @Test func `a notification of ours is signed, and simulate tells of signatures`() async throws {
        let verifiers = try await SignatureVerifier.present()
        try await withScene { scene in
            try await self.submit(Self.message("will-bounce", body: "Hi\n"), to: "refused-x@postfix.test", scene)
            let bounce = try await scene.postfix.maildir.notification(about: "refused-x@postfix.test")
            try await self.expectSigned(bounce, scene, verifiers, "notification")
            let simulated = try await scene.gatepost.verb(
                "simulate",
                "--account",
                Self.author,
                "--to",
                "reader@postfix.test"
            )
            #expect(String(decoding: simulated.output, as: UTF8.self).contains("+ DKIM-Signature"))
        }
    }

    @Test func `records are a zone that real name servers take, and check finds them there`() async throws {
        try await withScene { scene in
            let checked = try await scene.gatepost.verb("domain", "check", "gatepost.test")
            let text = String(decoding: checked.output, as: UTF8.self)
            for name in scene.keys.keys {
                let isGood = text.contains("ok      \(name) TXT: holds the key")
                #expect(isGood, "\(text)")
            }
            #expect(text.contains("ok      gatepost.test TXT: permits 127.0.0.1 by mx"), "\(text)")
            #expect(text.contains("ok      gatepost.test MX: mail goes to mail.gatepost.test"), "\(text)")
            #expect(text.contains("ok      _dmarc.gatepost.test TXT"), "\(text)")

            // A key that nobody published yet waits, is a fault of the domain, and changes nothing about what signs.
            let rotated = try await scene.gatepost.verb("dkim", "rotate", "gatepost.test")
            #expect(rotated.said.contains("gp"), "\(rotated.said)")
            let faults = try await run([
                Program.gatepost, "domain", "check", "gatepost.test", "--config", scene.gatepost.configuration,
            ])
            #expect(faults.exit == .code(1), "\(faults.said)")
            #expect(faults.said.contains("not seen in DNS yet"), "\(faults.said)")
            try await self.submit(Self.message("while-rotating", body: "Hi\n"), to: "reader@postfix.test", scene)
            let delivered = try await scene.postfix.maildir.message(containing: "X-Mark: while-rotating")
            try await self.expectSigned(delivered, scene, try await SignatureVerifier.present(), "while rotating")
        }
    }

    private static func message(_ mark: String, subject: String? = nil, body: String? = nil) -> TestMessage {
        var message = TestMessage(mark: mark, from: author, to: "reader@postfix.test", body: body)
        if let subject { message.header = message.header.replacing("Subject: \(mark)", with: "Subject: \(subject)") }
        return message
    }

    /// Each program that is there finds two signatures good, or the one whose algorithm it knows.
    private func expectSigned(
        _ delivered: DeliveredMessage,
        _ scene: Scene,
        _ verifiers: [SignatureVerifier],
        _ what: String
    ) async throws {
        let octets = delivered.octets.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
        let header = delivered.text.prefix(20_000).components(separatedBy: "\n\n")[0]
        let signatures = header.components(separatedBy: "DKIM-Signature:").count - 1
        #expect(signatures == 2)
        for verifier in verifiers {
            let verdicts = try await verifier.verdicts(octets, keys: scene.keys)
            let isGood = verifier.knowsEd25519 ? verdicts == ["pass", "pass"] : verdicts.first == "pass"
            #expect(isGood, "\(verifier) says \(verdicts) of \(what)\n\(delivered.text.prefix(4000))")
        }
        print("signed at submission, \(what): good at \(verifiers.map(\.description).joined(separator: ", "))")
    }

    private func submit(_ message: TestMessage, to recipient: String, _ scene: Scene) async throws {
        let folder = try TemporaryFolder("client")
        var environment = ["SUBMIT_PASSWORD": Site.password]
        if !message.header.utf8.allSatisfy({ $0 < 0x80 }) { environment["SUBMIT_UTF8"] = "yes" }
        let sent = try await run(
            [
                try Program.path("python3"), Program.script("submit.py"), "\(scene.gatepost.startTLSPort)", "starttls",
                scene.gatepost.certificates.authority, "PLAIN", Self.author, Self.envelope, recipient,
                try folder.write("message", message.wire),
            ],
            environment: environment
        )
        let isAccepted = sent.succeeded
        try #require(isAccepted, "\(sent.said)\n\(scene.gatepost.log.suffix(4000))")
    }
}
