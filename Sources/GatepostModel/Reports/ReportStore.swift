/// What a report is about.
package enum ReportKind: String, Sendable, Hashable, CaseIterable, Codable {
    /// How mail from a domain was judged (RFC 9990).
    case aggregate
    /// How TLS to a domain's servers went (RFC 8460).
    case tls
}

/// A report as it is kept.
package struct StoredReport: Sendable, Hashable {
    package var kind: ReportKind
    /// Which domain it is about; lower case.
    package var domain: String
    /// Who reports.
    package var organization: String
    /// Unique among those of the organization.
    package var identifier: String
    /// The time that it is about.
    package var begin: Timestamp
    package var end: Timestamp
    package var received: Timestamp
    /// The document, compressed by gzip.
    package var content: [UInt8]

    package init(
        kind: ReportKind,
        domain: String,
        organization: String,
        identifier: String,
        begin: Timestamp,
        end: Timestamp,
        received: Timestamp,
        content: [UInt8]
    ) {
        self.kind = kind
        self.domain = domain
        self.organization = organization
        self.identifier = identifier
        self.begin = begin
        self.end = end
        self.received = received
        self.content = content
    }
}

/// What became of a report that was to be kept.
package enum ReportAddition: String, Sendable, Hashable, Codable {
    case added
    /// The organization sent it before.
    case duplicate
    /// The domain has as many reports as are kept.
    case full
}

/// Received reports, and what was seen of others' mail and is to be reported to them. Calls throw ``StoreError``.
package protocol ReportStore: Sendable {
    /// Keeps a report once: organization and identifier tell two of them apart.
    func add(_ report: StoredReport) async throws -> ReportAddition
    /// Reports about a domain that end at `since` or later, in order of their beginning.
    /// - Parameter skip: How many to pass over, for pages.
    func reports(
        _ kind: ReportKind,
        of domain: String,
        since: Timestamp,
        skip: Int,
        limit: Int
    ) async throws -> [StoredReport]
    /// Drops reports that end before `end`, and observations of days before its day.
    func expireReports(before end: Timestamp) async throws

    /// Counts messages. Observations of a domain and day beyond ``DMARCObservation/maximumRows`` different ones are dropped.
    func observe(_ observations: [DMARCObservation]) async throws
    /// The domains and days that messages were counted of, days before `day` only, oldest first.
    func observedDays(before day: Int64, limit: Int) async throws -> [ObservedDay]
    /// What was counted; nil when there is nothing.
    func observations(of day: ObservedDay) async throws -> ObservedMail?
    func removeObservations(of day: ObservedDay) async throws
}

extension StoredReport {
    /// The most reports that are kept of one kind about one domain: whoever knows the address may send some.
    package static let maximumPerDomain = 20_000
}
