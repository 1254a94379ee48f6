import MailSyntax
import MessageAuthentication
import Testing

@testable import MessageReports

@Suite("What aggregate reports come to")
struct AggregateSummaryTests {
    private typealias Record = AggregateReport.Record

    private func record(
        _ source: String,
        _ count: Int = 1,
        dkim: [AggregateReport.DKIMResult] = [],
        spf: (domain: String, result: String)? = nil,
        aligned: Bool = false,
        reason: String? = nil
    ) throws -> Record {
        var record = Record(
            source: try #require(IPAddress(source)),
            count: count,
            disposition: .none,
            isDKIMAligned: aligned,
            isSPFAligned: false,
            headerFrom: "example.org"
        )
        record.dkim = dkim
        record.spf = spf.map { [.init(domain: $0.domain, scope: "mfrom", result: $0.result)] } ?? []
        record.reasons = reason.map { [.init(type: $0)] } ?? []
        return record
    }

    private func report(_ records: [Record], policy: DMARC.Policy = .none, day: Int64 = 20_780) -> AggregateReport {
        AggregateReport(
            metadata: .init(
                organization: "r",
                email: "",
                identifier: "\(day)",
                begin: day * 86_400,
                end: day * 86_400 + 86_399
            ),
            policy: .init(domain: "example.org", policy: policy),
            records: records
        )
    }

    @Test("the likely cause of a failure")
    func causes() throws {
        let mine = AggregateReport.DKIMResult(domain: "example.org", selector: "s", result: "fail")
        let other = AggregateReport.DKIMResult(domain: "esp.example", selector: "s", result: "pass")
        let cases: [(Record, AggregateSummary.Cause)] = [
            (try self.record("192.0.2.1", spf: ("example.org", "fail")), .ownServer),
            (try self.record("192.0.2.2", spf: ("fwd.example", "pass"), reason: "forwarded"), .forwarder),
            (try self.record("192.0.2.3", dkim: [mine, other], spf: ("list.example", "pass")), .changedOnTheWay),
            (try self.record("192.0.2.4", dkim: [other]), .service("esp.example")),
            (try self.record("192.0.2.5", spf: ("bounce.esp.example", "pass")), .service("bounce.esp.example")),
            (try self.record("192.0.2.6", spf: ("example.org", "softfail")), .notListed),
            (try self.record("192.0.2.7", spf: ("example.org", "temperror")), .temporaryTrouble),
            (try self.record("192.0.2.8", spf: ("spam.example", "none")), .unproved),
            (try self.record("192.0.2.9"), .unproved),
        ]
        var summary = AggregateSummary(domain: "example.org", ownAddresses: [try #require(IPAddress("192.0.2.1"))])
        summary.add(self.report(cases.map(\.0)))
        for (record, cause) in cases {
            #expect(summary.sources[record.source]?.mainCause == cause)
            #expect(!cause.advice(domain: "example.org").isEmpty)
        }
        #expect(summary.failing == 9 && summary.passing == 0)
    }

    @Test("sources and days are counted, the failing first")
    func counts() throws {
        var summary = AggregateSummary(domain: "Example.org")
        summary.add(self.report([try self.record("192.0.2.1", 90, aligned: true), try self.record("192.0.2.9", 10)]))
        summary.add(self.report([try self.record("192.0.2.1", 10, aligned: true)], day: 20_782))
        #expect(summary.passing == 100 && summary.failing == 10)
        #expect(summary.orderedSources.map(\.messages) == [10, 100])
        #expect(summary.series.map(\.day) == ["2026-11-23", "2026-11-24", "2026-11-25"])
        #expect(summary.series.map(\.1.passing) == [90, 0, 10])
        var other = self.report([try self.record("192.0.2.1")])
        other.policy.domain = "example.net"
        summary.add(other)
        #expect(summary.reports == 2)
    }

    @Test("the number of sources is bounded")
    func bounded() throws {
        var summary = AggregateSummary(domain: "example.org")
        let records = (0..<(AggregateSummary.maximumSources + 5)).map { number in
            Record(
                source: IPAddress(v4: UInt32(number)),
                count: 1,
                disposition: .none,
                isDKIMAligned: false,
                isSPFAligned: false,
                headerFrom: "example.org"
            )
        }
        summary.add(self.report(records))
        #expect(summary.sources.count == AggregateSummary.maximumSources && summary.otherMessages == 5)
        #expect(summary.failing == AggregateSummary.maximumSources + 5)
    }

    @Test("what is said of the policy")
    func advice() throws {
        func advice(_ policy: DMARC.Policy, _ records: [Record]) -> String? {
            var summary = AggregateSummary(domain: "example.org")
            summary.add(self.report(records, policy: policy))
            return summary.policyAdvice
        }
        let good = try self.record("192.0.2.1", 99, aligned: true)
        let forged = try self.record("192.0.2.9")
        let own = try self.record("192.0.2.7", 20, spf: ("example.org", "fail"))
        #expect(advice(.none, [good, forged])?.contains("p=quarantine is the next step") == true)
        #expect(advice(.none, [good, own])?.contains("before p=quarantine") == true)
        #expect(advice(.quarantine, [good, forged])?.contains("p=reject is the next step") == true)
        #expect(advice(.reject, [good, forged]) == nil)
        #expect(advice(.reject, [good, own])?.contains("refused") == true)
        #expect(AggregateSummary(domain: "a").policyAdvice?.contains("rua") == true)
    }
}
