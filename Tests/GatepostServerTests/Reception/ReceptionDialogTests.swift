import GatepostModel
import GatepostTesting
import MailSyntax
import SMTP
import Testing

@testable import GatepostServer

@Suite("Mail from other servers: whose it is, and where it goes")
struct ReceptionDialogTests {
    @Test("nobody is offered AUTH, and everybody TLS")
    func capabilities() async throws {
        let scene = try await ReceptionScene()
        var session = await scene.session()
        let lines = await session.say("EHLO mx.sender.example").last?.lines ?? []
        #expect(!lines.contains { $0.hasPrefix("AUTH") })
        #expect(lines.contains("SMTPUTF8") && lines.contains("8BITMIME") && lines.contains("CHUNKING"))
        let reply = await session.say("AUTH PLAIN AGEAYg==").last
        #expect(reply?.isPermanent == true)
    }

    @Test(
        "no open relay: foreign domains and every way to hide one are refused at RCPT",
        arguments: [
            ("victim@other.example", "550 5.7.1"), ("@example.org:victim@other.example", "501"),
            ("@other.example,@example.org:alice@example.org", "501"), ("victim%other.example@example.org", "550 5.1.1"),
            ("other.example!victim@example.org", "550 5.1.1"), ("\"victim@other.example\"@example.org", "550 5.1.1"),
            ("\"victim\"@other.example", "550 5.7.1"), ("victim@[192.0.2.1]", "550 5.7.1"),
            ("victim@[IPv6:2001:db8::1]", "550 5.7.1"), ("victim@sub.example.org", "550 5.7.1"),
            ("alice@example.org.other.example", "550 5.7.1"), ("alice@example.org@other.example", "501"),
            ("alice@other.example%example.org", "501"), ("postmaster@other.example", "550 5.7.1"),
            ("nobody@example.org", "550 5.1.1"), ("alice@example.org.", "501"),
        ]
    )
    func relay(_ path: String, _ expected: String) async throws {
        let scene = try await ReceptionScene()
        let reply = await scene.recipient(path)
        #expect(reply.hasPrefix(expected), "\(path): \(reply)")
    }

    @Test(
        "known recipients, the postmaster and tags are accepted",
        arguments: [
            "alice@example.org", "ALICE@Example.Org", "bob@example.org", "box@example.org", "alice+x@example.org",
            "postmaster", "Postmaster", "postmaster@example.org", "postmaster@mail.example.org",
        ]
    )
    func known(_ path: String) async throws {
        let scene = try await ReceptionScene()
        let reply = await scene.recipient(path)
        #expect(reply.hasPrefix("250 2.1.5"), "\(path): \(reply)")
    }

    @Test("trouble of the store is 451 at RCPT and at the end, and nothing is lost or half kept")
    func trouble() async throws {
        let scene = try await ReceptionScene()
        await scene.store.failLooks(with: StoreError(.unavailable, "test"))
        #expect(await scene.recipient("alice@example.org").hasPrefix("451 4.3.0"))
        await scene.store.failLooks(with: nil)
        await scene.store.fail(with: StoreError(.unavailable, "test"))
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("451 4.3.0"))
        await scene.store.fail(with: StoreError(.noSpace, "test"))
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("452 4.3.1"))
        await scene.store.fail(with: nil)
        #expect(scene.queue.kept.isEmpty)
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250 2.0.0"))
    }

    @Test("a message gets Received with the client's name, and our findings in front of it")
    func fields() async throws {
        let scene = try await ReceptionScene()
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250 2.0.0"))
        let kept = try #require(scene.queue.kept.first)
        let text = try scene.text(kept)
        #expect(text.hasPrefix("Authentication-Results: mail.example.org; iprev=pass"))
        #expect(text.contains("\r\nReceived: from mx.sender.example (mx.sender.example [192.0.2.25])"))
        #expect(text.contains("with ESMTPS id \(kept.identifier)"))
        #expect(text.contains("for <alice@example.org>"))
        #expect(text.contains("spf=pass"))
        #expect(text.contains("smtp.mailfrom=ann@sender.example"))
        #expect(text.contains("dkim=none") && text.contains("dmarc=pass"))
        #expect(text.hasSuffix("\r\n\r\nhello\r\n"))
        #expect(kept.route == .deliver && kept.account == nil && kept.subject == "hello")
        #expect(kept.envelope.body == .eightBitMIME)
        #expect(kept.recipients.map { "\($0.forwardPath)" } == ["alice@example.org"])
    }

    @Test("forged fields of ours are taken out, those of others stay")
    func forgeries() async throws {
        let scene = try await ReceptionScene()
        let forged = """
            Return-Path: <ceo@example.org>
            Authentication-Results: mail.example.org; dkim=pass header.d=bank.example
            Authentication-Results: MAIL.example.org 1; spf=pass
            Authentication-Results: other.example; dkim=pass header.d=bank.example
            X-Gatepost-Verdict: fine

            """
        #expect(await scene.send(ReceptionScene.message(forged)).hasPrefix("250"))
        let text = try scene.text(try #require(scene.queue.kept.first))
        #expect(text.components("bank.example") == 1)
        #expect(text.contains("Authentication-Results: other.example; dkim=pass header.d=bank.example"))
        #expect(!text.contains("Return-Path") && !text.contains("fine"))
    }

    @Test("one message for a mailbox, a sandbox inbox and an address elsewhere is kept once for each")
    func rows() async throws {
        let scene = try await ReceptionScene()
        try await scene.alias("fwd@example.org", "x@elsewhere.example", "y@elsewhere.example")
        let reply = await scene.send(
            ReceptionScene.message(),
            to: ["alice+t@example.org", "alice@example.org", "box@example.org", "fwd@example.org"]
        )
        #expect(reply.hasPrefix("250"))
        let kept = scene.queue.kept
        #expect(kept.count == 3 && Set(kept.map(\.identifier)).count == 3)
        #expect(kept[0].recipients.map { "\($0.forwardPath)" } == ["alice+t@example.org", "alice@example.org"])
        #expect(kept[1].route == .sandbox("box@example.org"))
        #expect(try scene.text(kept[1]).hasPrefix("Return-Path: <ann@sender.example>\r\nAuthentication-Results:"))
        #expect(try !scene.text(kept[0]).contains("Return-Path"))
        #expect(kept[2].recipients.map { "\($0.forwardPath)" } == ["x@elsewhere.example", "y@elsewhere.example"])
        #expect(kept[2].recipients[0].originalRecipient?.address == "fwd@example.org")
        #expect(try scene.text(kept[2]).hasPrefix("Delivered-To: fwd@example.org\r\n"))
        // Others are not told who else got it.
        #expect(try !scene.text(kept[0]).contains("for <"))
        #expect(reply.contains("\(kept[0].identifier)"))
    }

    @Test("a message too large for memory lies in one file that all share")
    func largeMessage() async throws {
        let scene = try await ReceptionScene()
        try await scene.alias("fwd@example.org", "x@elsewhere.example")
        let line = String(repeating: "x", count: 70) + "\n"
        let message = ReceptionScene.message() + "\n" + String(repeating: line, count: 10_000)
        #expect(await scene.send(message, to: ["alice@example.org", "fwd@example.org"]).hasPrefix("250"))
        let kept = scene.queue.kept
        var names: Set<String> = []
        for row in kept {
            guard case .file(let name, _, let front) = row.content else {
                Issue.record("not in a file")
                continue
            }
            names.insert(name)
            #expect(!front.isEmpty)
            let text = try scene.text(row)
            #expect(text.utf8.count == row.size)
            #expect(text.contains("Authentication-Results: mail.example.org"))
            #expect(text.components("\r\nReceived: from") == 1)
        }
        #expect(kept.count == 2 && names.count == 1)
    }

    @Test("without a store of mailboxes mail is held, and that for sandbox accounts is not")
    func noLocalStore() async throws {
        let scene = try await ReceptionScene(hasLocalStore: false)
        #expect(
            await scene.send(ReceptionScene.message(), to: ["alice@example.org", "box@example.org"]).hasPrefix("250")
        )
        let kept = scene.queue.kept
        #expect(kept.map(\.route) == [.hold, .sandbox("box@example.org")])
        #expect(kept[0].holdReason == "no-local-store")
    }

    @Test("a postmaster whom nobody is gets mail that is held; one that is configured gets it")
    func postmaster() async throws {
        let scene = try await ReceptionScene()
        #expect(await scene.send(ReceptionScene.message(), to: ["postmaster"]).hasPrefix("250"))
        #expect(scene.queue.kept.first?.holdReason == "no-postmaster")
        let named = try await ReceptionScene(postmaster: "alice@example.org")
        #expect(await named.send(ReceptionScene.message(), to: ["postmaster"]).hasPrefix("250"))
        #expect(named.queue.kept.first?.recipients.map { "\($0.forwardPath)" } == ["alice@example.org"])
    }

    @Test("a refused or reset transaction leaves nothing behind for the next")
    func transactions() async throws {
        let scene = try await ReceptionScene()
        var session = await scene.session()
        _ = await session.say("MAIL FROM:<ann@sender.example>")
        _ = await session.say("RCPT TO:<box@example.org>")
        _ = await session.say("RSET")
        _ = await session.say("MAIL FROM:<ann@sender.example>")
        _ = await session.say("RCPT TO:<nobody@example.org>")
        _ = await session.say("RCPT TO:<alice@example.org>")
        _ = await session.say("DATA")
        let text = ReceptionScene.message().split(separator: "\n", omittingEmptySubsequences: false)
        let reply = await session.say(octets: Array(text.joined(separator: "\r\n").utf8) + Array("\r\n.\r\n".utf8))
        #expect(reply.last?.code == 250)
        #expect(scene.queue.kept.count == 1)
        #expect(scene.queue.kept[0].recipients.map { "\($0.forwardPath)" } == ["alice@example.org"])
    }

    @Test("a message that was here a hundred times goes no further")
    func loop() async throws {
        let scene = try await ReceptionScene()
        let received = String(
            repeating: "Received: from a.example by b.example; Tue, 24 Nov 2026 12:00:00 +0000\n",
            count: 101
        )
        #expect(await scene.send(ReceptionScene.message(received)).hasPrefix("554 5.4.6"))
        #expect(scene.queue.kept.isEmpty)
    }

    @Test("everything is in the audit trail, with what was found")
    func audit() async throws {
        let scene = try await ReceptionScene()
        _ = await scene.send(ReceptionScene.message())
        _ = await scene.recipient("nobody@example.org")
        let events = scene.audit.events.compactMap { if case .sending(let event) = $0 { event } else { nil } }
        #expect(events.count == 2)
        #expect(events.allSatisfy { $0.basis == .reception && $0.account == nil })
        #expect(events[0].verdict == .accepted && events[0].findings?.contains("spf=pass dkim=none dmarc=pass") == true)
        #expect(events[1].verdict == .refused(rule: "unknown-recipient") && events[1].reply == "550 5.1.1")
        // What was written is read back.
        for event in events {
            #expect(AuditFields(.sending(event)).event == .sending(event))
        }
        #expect(scene.counters.acceptedMessages == 1 && scene.counters.refusedRecipients == 1)
    }
}

extension String {
    /// How often a text stands in it.
    func components(_ text: String) -> Int { self.ranges(of: text).count }
}
