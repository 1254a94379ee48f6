internal import GatepostModel
internal import MailSyntax

extension ConfigurationReader {
    mutating func reports(hostname: String) -> Configuration.Reports {
        var reports = Configuration.Reports()
        reports.address = self.mailbox("reports.address")
        let range = Duration.seconds(86_400) ... .seconds(100 * 365 * 86_400)
        reports.retention = self.duration("reports.retention", in: range) ?? reports.retention
        reports.sendAggregate = self.boolean("reports.sendAggregate") ?? reports.sendAggregate
        reports.from = self.mailbox("reports.from")
        if let text = self.text("reports.organization") {
            if text.isEmpty || text.utf8.count > 255 || text.utf8.contains(where: ASCII.isControl) {
                self.fault("reports.organization", "must be a name of at most 255 octets")
            } else {
                reports.organization = text
            }
        }
        let names = Configuration.Reports.localParts.joined(separator: " and ")
        self.show("reports.address", reports.address.map { "\($0)" } ?? "\(names) at every local domain")
        self.show("reports.retention", DurationText.format(reports.retention))
        self.show("reports.sendAggregate", "\(reports.sendAggregate)")
        self.show("reports.from", "\(reports.sender(hostname: hostname))")
        self.show("reports.organization", reports.organization ?? hostname)
        return reports
    }

    private mutating func mailbox(_ path: String) -> Mailbox? {
        guard let text = self.text(path) else { return nil }
        do {
            return try Mailbox(parsing: text)
        } catch {
            self.fault(path, "must be a mail address such as reports@example.org, not '\(text)'")
            return nil
        }
    }
}
