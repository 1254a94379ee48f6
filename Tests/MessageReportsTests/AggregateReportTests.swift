import MailSyntax
import MessageAuthentication
import Testing

@testable import MessageReports

@Suite("DMARC aggregate reports, RFC 9990 and RFC 7489 appendix C")
struct AggregateReportTests {
    @Test("all that a report says is read")
    func reads() throws {
        let report = try AggregateReport(parsing: Array(Samples.aggregate.utf8))
        #expect(report.metadata.organization == "Receiver & Sons")
        #expect(report.metadata.identifier == "20261123.abc@receiver.example")
        #expect(report.metadata.extraContact == "https://receiver.example/dmarc")
        #expect(report.metadata.begin == 1_795_392_000 && report.metadata.end == 1_795_478_399)
        #expect(report.metadata.errors == ["rua names an address twice"])
        #expect(report.policy.domain == "example.org")
        #expect(report.policy.policy == DMARC.Policy.none)
        #expect(report.policy.subdomainPolicy == .quarantine && report.policy.nonexistentPolicy == .reject)
        #expect(report.policy.dkimAlignment == .relaxed && report.policy.spfAlignment == .strict)
        #expect(report.policy.isTesting == false && report.policy.discoveryMethod == "treewalk")
        #expect(report.records.count == 2 && report.skippedRecords == 0)
        let first = try #require(report.records.first)
        #expect(first.source == IPAddress("192.0.2.25") && first.count == 40 && first.passes)
        #expect(first.dkim == [.init(domain: "example.org", selector: "gp1", result: "pass")])
        #expect(first.spf == [.init(domain: "example.org", scope: "mfrom", result: "pass")])
        let second = report.records[1]
        #expect(second.source == IPAddress("2001:db8::7") && !second.passes)
        #expect(second.reasons == [.init(type: "mailing_list", comment: "known list")])
        #expect(second.headerFrom == "news.example.org" && second.envelopeFrom == nil)
        #expect(second.dkim.map(\.domain) == ["example.org", "list.example"])
    }

    @Test("what reporters get wrong is forgiven")
    func forgives() throws {
        let report = try AggregateReport(parsing: Array(Samples.bentAggregate.utf8))
        #expect(report.metadata.organization == "Tick & Trick")
        #expect(report.metadata.identifier == "Tick & Trick 1795392000-1795392000")
        #expect(report.policy.domain == "example.org" && report.policy.policy == .reject)
        #expect(report.policy.dkimAlignment == .relaxed)
        #expect(report.skippedRecords == 1)
        let record = try #require(report.records.first)
        #expect(record.source == IPAddress("198.51.100.9") && record.count == 2)
        #expect(record.disposition == .reject && !record.isDKIMAligned && !record.isSPFAligned)
        #expect(record.headerFrom == "example.org")
        #expect(record.spf.map(\.result) == ["softfail"] && record.dkim.map(\.domain) == ["mailer.example"])
    }

    @Test(
        "prefixes, comments, instructions, literals and references are read",
        arguments: [
            "<d:feedback xmlns:d='x'><!-- <x> --><?php ?><d:report_metadata><d:org_name><![CDATA[a <b>]]></d:org_name>"
                + "<d:date_range><d:begin> 1 </d:begin><d:end>2</d:end></d:date_range></d:report_metadata>"
                + "<d:policy_published><d:domain>&#x61;&#46;b</d:domain></d:policy_published></d:feedback>"
        ]
    )
    func reads(_ xml: String) throws {
        let report = try AggregateReport(parsing: [0xEF, 0xBB, 0xBF] + Array(xml.utf8))
        #expect(report.metadata.organization == "a <b>" && report.policy.domain == "a.b")
    }

    @Test("what was written is read again, and has the elements of the schema in their order")
    func writes() throws {
        var report = try AggregateReport(parsing: Array(Samples.aggregate.utf8))
        report.metadata.organization = "A & B <c> \u{1} é"
        let xml = report.xml
        var expected = report
        expected.metadata.organization = "A & B <c> ? é"
        #expect(try AggregateReport(parsing: xml) == expected)
        #expect(try AggregateReport.Record(parsing: report.records[1].xml) == report.records[1])
        var children: [String: [String]] = [:]
        var order: [String] = []
        func note(_ element: XMLElement) {
            children[element.name] = element.children.map(\.name)
            element.children.forEach(note)
        }
        var reader = XMLReader(xml, ReportLimits())
        #expect(
            try reader.read { element in
                order.append(element.name)
                note(element)
            } == "feedback"
        )
        #expect(order == ["version", "report_metadata", "policy_published", "record", "record"])
        #expect(children["record"] == ["row", "identifiers", "auth_results"])
        #expect(children["row"] == ["source_ip", "count", "policy_evaluated"])
        #expect(children["policy_evaluated"] == ["disposition", "dkim", "spf", "reason"])
        #expect(children["date_range"] == ["begin", "end"])
        #expect(children["auth_results"] == ["dkim", "dkim", "spf"])
        #expect(String(decoding: xml, as: UTF8.self).contains("xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\""))
    }

    @Test("no prefix of a report traps or is taken for a whole one")
    func prefixes() {
        let octets = Array(Samples.aggregate.utf8)
        for count in 0..<(octets.count - 1) where count.isMultiple(of: 7) {
            #expect(throws: ReportError.self) { try AggregateReport(parsing: Array(octets[..<count])) }
        }
    }

    @Test("a document with entities or too much of anything is refused")
    func refuses() {
        let laughs = """
            <?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;">]>
            <feedback><report_metadata><org_name>&lol1;</org_name></report_metadata></feedback>
            """
        #expect(code(laughs) == .unsupported)
        #expect(code("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><feedback/>") == .unsupported)
        #expect(code("<html></html>") == .noReport)
        #expect(code("<feedback/>") == .malformed)
        #expect(code(String(repeating: "<a>", count: 100_000)) == .tooLarge)
        #expect(
            code("<feedback><record>" + String(repeating: "<a/>", count: 3_000) + "</record></feedback>") == .tooLarge
        )
        #expect(code("<feedback><a></b></feedback>") == .malformed)
        #expect(code("<feedback><a <b></a></feedback>") == .malformed)
        #expect(code("\u{0}") == .malformed)
    }

    @Test("numbers that lie do not overflow")
    func numbers() throws {
        var text = Samples.aggregate.replacing("<count>40</count>", with: "<count>999999999999999</count>")
        #expect(try AggregateReport(parsing: Array(text.utf8)).records.first?.count == 999_999_999_999_999)
        text = text.replacing("<count>5</count>", with: "<count>99999999999999999999999999</count>")
        let report = try AggregateReport(parsing: Array(text.utf8))
        #expect(report.skippedRecords == 1)
        var summary = AggregateSummary(domain: "example.org")
        for _ in 0..<100 { summary.add(report) }
        #expect(summary.messages == 100_000_000_000)
    }

    private func code(_ xml: String) -> ReportError.Code? {
        do {
            _ = try AggregateReport(parsing: Array(xml.utf8))
            return nil
        } catch {
            return error.code
        }
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        guard let range = self.firstRange(of: old) else { return self }
        return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}
