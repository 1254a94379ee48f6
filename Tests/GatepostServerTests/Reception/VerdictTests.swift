import DNS
import GatepostModel
import GatepostTesting
import MailSyntax
import MessageAuthentication
import SMTP
import Testing

@testable import GatepostServer

@Suite("Mail from other servers: how it is judged")
struct VerdictTests {
    private func rules(_ change: (inout Configuration.Reception) -> Void) -> Configuration.Reception {
        var rules = Configuration.Reception()
        change(&rules)
        return rules
    }

    // MARK: DMARC

    @Test(
        "a domain's wish to refuse is followed as configured",
        arguments: Configuration.Reception.RejectAction.allCases
    )
    func reject(_ action: Configuration.Reception.RejectAction) async throws {
        let scene = try await ReceptionScene(rules: self.rules { $0.dmarc.reject = action })
        let reply = await scene.send(ReceptionScene.message(from: "boss@strict.example"))
        switch action {
        case .reject:
            #expect(
                reply.hasPrefix("550 5.7.26 DMARC: mail from strict.example is refused, as p=reject of strict.example")
            )
            #expect(reply.contains("SPF pass for sender.example; no DKIM signature"))
            #expect(scene.queue.kept.isEmpty)
        case .quarantine:
            let text = try scene.text(try #require(scene.queue.kept.first))
            #expect(
                text.contains("X-Spam-Flag: YES\r\n")
                    && text.contains("X-Gatepost-Verdict: quarantine; rule=dmarc-reject")
            )
        case .accept:
            let text = try scene.text(try #require(scene.queue.kept.first))
            #expect(!text.contains("X-Spam-Flag") && text.contains("dmarc=fail"))
        }
    }

    @Test("so is its wish for quarantine", arguments: Configuration.Reception.QuarantineAction.allCases)
    func quarantine(_ action: Configuration.Reception.QuarantineAction) async throws {
        let scene = try await ReceptionScene(rules: self.rules { $0.dmarc.quarantine = action })
        let message = ReceptionScene.message(from: "boss@wary.example")
        #expect(await scene.send(message, to: ["alice@example.org", "box@example.org"]).hasPrefix("250"))
        let kept = scene.queue.kept
        let text = try scene.text(kept[0])
        switch action {
        case .mark:
            #expect(text.contains("X-Spam-Flag: YES\r\n") && kept[0].route == .deliver)
        case .hold:
            #expect(kept[0].route == .hold && kept[0].holdReason == "dmarc-quarantine")
        case .accept:
            #expect(!text.contains("X-Spam-Flag") && kept[0].route == .deliver)
        }
        #expect(kept[1].route == .sandbox("box@example.org"))
    }

    @Test("SPF for the author's domain makes it pass, and a name server's trouble never does")
    func pass() async throws {
        let scene = try await ReceptionScene()
        #expect(
            await scene.send(ReceptionScene.message(from: "a@strict.example"), from: "a@strict.example").hasPrefix(
                "250"
            )
        )
        #expect(try scene.text(scene.queue.kept[0]).contains("dmarc=pass"))
        // From another address nothing passes.
        let refused = await scene.send(
            ReceptionScene.message(from: "a@strict.example"),
            from: "a@strict.example",
            client: "192.0.2.26"
        )
        #expect(refused.hasPrefix("550 5.7.26") && refused.contains("SPF fail for strict.example"))
        #expect(
            await scene.send(ReceptionScene.message(from: "a@flaky.example"), from: "a@flaky.example").hasPrefix("250")
        )
        let text = try scene.text(scene.queue.kept[1])
        #expect(text.contains("spf=temperror") && text.contains("dmarc=temperror") && !text.contains("dmarc=pass"))
    }

    @Test("a signature of the author's domain makes it pass where SPF does not, and a changed message does not pass")
    func signature() async throws {
        let key = try DKIM.SigningKey(ed25519Seed: [UInt8](repeating: 9, count: 32))
        let zone = ReceptionScene.zone + "\nsel._domainkey.strict.example TXT \"\(key.keyRecord)\"\n"
        let scene = try await ReceptionScene(zone: zone)
        let body = "From: boss@strict.example\r\nSubject: signed\r\nMessage-ID: <2@strict.example>\r\n\r\nhello\r\n"
        var signer = MessageSigner(
            [DKIM.Signer(domain: "strict.example", selector: "sel", key: key)],
            secondsSince1970: scene.clock.now().secondsSince1970
        )
        signer.receive(Array(body.utf8))
        let fields = String(decoding: try signer.finish().fields.flatMap(\.octets), as: UTF8.self)
        let signed = (fields + body).split(separator: "\r\n", omittingEmptySubsequences: false).dropLast().joined(
            separator: "\n"
        )
        let reply = await scene.send(signed, from: "bounce@elsewhere.example", client: "198.51.100.1")
        #expect(reply.hasPrefix("250"), "\(reply)")
        let text = try scene.text(try #require(scene.queue.kept.first))
        #expect(text.contains("dkim=pass") && text.contains("header.d=strict.example") && text.contains("dmarc=pass"))
        let changed = signed + " and more"
        let refusal = await scene.send(changed, from: "bounce@open.example", client: "198.51.100.1")
        #expect(refusal.hasPrefix("550 5.7.20"), "\(refusal)")
        #expect(refusal.contains("no aligned DKIM signature that passes"))
    }

    @Test(
        "exactly one From with one domain",
        arguments: [
            "", "From: a@sender.example\nFrom: b@strict.example\n", "From: a@sender.example, b@strict.example\n",
            "From: not an address\n", "From: undisclosed:;\n", "From: a@[192.0.2.1]\n",
        ]
    )
    func author(_ field: String) async throws {
        let scene = try await ReceptionScene()
        let message = "\(field)Subject: hello\n\nhello"
        let reply = await scene.send(message)
        #expect(reply.hasPrefix("550 5.7.1"), "\(reply)")
        let lenient = try await ReceptionScene(rules: self.rules { $0.dmarc.invalidFrom = .accept })
        #expect(await lenient.send(message).hasPrefix("250"))
        #expect(try lenient.text(lenient.queue.kept[0]).contains("dmarc=permerror"))
    }

    // MARK: At RCPT

    @Test("SPF fail is refused at RCPT where that is configured, but for the postmaster")
    func spfFail() async throws {
        let scene = try await ReceptionScene()
        #expect(await scene.recipient("alice@example.org", client: "192.0.2.26").hasPrefix("250"))
        let strict = try await ReceptionScene(rules: self.rules { $0.spfFail = .reject })
        let reply = await strict.recipient("alice@example.org", client: "192.0.2.26")
        #expect(reply.hasPrefix("550 5.7.23 SPF: 192.0.2.26 may not send for sender.example (-all of sender.example)"))
        #expect(await strict.recipient("postmaster", client: "192.0.2.26").hasPrefix("250"))
        #expect(await strict.recipient("alice@example.org").hasPrefix("250"))
        #expect(await strict.recipient("alice@example.org", from: "a@flaky.example").hasPrefix("250"))
    }

    @Test("a client without a name that leads back is refused where that is configured")
    func reverseDNS() async throws {
        let strict = try await ReceptionScene(rules: self.rules { $0.reverseDNS = .reject })
        #expect(await strict.recipient("alice@example.org").hasPrefix("250"))
        #expect(await strict.recipient("alice@example.org", client: "192.0.2.26").hasPrefix("550 5.7.25"))
        let zone =
            ReceptionScene.zone + "\n27.2.0.192.in-addr.arpa PTR mx.sender.example.\n28.2.0.192.in-addr.arpa FAIL\n"
        let scene = try await ReceptionScene(rules: self.rules { $0.reverseDNS = .reject }, zone: zone)
        #expect(await scene.recipient("alice@example.org", client: "192.0.2.27").hasPrefix("550 5.7.25"))
        #expect(await scene.recipient("alice@example.org", client: "192.0.2.28").hasPrefix("451 4.7.25"))
        let trusted = try await ReceptionScene(
            rules: self.rules { $0.reverseDNS = .reject },
            trusted: [try #require(IPNetwork("192.0.2.0/24"))]
        )
        #expect(await trusted.recipient("alice@example.org", client: "192.0.2.26").hasPrefix("250"))
    }

    @Test("lists in DNS refuse by their weight, with their words; the good ones weigh against them")
    func lists() async throws {
        let rules = self.rules {
            $0.dnsLists = [
                .init(zone: "bl.example", weight: 2), .init(zone: "wl.example", weight: -2),
                .init(zone: "dead.example"),
            ]
            $0.dnsListReject = 2
        }
        let scene = try await ReceptionScene(rules: rules)
        let reply = await scene.recipient("alice@example.org", client: "192.0.2.99")
        #expect(reply == "550 5.7.1 192.0.2.99 is listed in bl.example: Sent spam on 2026-11-23")
        #expect(await scene.recipient("postmaster", client: "192.0.2.99").hasPrefix("250"))
        #expect(await scene.recipient("alice@example.org", client: "192.0.2.98").hasPrefix("250"))
        // A list that answers nobody counts for nothing.
        #expect(await scene.recipient("alice@example.org", client: "192.0.2.97").hasPrefix("250"))
        let trusted = try await ReceptionScene(rules: rules, trusted: [try #require(IPNetwork("192.0.2.99"))])
        #expect(await trusted.recipient("alice@example.org", client: "192.0.2.99").hasPrefix("250"))
    }

    @Test("a smaller score marks")
    func listQuarantine() async throws {
        let scene = try await ReceptionScene(
            rules: self.rules {
                $0.dnsLists = [.init(zone: "bl.example", weight: 2)]
                $0.dnsListReject = 5
                $0.dnsListQuarantine = 2
            }
        )
        #expect(await scene.send(ReceptionScene.message(), client: "192.0.2.99").hasPrefix("250"))
        #expect(try scene.text(scene.queue.kept[0]).contains("X-Gatepost-Verdict: quarantine; rule=dns-list"))
    }

    @Test("greylisting asks a stranger to come back, and knows a domain by SPF whatever host it sends from")
    func greylisting() async throws {
        let zone = ReceptionScene.zone + "\nmany.example TXT \"v=spf1 ip4:198.51.100.0/24 -all\"\n"
        let rules = self.rules { $0.greylisting = Configuration.Reception.Greylisting() }
        let scene = try await ReceptionScene(rules: rules, zone: zone)
        let from = "a@many.example"
        #expect(
            await scene.recipient("alice@example.org", from: from, client: "198.51.100.1")
                == "451 4.7.1 Greylisted: try again in 5 minutes"
        )
        #expect(await scene.recipient("postmaster", from: from, client: "198.51.100.1").hasPrefix("250"))
        scene.clock.advance(by: .seconds(301))
        #expect(await scene.recipient("alice@example.org", from: from, client: "198.51.100.77").hasPrefix("250"))
        #expect(await scene.recipient("bob@example.org", from: from, client: "198.51.100.5").hasPrefix("250"))
        #expect(await scene.recipient("bob@example.org", from: from, client: "203.0.113.5").hasPrefix("451"))
    }

    // MARK: Backscatter

    @Test("a bounce may go to the sender only where something proved them")
    func proof() async throws {
        let scene = try await ReceptionScene()
        #expect(await scene.send(ReceptionScene.message()).hasPrefix("250"))
        #expect(await scene.send(ReceptionScene.message(), from: "victim@open.example").hasPrefix("250"))
        #expect(await scene.send(ReceptionScene.message(), from: "victim@flaky.example").hasPrefix("250"))
        #expect(scene.queue.kept.map(\.envelope.isReversePathProved) == [true, false, false])
    }
}

@Suite("The name of a client")
struct ReverseNameTests {
    @Test("counts when it leads back")
    func results() async throws {
        let zone = try Zone(
            parsing: """
                $ORIGIN .
                1.2.0.192.in-addr.arpa PTR a.example.
                a.example A 192.0.2.1
                2.2.0.192.in-addr.arpa PTR a.example.
                3.2.0.192.in-addr.arpa FAIL
                4.2.0.192.in-addr.arpa PTR b.example.
                b.example FAIL
                """
        )
        let expected: [(String, ReverseName.Result)] = [
            ("192.0.2.1", .pass), ("192.0.2.2", .fail), ("192.0.2.3", .temperror), ("192.0.2.4", .temperror),
            ("192.0.2.5", .permerror),
        ]
        for (address, result) in expected {
            let found = await ReverseName.look(up: try #require(IPAddress(address)), in: zone)
            #expect(found.result == result, "\(address)")
            #expect((found.name == "a.example") == (result == .pass))
        }
    }
}
