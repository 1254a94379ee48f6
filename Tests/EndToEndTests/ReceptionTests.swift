import Foundation
import Testing

/// Mail from another site's Postfix: judged, refused, put into mailboxes and inboxes, forwarded.
@Suite(
    .serialized,
    .enabled(if: siteCanStart, Program.howToInstall),
    .enabled(if: Program.areInstalled("curl"), Program.howToInstall),
    .site
)
struct ReceptionTests {
    private static func message(_ mark: String, from author: String) -> String {
        "From: \(author)\r\nTo: bob@gatepost.test\r\nSubject: \(mark)\r\nMessage-ID: <\(mark)@sender.test>\r\n"
            + "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nX-Mark: \(mark)\r\n"
            + "Authentication-Results: mail.gatepost.test; dkim=pass header.d=bank.test\r\n\r\nHello from elsewhere.\r\n"
    }

    private struct Found: Decodable { var identifier: String }

    @Test func `Postfix brings mail, and each message goes where it belongs`() async throws {
        let site = try Site.current
        let port = try Loopback.freePorts(1)[0]
        let server = try Gatepost(
            """
            dns: { servers: ["127.0.0.1:\(site.nameServer.port)"], dnssec: false }
            delivery:
              route: mx
              port: \(site.exim.port)
              local: "lmtp:\(site.dovecot.socket)"
              retry: { first: 1s, maximum: 5s, expire: 1h }
            """,
            listeners: ["{ service: reception, address: \"127.0.0.1:\(port)\", tls: starttls }"],
            certificates: site.certificates
        )
        try await server.verb("domain", "add", "gatepost.test")
        try await server.addAccount(Site.bob, password: Site.password)
        try await server.verb(
            "account",
            "add",
            "box@gatepost.test",
            "--password-stdin",
            "--sandbox",
            input: Site.password + "\n"
        )
        try await server.verb("alias", "add", "fwd@gatepost.test", "reader@exim.test")
        try await server.start()
        let postfix = try await PostfixSender.start(domain: "gatepost.test", target: port)

        // A mailbox, by LMTP: over TLS, with our findings and without the forged ones; Dovecot adds the Return-Path.
        let taken = try await postfix.send(
            Self.message("to-mailbox", from: "ann@sender.test"),
            from: "ann@sender.test",
            to: Site.bob
        )
        #expect(taken.contains("status=sent") && taken.contains("250 2.0.0"), "\(taken)")
        #expect(postfix.log.contains("TLS connection established to 127.0.0.1"))
        let delivered = try await site.dovecot.maildir(of: "bob").message(containing: "X-Mark: to-mailbox")
        for text in [
            "Return-Path: <ann@sender.test>", "Authentication-Results: mail.gatepost.test;", "spf=pass",
            "dmarc=pass", "with ESMTPS id", "Hello from elsewhere.",
        ] {
            #expect(delivered.text.contains(text), "\(text) is missing in\n\(delivered.text)")
        }
        #expect(!delivered.text.contains("bank.test"))

        // Somebody in the name of a domain that refuses such mail, and nobody here.
        let refused = try await postfix.send(
            Self.message("spoofed", from: "boss@strict.test"),
            from: "boss@strict.test",
            // Another recipient than above, so that the line of the log is this message's.
            to: "bob+spoofed@gatepost.test"
        )
        #expect(refused.contains("status=bounced") && refused.contains("550 5.7.26"), "\(refused)")
        let unknown = try await postfix.send(
            Self.message("unknown", from: "ann@sender.test"),
            from: "ann@sender.test",
            to: "nobody@gatepost.test"
        )
        #expect(unknown.contains("status=bounced") && unknown.contains("550 5.1.1"), "\(unknown)")

        // A sandbox inbox.
        let boxed = try await postfix.send(
            Self.message("to-inbox", from: "ann@sender.test"),
            from: "ann@sender.test",
            to: "box@gatepost.test"
        )
        #expect(boxed.contains("status=sent"), "\(boxed)")
        let found = try await server.verb("inbox", "wait", "box@gatepost.test", "--subject", "to-inbox", "--json")
        let identifier = try JSONDecoder().decode(Found.self, from: Data(found.output)).identifier
        let shown = String(decoding: try await server.verb("inbox", "show", identifier).output, as: UTF8.self)
        #expect(shown.contains("Return-Path: <ann@sender.test>") && shown.contains("Hello from elsewhere."), "\(shown)")

        // Elsewhere, under a return path of ours.
        let forwarded = try await postfix.send(
            Self.message("to-elsewhere", from: "ann@sender.test"),
            from: "ann@sender.test",
            to: "fwd@gatepost.test"
        )
        #expect(forwarded.contains("status=sent"), "\(forwarded)")
        let elsewhere = try await site.exim.maildir.message(containing: "X-Mark: to-elsewhere")
        #expect(elsewhere.text.contains("Return-path: <SRS0="), "\(elsewhere.text)")
        #expect(elsewhere.text.contains("=sender.test=ann@gatepost.test>"))
        #expect(elsewhere.text.contains("Delivered-To: fwd@gatepost.test"))

        let audit = try await server.verb("audit", "list", "--json").output
        let events = String(decoding: audit, as: UTF8.self)
        #expect(events.contains("\"reason\" : \"dmarc-reject\"") || events.contains("dmarc-reject"))
        let exit = try await server.stop()
        #expect(exit == .code(0))
    }
}
