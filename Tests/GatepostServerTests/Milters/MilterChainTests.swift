import Foundation
import GatepostModel
import MailSyntax
import Milter
import SMTP
import Testing

@testable import GatepostServer

@Suite("Mail filters, asked by a session")
struct MilterChainTests {
    @Test("a message goes through two filters, and the second sees what the first changed")
    func order() async throws {
        let first = try await ScriptedFilter.start { code, _, _ in
            guard code == "E" else { return ScriptedFilter.usual(code) }
            return .packets([
                ScriptedFilter.numbered("i", 1, "X-First\u{0}yes\0"),
                ScriptedFilter.numbered("m", 1, "Subject\u{0}new\0"),
                ScriptedFilter.packet("+", "<carol@example.net>\0"), ScriptedFilter.packet("b", "other body\r\n"),
                ScriptedFilter.packet("c"),
            ])
        }
        let second = try await ScriptedFilter.start { code, _, _ in ScriptedFilter.usual(code, steps: [.leadingSpace]) }
        let scene = try MilterScene([
            MilterScene.filter(first), MilterScene.filter(second, name: "two"),
        ])
        #expect(try await scene.envelope() == nil)
        guard case .kept(let kept) = try await scene.chain.content(try await scene.message()) else {
            Issue.record("not kept")
            return
        }
        #expect(
            String(decoding: kept.headerOctets, as: UTF8.self)
                == "Received: ours\r\nX-First: yes\r\nFrom: alice@example.org\r\nSubject: new\r\n\r\n"
        )
        #expect(try await scene.text(kept.body) == "other body\r\n")
        #expect(kept.recipients.map { "\($0.forwardPath)" } == ["bob@example.net", "carol@example.net"])
        #expect(kept.subject == "new")
        #expect(first.heard == ["OCHMRTLLNBE"])
        #expect(first.data(of: "L") == ["From\u{0}alice@example.org\0", "Subject\u{0}=?utf-8?q?caf=C3=A9?=\0"])
        #expect(second.data(of: "L") == ["X-First\u{0} yes\0", "From\u{0} alice@example.org\0", "Subject\u{0} new\0"])
        #expect(second.data(of: "B") == ["other body\r\n"])
        // Recipients that a filter added are not asked about.
        #expect(second.data(of: "R") == ["<bob@example.net>\0"])
        #expect(scene.context.counters.all["milters.one.changed"] == 1)
        #expect(scene.context.counters.all["milters.two.messages"] == 1)
        try await first.stop()
        try await second.stop()
    }

    @Test("what a filter hears of the session")
    func macros() async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in ScriptedFilter.usual(code) }
        let scene = try MilterScene([MilterScene.filter(filter)])
        #expect(try await scene.envelope() == nil)
        #expect(filter.data(of: "C") == ["[192.0.2.7]\u{0}4\u{12}\u{67}192.0.2.7\0"])
        #expect(filter.data(of: "H") == ["client.example\0"])
        #expect(filter.data(of: "M") == ["<alice@example.org>\u{0}SIZE=100\0"])
        let macros = filter.data(of: "D").joined(separator: "\n")
        for pair in [
            "j\u{0}mail.example.org\0", "_\u{0}[192.0.2.7] [192.0.2.7]\0", "{daemon_name}\u{0}submission:587\0",
            "{tls_version}\u{0}TLSv1.3\0", "{auth_type}\u{0}PLAIN\0", "{auth_authen}\u{0}alice@example.org\0",
            "{mail_addr}\u{0}alice@example.org\0", "{rcpt_addr}\u{0}bob@example.net\0",
        ] {
            #expect(macros.contains(pair), "\(pair.debugDescription) in \(macros.debugDescription)")
        }
        try await filter.stop()
    }

    @Test("one connection serves all messages of a session; HELO is told again when it changes")
    func reuse() async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in ScriptedFilter.usual(code) }
        let scene = try MilterScene([MilterScene.filter(filter)])
        for _ in 0..<2 {
            #expect(try await scene.envelope() == nil)
            _ = try await scene.chain.content(try await scene.message())
        }
        // Given up after MAIL.
        #expect(await scene.chain.mail(try MilterScene.sender()) == nil)
        var sender = try MilterScene.sender()
        sender.helo = "other.example"
        #expect(await scene.chain.mail(sender) == nil)
        #expect(filter.heard == ["OCHMRTLLNBEMRTLLNBEMAHM"])
        try await filter.stop()
    }

    @Test("a connection that the filter closed between messages is made anew")
    func staleConnection() async throws {
        let filter = try await ScriptedFilter.start { code, _, connection in
            code == "M" && connection == 0 ? .close : ScriptedFilter.usual(code)
        }
        let scene = try MilterScene([MilterScene.filter(filter)])
        // Over the first connection MAIL is the first message: no reuse, so it fails.
        let refusal = await scene.chain.mail(try MilterScene.sender())
        #expect(refusal?.reply.code == 451)
        #expect(try await scene.envelope() == nil)
        #expect(filter.heard == ["OCHM", "OCHMRT"])
        try await filter.stop()

        let closing = try await ScriptedFilter.start { code, _, connection in
            code == "A" && connection == 0 ? .close : ScriptedFilter.usual(code)
        }
        let other = try MilterScene([MilterScene.filter(closing)])
        #expect(try await other.envelope() == nil)
        #expect(try await other.envelope() == nil)
        #expect(closing.heard.last?.hasSuffix("MRT") == true)
        #expect(other.context.counters.all["milters.one.failures"] == nil)
        try await closing.stop()
    }

    @Test(
        "refusals reach the client, in the filter's words where it has some",
        arguments: [
            ("r", "", "550 5.7.1 Refused by a mail filter"),
            ("t", "", "451 4.7.1 This cannot be checked at the moment; try again later"),
            ("y", "554 5.7.9 Too\u{7} bad\0", "554 5.7.9 Too? bad"), ("y", "450 Later\0", "450 4.7.1 Later"),
        ] as [(Character, String, String)]
    )
    func refusals(_ answer: Character, _ text: String, _ reply: String) async throws {
        for stage in ["M", "R", "T", "L", "N", "B", "E"] as [Character] {
            let filter = try await ScriptedFilter.start { code, _, _ in
                code == stage ? .packets([ScriptedFilter.packet(answer, text)]) : ScriptedFilter.usual(code)
            }
            let never = try await ScriptedFilter.start { code, _, _ in ScriptedFilter.usual(code) }
            let scene = try MilterScene([MilterScene.filter(filter), MilterScene.filter(never, name: "two")])
            var refusal = try await scene.envelope()
            if refusal == nil, case .refused(let late) = try await scene.chain.content(try await scene.message()) {
                refusal = late
            }
            #expect(refusal?.reply.description == reply, "at \(stage)")
            #expect(refusal?.rule == "milter-one")
            #expect(!never.heard.joined().contains(stage), "the second filter hears nothing of what the first refused")
            #expect(scene.context.counters.all["milters.one.refusals"] == 1)
            try await filter.stop()
            try await never.stop()
        }
    }

    @Test("a refused recipient leaves the others")
    func oneRecipient() async throws {
        let filter = try await ScriptedFilter.start { code, data, _ in
            code == "R" && data.starts(with: "<eve".utf8)
                ? .packets([ScriptedFilter.packet("r")]) : ScriptedFilter.usual(code)
        }
        let scene = try MilterScene([MilterScene.filter(filter)])
        #expect(await scene.chain.mail(try MilterScene.sender()) == nil)
        #expect(await scene.chain.recipient(try MilterScene.recipient("eve@example.net"))?.reply.code == 550)
        #expect(await scene.chain.recipient(try MilterScene.recipient()) == nil)
        #expect(await scene.chain.data(scene.context.identifier()) == nil)
        try await filter.stop()
    }

    @Test("discarding ends the asking, and the message", arguments: ["M", "R", "T", "L", "B", "E"] as [Character])
    func discard(_ stage: Character) async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in
            code == stage ? .packets([ScriptedFilter.packet("d")]) : ScriptedFilter.usual(code)
        }
        let scene = try MilterScene([MilterScene.filter(filter)])
        #expect(try await scene.envelope() == nil)
        let big = String(repeating: "0123456789abcde\r\n", count: 20_000)
        guard case .discarded(let rule) = try await scene.chain.content(try await scene.message(body: big)) else {
            Issue.record("not discarded")
            return
        }
        #expect(rule == "milter-one")
        #expect(scene.context.counters.all["milters.one.discarded"] == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.directory.path) == [])
        // The next message is one of its own.
        if stage != "M" { #expect(await scene.chain.mail(try MilterScene.sender()) == nil) }
        try await filter.stop()
    }

    @Test("a message that no recipient is left of goes nowhere")
    func noRecipients() async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in
            guard code == "E" else { return ScriptedFilter.usual(code) }
            return .packets([ScriptedFilter.packet("-", "<bob@example.net>\0"), ScriptedFilter.packet("a")])
        }
        let scene = try MilterScene([MilterScene.filter(filter)])
        #expect(try await scene.envelope() == nil)
        guard case .discarded = try await scene.chain.content(try await scene.message()) else {
            Issue.record("not discarded")
            return
        }
        try await filter.stop()
    }

    @Test("quarantine, a changed sender, and a filter that ends the session")
    func others() async throws {
        let filter = try await ScriptedFilter.start { code, _, connection in
            if code == "E" {
                return .packets([
                    ScriptedFilter.packet("q", "looks odd\0"), ScriptedFilter.packet("e", "<>\0"),
                    ScriptedFilter.packet("c"),
                ])
            }
            return ScriptedFilter.usual(code)
        }
        let scene = try MilterScene([MilterScene.filter(filter)])
        #expect(try await scene.envelope() == nil)
        guard case .kept(let kept) = try await scene.chain.content(try await scene.message()) else {
            Issue.record("not kept")
            return
        }
        #expect(kept.quarantine?.filter.rule == "milter-one")
        #expect(kept.quarantine?.reason == "looks odd")
        #expect(kept.mail.reversePath == .null)
        try await filter.stop()

        let ending = try await ScriptedFilter.start { code, _, _ in
            code == "M" ? .packets([ScriptedFilter.packet("4")]) : ScriptedFilter.usual(code)
        }
        let other = try MilterScene([MilterScene.filter(ending)])
        let refusal = await other.chain.mail(try MilterScene.sender())
        #expect(refusal?.closes == true)
        #expect(refusal?.reply.code == 421)
        try await ending.stop()
    }

    @Test("a large body is read back from the spool, and a new large one goes there")
    func largeBodies() async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in
            // As it offers, it says nothing to the pieces of the body.
            if code == "B" { return .nothing }
            guard code == "E" else { return ScriptedFilter.usual(code, steps: [.noReplyToBody]) }
            let piece = MilterPacket(code: UInt8(ascii: "b"), data: [UInt8](repeating: 0x78, count: 65_535))
            return .packets([MilterPacket](repeating: piece, count: 5) + [ScriptedFilter.packet("c")])
        }
        let scene = try MilterScene([MilterScene.filter(filter)])
        #expect(try await scene.envelope() == nil)
        let body = String(repeating: "0123456789abcde\r\n", count: 20_000)
        let message = try await scene.message(body: body)
        guard case .kept(let kept) = try await scene.chain.content(message) else {
            Issue.record("not kept")
            return
        }
        #expect(filter.data(of: "B").joined() == body)
        #expect(filter.data(of: "B").allSatisfy { $0.utf8.count <= 65_535 })
        guard case .file(let name, 327_675, _) = kept.body else {
            Issue.record("\(kept.body.octets) octets")
            return
        }
        // The first body is gone, and the new one durable.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.directory.path) == [name])
        #expect(try await scene.text(kept.body).utf8.allSatisfy { $0 == 0x78 })
        try await filter.stop()
    }

    @Test("skip spares the rest of the body")
    func skip() async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in
            code == "B" ? .packets([ScriptedFilter.packet("s")]) : ScriptedFilter.usual(code, steps: [.skip])
        }
        let scene = try MilterScene([MilterScene.filter(filter)])
        #expect(try await scene.envelope() == nil)
        let body = String(repeating: "0123456789abcde\r\n", count: 20_000)
        _ = try await scene.chain.content(try await scene.message(body: body))
        #expect(filter.heard == ["OCHMRTLLNBE"])
        try await filter.stop()
    }
}
