import Foundation
import Testing

/// What happens after 250: real mail servers on the other side.
@Suite(
    .serialized,
    .enabled(if: siteCanStart, Program.howToInstall),
    .enabled(if: Program.areInstalled("python3"), Program.howToInstall),
    .site
)
struct DeliveryTests {
    @Test func `Exim is found by MX and gets the message unchanged`() async throws {
        let site = try Site.current
        let message = TestMessage(mark: "to-exim", from: Site.alice, to: "reader@exim.test")
        try await submit(message, to: "reader@exim.test", at: site)
        let delivered = try await site.exim.maildir.message(containing: message.mark)
        expectUnchanged(delivered, message)
        #expect(delivered.text.contains("Return-path: <\(Site.alice)>"))
    }

    @Test func `a dead first MX does not stop delivery to the second`() async throws {
        let site = try Site.current
        let message = TestMessage(mark: "by-second-mx", from: Site.alice, to: "reader@fallback.test")
        try await submit(message, to: "reader@fallback.test", at: site)
        let delivered = try await site.postfix.maildir.message(containing: message.mark)
        expectUnchanged(delivered, message)
    }

    @Test func `a local recipient gets mail over LMTP from Dovecot's store`() async throws {
        let site = try Site.current
        let message = TestMessage(mark: "to-dovecot", from: Site.alice, to: Site.bob)
        try await submit(message, to: Site.bob, at: site)
        let delivered = try await site.dovecot.maildir(of: "bob").message(containing: message.mark)
        expectUnchanged(delivered, message)
    }

    @Test func `a refused recipient comes back as a delivery status notification`() async throws {
        let site = try Site.current
        let recipient = "refused-person@postfix.test"
        let message = TestMessage(mark: "will-bounce", from: Site.alice, to: recipient)
        try await submit(message, to: recipient, at: site)
        let bounce = try await site.dovecot.maildir(of: "alice").notification(about: recipient)
        for field in [
            "Return-Path: <>", "Content-Type: multipart/report", "delivery-status",
            "Reporting-MTA: dns;mail.gatepost.test", "Action: failed", "Status: 5.1.1",
            "Diagnostic-Code: smtp;550 5.1.1",
            "No such person here", "Auto-Submitted: auto-replied", "X-Mark: \(message.mark)",
        ] {
            let isThere = bounce.says(field)
            #expect(isThere, "\(field) is missing in\n\(bounce.text)")
        }
    }

    @Test func `a domain with a null MX is refused at once and bounces`() async throws {
        let site = try Site.current
        let recipient = "nobody@nomail.test"
        try await submit(TestMessage(mark: "null-mx", from: Site.alice, to: recipient), to: recipient, at: site)
        let bounce = try await site.dovecot.maildir(of: "alice").notification(about: recipient)
        let saysNullMX = bounce.text.contains("5.1.10")
        #expect(saysNullMX, "\(bounce.text)")
    }

    @Test func `a temporary refusal keeps the message in the queue with the peer's words`() async throws {
        let site = try Site.current
        let recipient = "later-please@postfix.test"
        try await submit(TestMessage(mark: "try-later", from: Site.alice, to: recipient), to: recipient, at: site)
        let life = try await eventually("a deferred recipient in the queue") {
            let listed = try await site.gatepost.verb("queue", "list", "--json").output
            let messages = try JSONDecoder().decode([QueuedMessage].self, from: Data(listed))
            guard let message = messages.first(where: { $0.recipients.contains { $0.address == recipient } }) else {
                return nil as String?
            }
            let shown = try await site.gatepost.verb("queue", "show", message.identifier).output
            let text = String(decoding: shown, as: UTF8.self)
            return text.contains("Come back later") ? text : nil
        }
        #expect(life.contains("450"))
        #expect(life.contains("mx.postfix.test"))
        try await site.gatepost.verb("queue", "cancel", "--all")
    }

    /// Of the document of `queue list --json`, what this test needs.
    private struct QueuedMessage: Decodable {
        struct Recipient: Decodable { var address: String }

        var identifier: String
        var recipients: [Recipient]
    }

    @Test(arguments: Transport.allCases)
    func `BDAT chunks of any octets and sizes arrive as one message`(_ transport: Transport) async throws {
        let site = try Site.current
        let recipient = "chunks@postfix.test"
        let message = TestMessage(mark: "in-chunks-\(transport)", from: Site.alice, to: recipient)
        try await submit(message, to: recipient, at: site, program: "chunking.py", transport: transport)
        let delivered = try await site.postfix.maildir.message(containing: message.mark)
        expectUnchanged(delivered, message)
    }

    /// Exim offers AUTH only over TLS, so the mechanism is proof of TLS.
    @Test(arguments: ["auto", "PLAIN", "CRAM-MD5"])
    func `a smarthost takes mail after client-side SASL`(_ mechanism: String) async throws {
        let site = try Site.current
        let relay = try Gatepost(
            """
            delivery:
              route: relay
              relay:
                host: \(EximSink.address)
                port: \(site.exim.port)
                tls: opportunistic
                user: \(EximSink.relayUser)
                password: "\(EximSink.relayPassword)"
                mechanism: \(mechanism)
            """,
            certificates: site.certificates
        )
        try await relay.verb("domain", "add", "gatepost.test")
        try await relay.addAccount(Site.alice, password: Site.password)
        try await relay.start()
        let recipient = "someone@elsewhere.test"
        let message = TestMessage(mark: "by-relay-\(mechanism)", from: Site.alice, to: recipient)
        try await submit(message, to: recipient, at: site, server: relay)
        let delivered = try await site.exim.maildir.message(containing: message.mark)
        expectUnchanged(delivered, message)
        // Inside TLS PLAIN is the better of the two: CRAM-MD5 protects nothing more, and its server keeps passwords.
        let used = mechanism == "CRAM-MD5" ? "cram" : "plain"
        #expect(site.exim.log.contains("A=\(used):\(EximSink.relayUser)"), "\(site.exim.log)")
        #expect(try await relay.stop() == .code(0))
    }

    @Test func `a message of ten megabytes arrives unchanged`() async throws {
        let site = try Site.current
        let recipient = "large@postfix.test"
        let line = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 20) + "\n"
        let body = String(repeating: line, count: 10_485_760 / line.utf8.count)
        let message = TestMessage(mark: "ten-megabytes", from: Site.alice, to: recipient, body: body)
        try await submit(message, to: recipient, at: site)
        let delivered = try await site.postfix.maildir.message(containing: message.mark)
        expectUnchanged(delivered, message)
    }

    private func expectUnchanged(_ delivered: DeliveredMessage, _ message: TestMessage) {
        let isUnchanged = delivered.withoutTrace(before: message.stored) == message.stored
        #expect(isUnchanged, "\(delivered.text.prefix(5000))")
    }

    private func submit(
        _ message: TestMessage,
        to recipient: String,
        at site: Site,
        server: Gatepost? = nil,
        program: String = "submit.py",
        transport: Transport = .startTLS
    ) async throws {
        let server = server ?? site.gatepost
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }
        let folder = try TemporaryFolder("client")
        let sent = try await run(
            [
                python, Program.script(program), "\(server.port(transport))",
                transport == .startTLS ? "starttls" : "implicit", site.certificates.authority, "PLAIN", Site.alice,
                Site.alice, recipient, try folder.write("message", message.wire),
            ],
            environment: ["SUBMIT_PASSWORD": Site.password]
        )
        let isAccepted = sent.succeeded
        try #require(isAccepted, "\(sent.said)\n\(server.log.suffix(4000))")
    }
}
