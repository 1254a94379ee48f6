package import GatepostModel
internal import MailSyntax

/// What DMARC aggregate reports say of a domain, for people and programs.
package struct AggregateReportsReport: Codable, Sendable, Hashable {
    package struct Day: Codable, Sendable, Hashable {
        /// `2026-11-24`, in UTC.
        package var day: String
        package var passing: Int
        package var failing: Int
    }

    package struct Source: Codable, Sendable, Hashable {
        package var address: String
        package var messages: Int
        package var passing: Int
        package var failing: Int
        package var dkimAligned: Int
        package var spfAligned: Int
        package var quarantined: Int
        package var rejected: Int
        package var reporters: [String]
        /// Author domains.
        package var authors: [String]
        /// Why most of what fails does so, as it seems; nil when nothing fails.
        package var cause: String?
        package var advice: String?
    }

    package var domain: String
    /// RFC 3339.
    package var since: String
    package var reports: Int
    package var reporters: [String]
    package var messages: Int
    package var passing: Int
    package var failing: Int
    /// The policy in the newest report.
    package var policy: String?
    /// What to do next about the policy.
    package var advice: String?
    package var days: [Day]
    /// Those with most failing messages first.
    package var sources: [Source]
    /// Of sources that are not listed.
    package var otherMessages: Int
    /// Kept reports that could not be read any more, or were more than are read at once.
    package var unread: Int
}

/// What TLS reports say of a domain's mail servers.
package struct TLSReportsReport: Codable, Sendable, Hashable {
    package struct Failure: Codable, Sendable, Hashable {
        package var type: String
        package var mailExchanger: String
        package var policy: String
        package var sessions: Int
        package var reporters: [String]
        package var reason: String?
        package var advice: String
    }

    package var domain: String
    package var since: String
    package var reports: Int
    package var successes: Int
    package var failures: Int
    package var causes: [Failure]
    /// Failures that no report tells more of.
    package var otherFailures: Int
    package var unread: Int
}

/// A ``StoredReport`` for the control socket.
package struct ReportRecord: Codable, Sendable, Hashable {
    package var kind: ReportKind
    package var domain: String
    package var organization: String
    package var identifier: String
    package var begin: Timestamp
    package var end: Timestamp
    package var received: Timestamp
    /// In base64.
    private var content: String

    package init(_ report: StoredReport) {
        self.kind = report.kind
        self.domain = report.domain
        self.organization = report.organization
        self.identifier = report.identifier
        self.begin = report.begin
        self.end = report.end
        self.received = report.received
        self.content = Base64.encodeToString(report.content)
    }

    /// nil when it cannot be read.
    package var report: StoredReport? {
        guard let content = Base64.decode(self.content) else { return nil }
        return StoredReport(
            kind: self.kind,
            domain: self.domain,
            organization: self.organization,
            identifier: self.identifier,
            begin: self.begin,
            end: self.end,
            received: self.received,
            content: content
        )
    }

    /// Larger ones do not fit into a request.
    package static let maximumContentOctets = 700_000
    package var fits: Bool { self.content.utf8.count <= 4 * (Self.maximumContentOctets / 3) }
}
