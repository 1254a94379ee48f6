import GatepostModel
import GatepostTesting
import MailSyntax
import Milter
import SMTP
import Testing

@testable import GatepostServer

@Suite("Mail filters at reception")
struct ReceptionFilterTests {
    /// A filter that says `end` at the end of a message, after the changes in it.
    private func filter(
        _ end: [MilterPacket] = [ScriptedFilter.packet("c")],
        recipient: @escaping @Sendable ([UInt8]) -> MilterPacket? = { _ in nil }
    ) async throws -> (ScriptedFilter, Configuration.Milter) {
        let filter = try await ScriptedFilter.start { code, data, _ in
            if code == "E" { return .packets(end) }
            if code == "R", let answer = recipient(data) { return .packets([answer]) }
            return ScriptedFilter.usual(code)
        }
        return (filter, MilterScene.filter(filter))
    }

    @Test("a filter sees our findings and not our trace field, and what it makes of the message is kept")
    func changes() async throws {
        let (filter, milter) = try await self.filter([
            ScriptedFilter.numbered("i", 0, "X-Top\u{0}1\0"), ScriptedFilter.numbered("m", 1, "Subject\u{0}new\0"),
            ScriptedFilter.packet("b", "other\r\n"), ScriptedFilter.packet("c"),
        ])
        let scene = try await ReceptionScene(milters: [milter])
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250 2.0.0"))
        let kept = try #require(scene.queue.kept.first)
        let text = try scene.text(kept)
        #expect(text.hasPrefix("X-Top: 1\r\nAuthentication-Results: mail.example.org;"), "\(text)")
        #expect(text.contains("\r\nSubject: new\r\n") && text.hasSuffix("\r\n\r\nother\r\n"), "\(text)")
        #expect(kept.subject == "new")
        let seen = filter.data(of: "L")
        #expect(seen.first?.hasPrefix("Authentication-Results\u{0}") == true, "\(seen)")
        #expect(!seen.contains { $0.hasPrefix("Received\0") })
        let client = try #require(filter.data(of: "C").first)
        #expect(client.hasPrefix("mx.sender.example\u{0}4") && client.hasSuffix("192.0.2.25\0"), "\(client)")
        #expect(filter.data(of: "H") == ["mx.sender.example\0"])
        try await filter.stop()
    }

    @Test("a recipient that a filter refuses gets nothing, the others do")
    func recipients() async throws {
        let (filter, milter) = try await self.filter(recipient: { data in
            data.starts(with: "<box@".utf8) ? ScriptedFilter.packet("y", "550 5.7.1 Not here\0") : nil
        })
        let scene = try await ReceptionScene(milters: [milter])
        var session = await scene.session()
        _ = await session.say("MAIL FROM:<ann@sender.example>")
        #expect(await session.say("RCPT TO:<alice@example.org>").last?.code == 250)
        #expect(await session.say("RCPT TO:<box@example.org>").last?.description == "550 5.7.1 Not here")
        _ = await session.say("DATA")
        let end = await session.say(octets: Array("From: <ann@sender.example>\r\n\r\nhello\r\n.\r\n".utf8))
        #expect(end.last?.code == 250)
        #expect(scene.queue.kept.flatMap { $0.recipients.map { "\($0.forwardPath)" } } == ["alice@example.org"])
        let refused = SendingEvent.Verdict.refused(rule: "milter-one")
        #expect(
            scene.audit.events.contains { if case .sending(let event) = $0 { event.verdict == refused } else { false } }
        )
        // What our own rules refuse, filters are not asked about.
        #expect(await scene.recipient("nobody@example.org").hasPrefix("550 5.1.1"))
        #expect(!filter.data(of: "R").contains { $0.contains("nobody") })
        try await filter.stop()
    }

    @Test("quarantine holds under the filter's name, discarding keeps nothing, a refusal is the client's to hear")
    func verdicts() async throws {
        let (holding, first) = try await self.filter([ScriptedFilter.packet("q", "odd\0"), ScriptedFilter.packet("a")])
        var scene = try await ReceptionScene(milters: [first])
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250"))
        #expect(scene.queue.kept.map(\.holdReason) == ["milter-one"])
        #expect(scene.queue.kept.map(\.route) == [.hold])
        try await holding.stop()
        let (discarding, second) = try await self.filter([ScriptedFilter.packet("d")])
        scene = try await ReceptionScene(milters: [second])
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250"))
        #expect(scene.queue.kept.isEmpty)
        let discarded = SendingEvent.Verdict.discarded(rule: "milter-one")
        let isTold = scene.audit.events.contains { event in
            if case .sending(let event) = event { event.verdict == discarded } else { false }
        }
        #expect(isTold)
        try await discarding.stop()
        let (refusing, third) = try await self.filter([ScriptedFilter.packet("r")])
        scene = try await ReceptionScene(milters: [third])
        #expect(await scene.send(ReceptionScene.message()) == "550 5.7.1 Refused by a mail filter")
        #expect(scene.queue.kept.isEmpty)
        try await refusing.stop()
    }

    @Test("recipients that a filter adds are local ones")
    func addedRecipients() async throws {
        let (filter, milter) = try await self.filter([
            ScriptedFilter.packet("+", "<box@example.org>\0"), ScriptedFilter.packet("+", "<eve@elsewhere.example>\0"),
            ScriptedFilter.packet("-", "<alice@example.org>\0"), ScriptedFilter.packet("c"),
        ])
        let scene = try await ReceptionScene(milters: [milter])
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250"))
        #expect(scene.queue.kept.flatMap { $0.recipients.map { "\($0.forwardPath)" } } == ["box@example.org"])
        #expect(scene.queue.kept.map(\.route) == [.sandbox("box@example.org")])
        try await filter.stop()
    }

    @Test("a large message comes through whole")
    func large() async throws {
        let (filter, milter) = try await self.filter([
            ScriptedFilter.numbered("i", 1, "X-Seen\u{0}yes\0"), ScriptedFilter.packet("c"),
        ])
        let scene = try await ReceptionScene(milters: [milter])
        let body = String(repeating: "0123456789abcde\n", count: 20_000)
        #expect(await scene.send(ReceptionScene.message() + "\n" + body).hasPrefix("250"))
        let kept = try #require(scene.queue.kept.first)
        let text = try scene.text(kept)
        #expect(text.hasSuffix("0123456789abcde\r\n0123456789abcde\r\n\r\n") && text.contains("\r\nX-Seen: yes\r\n"))
        #expect(kept.size == text.utf8.count)
        #expect(filter.data(of: "B").joined().utf8.count == 20_000 * 17 + 9)
        try await filter.stop()
    }
}
