internal import MailSyntax
internal import MessageReports

/// A report out of anything ends within its limits; what was read and written reads the same.
func fuzzReport(_ input: [UInt8]) {
    var limits = ReportLimits()
    limits.maximumOctets = 1 << 20
    limits.ratioFreeOctets = 1 << 16
    do throws(ReportError) {
        let (report, document) = try ReceivedReport.find(in: input, limits: limits)
        check(document.count <= max(limits.maximumOctets, input.count), "more octets than allowed")
        switch report {
        case .aggregate(let report): checkAggregate(report)
        case .tls(let report):
            var summary = TLSSummary(domain: report.policies.first?.domain ?? "")
            summary.add(report)
            check(summary.reports <= 1, "one report counts twice")
        }
    } catch {
        check(error.reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a reason that holds what a stranger wrote")
    }
}

/// The same, with the input as an XML or JSON document, whatever it begins with.
func fuzzReportDocument(_ input: [UInt8]) {
    do throws(ReportError) {
        checkAggregate(try AggregateReport(parsing: input))
    } catch {
        check(error.reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a reason that holds what a stranger wrote")
    }
    do throws(ReportError) {
        let report = try TLSReport(parsing: input)
        check(!report.policies.isEmpty, "a report about nothing")
    } catch {
        check(error.reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a reason that holds what a stranger wrote")
    }
}

private func checkAggregate(_ report: AggregateReport) {
    var summary = AggregateSummary(domain: report.policy.domain)
    summary.add(report)
    check(summary.reports == 1, "a report about its own domain does not count")
    do throws(ReportError) {
        // Controls become question marks and white space at the ends goes, so that what was written is compared.
        let once = try AggregateReport(parsing: report.xml)
        check(once.records.count == report.records.count, "a record is lost")
        check(try AggregateReport(parsing: once.xml) == once, "a report changes")
    } catch {
        check(false, "what was written cannot be read: \(error)")
    }
    if let from = Mailbox("a@b.example") {
        let mail = AggregateReportMail(
            report: report,
            submitter: report.policy.domain,
            from: from,
            recipients: [from],
            date: 0
        )
        do throws(ReportError) {
            guard case .aggregate(let again) = try ReceivedReport.find(in: mail.octets).report else {
                return check(false, "the mail has another report")
            }
            check(again.records.count == report.records.count, "the mail loses a record")
        } catch {
            check(false, "the mail cannot be read: \(error)")
        }
    }
}

extension Mailbox {
    fileprivate init?(_ text: String) {
        do {
            try self.init(parsing: text)
        } catch {
            return nil
        }
    }
}
