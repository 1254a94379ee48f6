import DNS
import MailSyntax
import Testing

@testable import MessageAuthentication

@Suite("SPF, DKIM, ARC and DMARC of one message")
struct WholeJudgementTests {
    static func verdict(
        _ domain: String,
        _ reason: DKIM.Reason? = nil,
        unsigned: UInt64 = 0
    ) -> DKIM.Verdict {
        DKIM.Verdict(
            signature: nil,
            reason: reason,
            domain: domain,
            selector: "s",
            keyBits: 2048,
            isTesting: false,
            isKeyAuthenticated: false,
            unsignedBodyOctets: unsigned
        )
    }

    @Test("a signed message passes by its signature, and the field tells all of it")
    func signedMessage() async throws {
        let octets = try signed(sample, try TestKeys.signer("ed25519"))
        let verified = await verify(octets, try TestKeys.zone())
        let signature = try #require(verified.dkim.verdicts.first)
        let domain = try #require(signature.domain)
        var zone = Zone()
        zone.add(
            .txt(TXTRecord(strings: [Array("v=DMARC1; p=reject".utf8)])),
            at: try #require(DNSName("_dmarc.\(domain)"))
        )
        let section = try HeaderSection(parsing: octets)
        let dmarc = await DMARC.check(
            DMARC.Author(of: section.fields),
            identifiers: verified.dkim.verdicts.compactMap { DMARC.Identifier($0) },
            resolver: zone,
            clock: StoppedClock()
        )
        #expect(dmarc.result == .pass, "\(dmarc)")
        let results = AuthenticationResults(
            serviceIdentifier: "mx.example.com",
            results: verified.dkim.authenticationResults + [
                verified.arc.authenticationResult, dmarc.authenticationResult,
            ]
        )
        let read = try AuthenticationResults(parsing: try #require(results.field).bodyOctets)
        #expect(read == results)
        #expect(read.results.map(\.method) == [.dkim, .arc, .dmarc])
        #expect(read.results.map(\.value) == ["pass", "none", "pass"])
        #expect(read.results[0].property(.header, "d") == domain)
        #expect(read.results[0].property(.header, "b")?.utf8.count == 8)
    }

    @Test("what a signature's verdict means to DMARC")
    func identifiers() {
        #expect(DMARC.Identifier(Self.verdict("a.example"))?.outcome == .pass)
        #expect(DMARC.Identifier(Self.verdict("a.example", .signatureDiffers))?.outcome == .fail)
        // Anybody may have added to the body.
        #expect(DMARC.Identifier(Self.verdict("a.example", unsigned: 1))?.outcome == .fail)
        #expect(DMARC.Identifier(Self.verdict("a.example", unsigned: 1), allowsUnsignedBody: true)?.outcome == .pass)
        #expect(
            DMARC.Identifier(Self.verdict("\u{E9}.example"), alabels: { _ in "xn--9ca.example" })?.domain
                == "xn--9ca.example"
        )
        var none = Self.verdict("a.example", .signatureDiffers)
        none.domain = nil
        #expect(DMARC.Identifier(none) == nil)
    }

    @Test("no signature is said to be none")
    func none() {
        let results = DKIM.Results(verdicts: [], uncheckedSignatures: 0)
        #expect(results.authenticationResults == [.init(.dkim, "none")])
    }
}
