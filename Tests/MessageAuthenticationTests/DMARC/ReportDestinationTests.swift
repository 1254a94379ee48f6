import DNS
import MailSyntax
import MessageAuthentication
import Testing

@Suite("Who may be sent aggregate reports, RFC 9990, verifying external destinations")
struct ReportDestinationTests {
    private static let zone = """
        $ORIGIN example.
        _dmarc.own                             TXT "v=DMARC1; p=none"
        _dmarc.org                             TXT "v=DMARC1; p=none; psd=n"
        own.example._report._dmarc.collector           TXT "v=DMARC1"
        own.example._report._dmarc.mover               TXT "v=DMARC1; rua=mailto:other@mover.example!1k"
        own.example._report._dmarc.passer              TXT "v=DMARC1; rua=mailto:victim@victim.example"
        own.example._report._dmarc.wrong               TXT "yes, please"
        *._report._dmarc.any                   TXT "v=DMARC1"
        own.example._report._dmarc.flaky               FAIL
        """

    private func destinations(_ rua: String, at domain: String = "own.example") async throws -> DMARC.ReportDestinations
    {
        let record = try #require(DMARC.Record(parsing: "v=DMARC1; p=none; rua=\(rua)"))
        return await DMARC.reportDestinations(
            of: record,
            at: domain,
            resolver: try Zone(parsing: Self.zone),
            clock: StoppedClock()
        )
    }

    @Test(
        "who gets them",
        arguments: [
            ("mailto:a@own.example", ["a@own.example"]),
            ("mailto:a@reports.own.example", ["a@reports.own.example"]),
            ("mailto:a@collector.example", ["a@collector.example"]),
            ("mailto:a@any.example", ["a@any.example"]),
            ("mailto:a@mover.example", ["other@mover.example"]),
            ("mailto:a@passer.example", []),
            ("mailto:a@wrong.example", []),
            ("mailto:a@stranger.example", []),
            ("https://own.example/reports", []),
            ("mailto:a@own.example,mailto:A@own.example, mailto:a@own.example", ["a@own.example", "A@own.example"]),
            ("mailto:a@own.example,mailto:a@stranger.example", ["a@own.example"]),
        ]
    )
    func addresses(_ rua: String, _ expected: [String]) async throws {
        let found = try await self.destinations(rua)
        #expect(found.addresses.map(\.mailbox.description) == expected)
        #expect(!found.isIncomplete)
    }

    @Test("a domain whose DNS does not answer is asked again later")
    func temporary() async throws {
        let found = try await self.destinations("mailto:a@flaky.example")
        #expect(found.addresses.isEmpty && found.isIncomplete && found.refused.count == 1)
    }

    @Test("no more than ten addresses are looked at")
    func bounded() async throws {
        let rua = (0..<40).map { "mailto:a\($0)@own.example" }.joined(separator: ",")
        #expect(try await self.destinations(rua).addresses.count == 10)
    }

    @Test(
        "limits of size",
        arguments: [
            ("mailto:a@own.example!10m", 10 << 20), ("mailto:a@own.example!7", 7), ("mailto:a@own.example!2K", 2048),
            ("mailto:a@own.example!1g", 1 << 30), ("mailto:a@own.example", nil), ("mailto:a@own.example!x", nil),
            ("mailto:a@own.example!10mm", nil), ("mailto:a@own.example!999999999999t", nil),
        ]
    )
    func sizes(_ rua: String, _ expected: Int?) async throws {
        #expect(try await self.destinations(rua).addresses.first?.maximumOctets == expected)
    }
}
