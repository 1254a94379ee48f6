import MailSyntax
import Testing

@testable import MessageReports

@Suite("The mail that carries an aggregate report, RFC 9990")
struct AggregateReportMailTests {
    @Test("it is found again, and named as the RFC wants")
    func found() throws {
        let report = try AggregateReport(parsing: Array(Samples.aggregate.utf8))
        let mail = AggregateReportMail(
            report: report,
            submitter: "mx.receiver.example",
            from: try Mailbox(parsing: "dmarc-reports@receiver.example"),
            recipients: [try Mailbox(parsing: "rua@example.org"), try Mailbox(parsing: "dmarc@collector.example")],
            date: 1_795_480_000
        )
        #expect(mail.fileName == "mx.receiver.example!example.org!1795392000!1795478399.xml.gz")
        let octets = mail.octets
        let header = try HeaderSection(parsing: octets)
        #expect(
            header.first(named: "Subject")?.value
                == "Report Domain: example.org Submitter: mx.receiver.example "
                + "Report-ID: <20261123.abc@receiver.example>"
        )
        #expect(header.first(named: "Message-ID")?.value == "<20261123.abc.receiver.example@mx.receiver.example>")
        #expect(header.malformed.isEmpty && header.isTerminated && !header.hasBareLineEnding)
        #expect(octets.allSatisfy { $0 < 0x80 && $0 != 0 })
        #expect(octets.split(separator: 0x0A).allSatisfy { $0.count <= 998 && $0.last == 0x0D })
        let text = String(decoding: octets, as: UTF8.self)
        #expect(text.contains("Content-Type: application/gzip; name=\"\(mail.fileName)\"\r\n"))
        guard case .aggregate(let again) = try ReceivedReport.find(in: octets).report else {
            Issue.record("it is no aggregate report")
            return
        }
        #expect(again == report)
        #expect(mail.octets == octets)
    }

    @Test("nothing in a report can break out of a field")
    func hostile() throws {
        var report = try AggregateReport(parsing: Array(Samples.aggregate.utf8))
        report.metadata.identifier = "a\r\nBcc: x@y\r\n\r\n\"<b>"
        report.policy.domain = "ex\r\nample.org"
        let mail = AggregateReportMail(
            report: report,
            submitter: "m x\n",
            from: try Mailbox(parsing: "a@b.example"),
            recipients: [try Mailbox(parsing: "a@b.example")],
            date: 0
        )
        let header = try HeaderSection(parsing: mail.octets)
        #expect(header.fields.count == 8 && header.malformed.isEmpty)
        #expect(header.first(named: "Bcc") == nil)
    }
}
