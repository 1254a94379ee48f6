import Testing

@testable import MessageReports

@Suite("TLS reports, RFC 8460")
struct TLSReportTests {
    @Test("all that a report says is read, and what reporters bend is forgiven")
    func reads() throws {
        let report = try TLSReport(parsing: Array(Samples.tls.utf8))
        #expect(report.organization == "Sender Inc" && report.contact == "tls@sender.example")
        #expect(report.begin == 1_795_392_000 && report.end == 1_795_478_399)
        let policy = try #require(report.policies.first)
        #expect(policy.type == "sts" && policy.domain == "example.org")
        #expect(policy.mailExchangers == ["*.example.org"] && policy.lines.count == 2)
        #expect(policy.successes == 120 && policy.failures == 4)
        #expect(policy.details.map(\.count) == [3, 1])
        #expect(policy.details[1].reason == "no STARTTLS 😀")
    }

    @Test(
        "what is no report is refused",
        arguments: [
            "{}", "[]", "{\"policies\": []}", "{\"policies\"", "\"a", "{\"a\":1,}", "[1 2]", "nul", "{\"a\":\"\\x\"}",
            "{\"policies\": [{}], \"organization-name\": \"a\", \"date-range\": {}}",
        ]
    )
    func refuses(_ json: String) {
        #expect(throws: ReportError.self) { try TLSReport(parsing: Array(json.utf8)) }
    }

    @Test("depth and number are bounded")
    func limits() {
        #expect(throws: ReportError(.tooLarge, "the JSON has too many values, or too deep ones")) {
            try TLSReport(parsing: Array(repeating: UInt8(ascii: "["), count: 1_000_000))
        }
        var limits = ReportLimits()
        limits.maximumElements = 10
        #expect(throws: ReportError.self) { try TLSReport(parsing: Array(Samples.tls.utf8), limits: limits) }
    }

    @Test("a summary counts by kind of failure and mail server")
    func summary() throws {
        var summary = TLSSummary(domain: "Example.org")
        summary.add(try TLSReport(parsing: Array(Samples.tls.utf8)))
        summary.add(try TLSReport(parsing: Array(Samples.tls.utf8)))
        #expect(summary.reports == 2 && summary.successes == 240 && summary.failures == 8)
        #expect(summary.orderedCauses.map(\.key.type) == ["certificate-expired", "starttls-not-supported"])
        #expect(summary.orderedCauses.map(\.failure.count) == [6, 2])
        var other = TLSSummary(domain: "example.net")
        other.add(try TLSReport(parsing: Array(Samples.tls.utf8)))
        #expect(other.reports == 0)
    }

    @Test(
        "RFC 3339 dates",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2016-04-01T23:59:59Z", 1_459_555_199), ("2000-02-29", 951_782_400),
            ("2026-11-23T01:00:00.5+01:00", 1_795_392_000), ("2026-11-22T22:00:00-02:00", 1_795_392_000),
        ]
    )
    func dates(_ text: String, _ seconds: Int64) {
        #expect(InternetDate.seconds(text) == seconds)
    }

    @Test(
        "what is no date",
        arguments: ["", "2026", "2026-13-01", "2026-11-23T", "2026-11-23T25:00:00Z", "2026-11-23T00:00:00X"]
    )
    func noDate(_ text: String) {
        #expect(InternetDate.seconds(text) == nil)
    }

    @Test("days are written as they are read")
    func days() {
        for day in [Int64(0), 59, 10_957, 11_016, 20_780] {
            #expect(InternetDate.seconds(InternetDate.day(day)) == day * 86_400)
        }
    }
}
