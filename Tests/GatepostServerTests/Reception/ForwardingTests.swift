import GatepostModel
import GatepostTesting
import MailSyntax
import SMTP
import Testing

@testable import GatepostServer

@Suite("Mail that is forwarded, and its way back")
struct ForwardingTests {
    private func forwarded(_ scene: ReceptionScene) throws -> Mailbox {
        let row = try #require(scene.queue.kept.last)
        return try #require(row.envelope.reversePath.mailbox)
    }

    @Test("goes under a return path of ours, and a bounce to that goes to the sender")
    func thereAndBack() async throws {
        let scene = try await ReceptionScene()
        try await scene.alias("fwd@example.org", "x@elsewhere.example")
        #expect(await scene.send(ReceptionScene.message(), to: ["fwd@example.org"]).hasPrefix("250"))
        let path = try self.forwarded(scene)
        #expect(path.description.hasPrefix("SRS0=") && path.domain == .name("example.org"))
        #expect(
            scene.service.returnPaths.sender(behind: path, secondsSince1970: scene.clock.now().secondsSince1970)
                .description == "ann@sender.example"
        )
        let bounce = "From: MAILER-DAEMON@elsewhere.example\nSubject: undelivered\n\nsorry"
        #expect(await scene.send(bounce, to: ["\(path)"], from: "", client: "198.51.100.1").hasPrefix("250"))
        let back = try #require(scene.queue.kept.last)
        #expect(back.recipients.map { "\($0.forwardPath)" } == ["ann@sender.example"])
        #expect(back.envelope.reversePath == .null && back.route == .deliver)
    }

    @Test("a return path that somebody made up, or that is old, is nobody's")
    func forged() async throws {
        let scene = try await ReceptionScene()
        try await scene.alias("fwd@example.org", "x@elsewhere.example")
        // A catch-all must not take them either.
        try await scene.alias("@example.org", "alice@example.org")
        _ = await scene.send(ReceptionScene.message(), to: ["fwd@example.org"])
        let path = try self.forwarded(scene)
        let changed = Mailbox(
            localPart: path.localPart.replacing("sender.example", with: "victim.example"),
            domain: path.domain
        )
        #expect(await scene.recipient("\(changed)", from: "").hasPrefix("550 5.1.1"))
        #expect(await scene.recipient("SRS0=aaaaaaaa=aa=victim.example=x@example.org", from: "").hasPrefix("550 5.1.1"))
        let elsewhere = Mailbox(localPart: path.localPart, domain: .name("other.example"))
        #expect(await scene.recipient("\(elsewhere)", from: "").hasPrefix("550 5.7.1"))
        #expect(await scene.recipient("\(path)", from: "").hasPrefix("250"))
        scene.clock.advance(by: .seconds(22 * 86_400))
        #expect(await scene.recipient("\(path)", from: "").hasPrefix("550 5.1.1"))
    }

    @Test("a sender too long for a return path is forwarded under the null path, not lost")
    func tooLong() async throws {
        let scene = try await ReceptionScene()
        try await scene.alias("fwd@example.org", "x@elsewhere.example")
        let sender = String(repeating: "a", count: 60) + "@sender.example"
        #expect(await scene.send(ReceptionScene.message(), to: ["fwd@example.org"], from: sender).hasPrefix("250"))
        #expect(scene.queue.kept.last?.envelope.reversePath == .null)
    }

    @Test("what was forwarded here before is refused, or held where others get it")
    func loops() async throws {
        let scene = try await ReceptionScene()
        try await scene.alias("fwd@example.org", "x@elsewhere.example")
        let message = ReceptionScene.message("Delivered-To: fwd@example.org\n")
        #expect(await scene.send(message, to: ["fwd@example.org"]).hasPrefix("554 5.4.6"))
        #expect(await scene.send(message, to: ["fwd@example.org", "alice@example.org"]).hasPrefix("250"))
        #expect(scene.queue.kept.map(\.route) == [.deliver, .hold])
        #expect(scene.queue.kept[1].holdReason == "forwarding-loop")
    }

    @Test("quarantined mail is not forwarded where it is held")
    func quarantine() async throws {
        var rules = Configuration.Reception()
        rules.dmarc.quarantine = .hold
        let scene = try await ReceptionScene(rules: rules)
        try await scene.alias("fwd@example.org", "x@elsewhere.example")
        #expect(
            await scene.send(ReceptionScene.message(from: "boss@wary.example"), to: ["fwd@example.org"]).hasPrefix(
                "250"
            )
        )
        #expect(scene.queue.kept.last?.route == .hold && scene.queue.kept.last?.holdReason == "dmarc-quarantine")
    }
}
