import DNS
import MailSyntax
import MessageAuthentication
import Testing

/// Makes an answer out of the question, and counts.
private actor EndlessZone: Resolver {
    private let answer: @Sendable (String, RecordType) -> [Record]
    private(set) var questions = 0

    init(_ answer: @escaping @Sendable (String, RecordType) -> [Record]) {
        self.answer = answer
    }

    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        self.questions += 1
        return Answer(records: self.answer(name.lowercased.description, type), canonicalName: name.description)
    }
}

private func txt(_ text: String) -> Record { .txt(TXTRecord(strings: [Array(text.utf8)])) }

/// Never answers; a question ends when whoever asked gives up.
private struct SilentResolver: Resolver {
    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        do {
            try await Task.sleep(for: .seconds(1_000_000))
        } catch {
            throw .temporary("cancelled")
        }
        throw .temporary("nobody answers")
    }
}

/// A clock on which everybody who waits has waited long enough.
private struct RacingClock: Clock {
    typealias Instant = StoppedClock.Instant
    var now: Instant { Instant() }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}

@Suite("Zones that are made to cost us much")
struct HostileZoneTests {
    private func spf(_ resolver: any Resolver) async throws -> SPF.Verdict {
        let request = SPF.Request.mailFrom(
            .mailbox(try Mailbox(parsing: "a@example.org")),
            helo: "h.example.org",
            clientAddress: try #require(IPAddress("192.0.2.1")),
            receiver: "here.example",
            secondsSince1970: 0
        )
        return await SPF.check(request, resolver: resolver, clock: StoppedClock())
    }

    @Test(
        "SPF: records without end, whatever their form, cost a bounded number of questions",
        arguments: [
            "v=spf1 include:a.%{d} -all",
            "v=spf1 include:a.example.org include:b.example.org include:c.example.org -all",
            "v=spf1 redirect=a.%{d}",
            "v=spf1 include:example.org -all",
            "v=spf1 mx mx:a.example.org mx:b.example.org mx:c.example.org -all",
            "v=spf1 ptr ptr:a.example.org ptr:b.example.org -all",
        ]
    )
    func spfRecords(_ text: String) async throws {
        let zone = EndlessZone { name, type in
            switch type {
            case .txt: [txt(text)]
            case .mx: (0..<10).map { .mx(MXRecord(preference: $0, exchange: "m\($0).\(name)")) }
            case .ptr: (0..<500).compactMap { DNSName("p\($0).example.org").map { .ptr($0) } }
            case .a: (0..<200).compactMap { DNSAddress("203.0.113.\($0)").map { .a($0) } }
            default: []
            }
        }
        let verdict = try await self.spf(zone)
        #expect(verdict.result != .pass)
        #expect(verdict.lookups <= 10)
        #expect(await zone.questions <= 1 + 10 * 12)
    }

    @Test("SPF: wide MX is permerror, a giant record is not read")
    func spfSizes() async throws {
        let wide = EndlessZone { name, type in
            switch type {
            case .txt: [txt("v=spf1 mx -all")]
            case .mx: (0..<5_000).map { .mx(MXRecord(preference: UInt16($0), exchange: "m\($0).example.org")) }
            default: []
            }
        }
        #expect(try await self.spf(wide).result == .permerror)
        #expect(await wide.questions <= 12)
        let giant = EndlessZone { _, _ in
            [txt("v=spf1 " + String(repeating: "ip4:203.0.113.1 ", count: 100_000) + "+all")]
        }
        #expect(try await self.spf(giant).result == .permerror)
    }

    @Test("DMARC: a long name and many identifiers cost a bounded number of questions")
    func dmarc() async throws {
        let zone = EndlessZone { _, type in
            type == .txt ? [txt("v=DMARC1; p=reject; rua=mailto:a@b.example"), txt("noise")] : []
        }
        let author = (0..<60).map { "l\($0)" }.joined(separator: ".") + ".example.org"
        let identifiers = (0..<1_000).map { DMARC.Identifier(.dkim, domain: "s\($0).t\($0).u\($0).example.org") }
        let verdict = await DMARC.check(
            .domain(author),
            identifiers: identifiers,
            resolver: zone,
            clock: StoppedClock()
        )
        #expect(await zone.questions <= 8 * 21 + 1)
        #expect(verdict.queries == (await zone.questions))
        let giant = EndlessZone { _, _ in [txt("v=DMARC1; p=none; " + String(repeating: "x=y;", count: 1_000_000))] }
        #expect(await DMARC.discover("a.example.org", resolver: giant, clock: StoppedClock()).result == .none)
    }

    @Test("DMARC: destinations of reports cost a bounded number of questions")
    func destinations() async throws {
        let zone = EndlessZone { _, _ in [] }
        let rua = (0..<1_000).map { "mailto:a@a\($0).b.c.d.e.f.g.h.example" }.joined(separator: ",")
        let record = try #require(DMARC.Record(parsing: "v=DMARC1; p=none; rua=\(rua)"))
        _ = await DMARC.reportDestinations(of: record, at: "own.example", resolver: zone, clock: StoppedClock())
        #expect(await zone.questions <= 10 * 10)
    }

    @Test("DKIM: many signatures ask for a bounded number of keys, and a giant key record is not read")
    func dkim() async throws {
        let zone = EndlessZone { _, _ in [txt("v=DKIM1; p=" + String(repeating: "A", count: 1_000_000))] }
        var verifier = MessageVerifier()
        let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        for number in 0..<300 {
            verifier.receive(
                Array(
                    "DKIM-Signature: v=1; a=ed25519-sha256; d=a.example; s=s\(number); h=from; bh=\(hash); b=AAAA\r\n"
                        .utf8
                )
            )
        }
        verifier.receive(Array("From: a@a.example\r\n\r\n".utf8))
        let results = await verifier.finish(resolver: zone, secondsSince1970: 1_800_000_000)
        #expect(results.dkim.passing.isEmpty && results.dkim.uncheckedSignatures > 0)
        #expect(await zone.questions <= 64)
    }

    @Test("aliases without end are cut off")
    func aliases() async throws {
        var text = "$ORIGIN example.org.\nloop1 CNAME loop2\nloop2 CNAME loop1\nself CNAME self\n"
        for number in 0..<200 { text += "c\(number) CNAME c\(number + 1)\n" }
        text += "c200 TXT \"v=spf1 +all\"\n"
        let zone = try Zone(parsing: text)
        for name in ["loop1", "self", "c0"] {
            let request = SPF.Request.mailFrom(
                .mailbox(try Mailbox(parsing: "a@\(name).example.org")),
                helo: "h.example.org",
                clientAddress: try #require(IPAddress("192.0.2.1")),
                receiver: "here.example",
                secondsSince1970: 0
            )
            let verdict = await SPF.check(request, resolver: zone, clock: StoppedClock())
            #expect(verdict.result == .temperror, "\(name): \(verdict)")
        }
    }

    @Test("a DNS that never answers ends every check at its time limit, and none passes")
    func silence() async throws {
        let request = SPF.Request.mailFrom(
            .mailbox(try Mailbox(parsing: "a@example.org")),
            helo: "h.example.org",
            clientAddress: try #require(IPAddress("192.0.2.1")),
            receiver: "here.example",
            secondsSince1970: 0
        )
        #expect(await SPF.check(request, resolver: SilentResolver(), clock: RacingClock()).result == .temperror)
        let dmarc = await DMARC.check(
            .domain("example.org"),
            identifiers: [.init(.dkim, domain: "example.org")],
            resolver: SilentResolver(),
            clock: RacingClock()
        )
        #expect(dmarc.result == .temperror)
        var verifier = MessageVerifier()
        verifier.receive(
            Array(
                "DKIM-Signature: v=1; a=ed25519-sha256; d=a.example; s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\nFrom: a@a.example\r\n\r\n"
                    .utf8
            )
        )
        let limited = SilentResolver().limited(to: .seconds(20), clock: RacingClock())
        #expect(await verifier.finish(resolver: limited, secondsSince1970: 1_800_000_000).dkim.passing.isEmpty)
    }
}
