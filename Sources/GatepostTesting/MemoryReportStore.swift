package import GatepostModel

/// Reports in memory, with the contract of the database.
package actor MemoryReportStore: ReportStore {
    private var reports: [StoredReport] = []
    private var days: [ObservedDay: ObservedMail] = [:]

    package init() {}

    package func add(_ report: StoredReport) -> ReportAddition {
        let others = self.reports.filter { $0.kind == report.kind && $0.domain == report.domain }
        if others.contains(where: { $0.organization == report.organization && $0.identifier == report.identifier }) {
            return .duplicate
        }
        guard others.count < StoredReport.maximumPerDomain else { return .full }
        self.reports.append(report)
        return .added
    }

    package func reports(
        _ kind: ReportKind,
        of domain: String,
        since: Timestamp,
        skip: Int,
        limit: Int
    ) -> [StoredReport] {
        let found = self.reports.filter { $0.kind == kind && $0.domain == domain && $0.end >= since }.sorted {
            ($0.begin, $0.organization, $0.identifier) < ($1.begin, $1.organization, $1.identifier)
        }
        return Array(found.dropFirst(max(0, skip)).prefix(max(0, limit)))
    }

    package func expireReports(before end: Timestamp) {
        self.reports.removeAll { $0.end < end }
        let day = end.milliseconds / 86_400_000
        self.days = self.days.filter { $0.key.day >= day }
    }

    package func observe(_ observations: [DMARCObservation]) {
        for observation in observations {
            let day = ObservedDay(domain: observation.domain, day: observation.day)
            let domains = self.days.keys.count { $0.day == day.day }
            guard self.days[day] != nil || domains < DMARCObservation.maximumDomains else { continue }
            var mail = self.days[day] ?? ObservedMail(record: observation.record, rows: [])
            mail.record = observation.record
            if let known = mail.rows.firstIndex(where: { $0.row == observation.row }) {
                mail.rows[known].count += 1
            } else if mail.rows.count < DMARCObservation.maximumRows {
                mail.rows.append(ObservedMail.Row(row: observation.row, count: 1))
            }
            self.days[day] = mail
        }
    }

    package func observedDays(before day: Int64, limit: Int) -> [ObservedDay] {
        let days = self.days.keys.filter { $0.day < day }.sorted { ($0.day, $0.domain) < ($1.day, $1.domain) }
        return Array(days.prefix(max(0, limit)))
    }

    package func observations(of day: ObservedDay) -> ObservedMail? {
        guard var mail = self.days[day] else { return nil }
        mail.rows.sort { ($1.count, $0.row.count) < ($0.count, $1.row.count) }
        return mail
    }

    package func removeObservations(of day: ObservedDay) {
        self.days[day] = nil
    }
}
