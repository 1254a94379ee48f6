import DNS
import MailSyntax
import MessageAuthentication
import Testing

/// Answers as a zone does, but fails for now at the names that the test chooses.
private struct FailingResolver: Resolver {
    var zone: Zone
    /// Of names in lower case.
    var fails: @Sendable (String, RecordType) -> Bool

    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        if self.fails(name.lowercased.description, type) { throw .temporary("SERVFAIL") }
        return try await self.zone.records(type, at: name)
    }
}

/// Notes what is asked, and then fails from the n-th question on.
private actor FailingLater: Resolver {
    private let zone: Zone
    private let first: Int
    private(set) var questions = 0

    init(_ zone: Zone, from first: Int) {
        self.zone = zone
        self.first = first
    }

    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        self.questions += 1
        if self.questions > self.first { throw .temporary("SERVFAIL") }
        return try await self.zone.records(type, at: name)
    }
}

@Suite("A failure of DNS is never a pass")
struct TemporaryFailureTests {
    /// A domain whose mail passes everything while DNS answers.
    private static let zone = """
        $ORIGIN example.org.
        @              TXT "v=spf1 include:one.example.org include:two.example.org mx -all"
        @              MX  10 mx
        mx             A   192.0.2.25
        one            TXT "v=spf1 a:nothere.example.org ?all"
        nothere        A   198.51.100.1
        two            TXT "v=spf1 exists:%{i}.list.example.org -all"
        192.0.2.7.list A   127.0.0.2
        _dmarc         TXT "v=DMARC1; p=reject; psd=n"
        """

    private static func spf(_ resolver: any Resolver, _ address: String) async throws -> SPF.Verdict {
        let request = SPF.Request.mailFrom(
            .mailbox(try Mailbox(parsing: "a@example.org")),
            helo: "mx.example.org",
            clientAddress: try #require(IPAddress(address)),
            receiver: "here.example",
            secondsSince1970: 0
        )
        return await SPF.check(request, resolver: resolver, clock: StoppedClock())
    }

    @Test(
        "SPF: whichever question fails first, the answer is temperror or was found before it",
        arguments: ["192.0.2.7", "192.0.2.25", "203.0.113.9"]
    )
    func spf(_ address: String) async throws {
        let zone = try Zone(parsing: Self.zone)
        let whole = FailingLater(zone, from: .max)
        let expected = try await Self.spf(whole, address)
        #expect(expected.result == (address == "203.0.113.9" ? .fail : .pass))
        let count = await whole.questions
        #expect(count >= 4)
        for first in 0..<count {
            let verdict = try await Self.spf(FailingLater(zone, from: first), address)
            #expect(verdict.result == .temperror, "from question \(first)")
        }
    }

    @Test("DMARC: a policy that cannot be had, or an alignment that cannot be shown, is temperror")
    func dmarc() async throws {
        let zone = try Zone(parsing: Self.zone)
        let aligned = DMARC.Identifier(.dkim, domain: "mail.example.org")
        let stranger = DMARC.Identifier(.dkim, domain: "other.example")
        func check(
            _ identifiers: [DMARC.Identifier],
            _ fails: @escaping @Sendable (String, RecordType) -> Bool
        ) async -> DMARC.Result {
            await DMARC.check(
                .domain("news.example.org"),
                identifiers: identifiers,
                resolver: FailingResolver(zone: zone, fails: fails),
                clock: StoppedClock()
            ).result
        }
        #expect(await check([aligned]) { _, _ in false } == .pass)
        #expect(await check([aligned]) { name, _ in name.hasPrefix("_dmarc.") } == .temperror)
        #expect(await check([stranger]) { name, _ in name.hasPrefix("_dmarc.") } == .temperror)
        for name in ["_dmarc.news.example.org", "_dmarc.example.org"] {
            #expect(await check([aligned]) { asked, _ in asked == name } == .temperror)
        }
        // The signer's own place in the tree cannot be found out.
        #expect(await check([aligned]) { asked, _ in asked == "_dmarc.mail.example.org" } == .temperror)
        // What could not be checked is not proved, and not disproved.
        let late = DMARC.Identifier(.spf, domain: "example.org", outcome: .temporaryError)
        #expect(await check([late]) { _, _ in false } == .temperror)
        #expect(await check([late, stranger]) { _, _ in false } == .temperror)
    }

    @Test("DKIM: a key that cannot be had is temperror, of every signature")
    func keys() async throws {
        let message = try signed(sample, TestKeys.signer("ed25519"), TestKeys.signer("rsa2048"))
        let zone = try TestKeys.zone()
        func result(_ fails: Bool) async -> DKIM.Results {
            var verifier = MessageVerifier()
            verifier.receive(message)
            let resolver = FailingResolver(zone: zone) { _, _ in fails }
            return await verifier.finish(resolver: resolver, secondsSince1970: 1_800_000_001).dkim
        }
        #expect(await result(false).result == .pass)
        let failed = await result(true)
        #expect(failed.result == .temperror && failed.passing.isEmpty)
    }

    @Test("ARC: a key that cannot be had is never a chain that passes")
    func chains() async throws {
        let zone = try TestKeys.zone()
        var sealing = MessageSealer(
            ARC.Sealer(domain: "example.org", selector: "rsa2048", key: try TestKeys.key("rsa2048")),
            chain: await verify(sample, zone).arc,
            authenticationResults: "mx.example.org; spf=pass smtp.mailfrom=a@example.net",
            secondsSince1970: 1_800_000_000
        )
        sealing.receive(sample)
        let sealed = try sealing.finish().flatMap(\.octets) + sample
        func status(_ fails: Bool) async -> ARC.Status {
            var verifier = MessageVerifier()
            verifier.receive(sealed)
            let resolver = FailingResolver(zone: zone) { _, _ in fails }
            return await verifier.finish(resolver: resolver, secondsSince1970: 1_800_000_001).arc.status
        }
        #expect(await status(false) == .pass)
        #expect(await status(true) != .pass)
    }
}
