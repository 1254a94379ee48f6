/// What one sender saw of the TLS of a domain's mail servers (RFC 8460).
public struct TLSReport: Hashable, Sendable {
    /// The reporting organization's name.
    public var organization: String
    /// Whom to write to about the report.
    public var contact: String?
    /// What makes the report unique among those of the organization.
    public var identifier: String
    /// Seconds since 1970.
    public var begin: Int64
    /// Seconds since 1970.
    public var end: Int64
    /// One for each policy that was applied.
    public var policies: [PolicyResult]

    /// The sessions under one policy.
    public struct PolicyResult: Hashable, Sendable {
        /// `sts`, `tlsa` or `no-policy-found`.
        public var type: String
        /// The recipients' domain, in lower case.
        public var domain: String
        /// The lines of the policy.
        public var lines: [String]
        /// The mail servers that the policy names.
        public var mailExchangers: [String]
        /// Sessions with TLS as the policy wants it.
        public var successes: Int
        /// Sessions without.
        public var failures: Int
        /// Why.
        public var details: [Failure]
    }

    /// Sessions that failed in one way.
    public struct Failure: Hashable, Sendable {
        /// Such as `certificate-expired` (RFC 8460 §4.3).
        public var type: String
        /// How many.
        public var count: Int
        /// The sender's address.
        public var sender: String?
        /// The mail server.
        public var mailExchanger: String?
        /// The mail server's address.
        public var receiver: String?
        /// The sender's word for it.
        public var reason: String?
        /// More about it, often a URI.
        public var information: String?
    }
}

extension TLSReport {
    /// Reads a report.
    ///
    /// - Throws: ``ReportError``.
    public init(parsing octets: [UInt8], limits: ReportLimits = ReportLimits()) throws(ReportError) {
        let json = try JSONValue(octets, limits)
        guard let policies = json["policies"]?.elements else {
            throw ReportError(.noReport, "the JSON is no TLS report")
        }
        let range = json["date-range"]
        guard let begin = range?["start-datetime"]?.string.flatMap(InternetDate.seconds),
            let end = range?["end-datetime"]?.string.flatMap(InternetDate.seconds), begin <= end,
            let organization = json["organization-name"]?.string ?? json["contact-info"]?.string
        else { throw ReportError(.malformed, "the report does not say who made it, or about what time") }
        self.organization = organization
        self.contact = json["contact-info"]?.string
        self.identifier = json["report-id"]?.string ?? "\(organization) \(begin)-\(end)"
        self.begin = begin
        self.end = end
        self.policies = []
        var details = 0
        for policy in policies {
            guard let result = PolicyResult(policy) else { continue }
            details += 1 + result.details.count
            guard details <= limits.maximumRecords else {
                throw ReportError(.tooLarge, "the report has more than \(limits.maximumRecords) failures")
            }
            self.policies.append(result)
        }
        guard !self.policies.isEmpty else {
            throw ReportError(.malformed, "the report does not say which domain it is about")
        }
    }
}

extension TLSReport.PolicyResult {
    init?(_ json: JSONValue) {
        let policy = json["policy"]
        guard let domain = policy?["policy-domain"]?.string, domain.utf8.count <= 255,
            domain.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return nil }
        self.type = policy?["policy-type"]?.string ?? "no-policy-found"
        self.domain = domain.lowercased()
        self.lines = (policy?["policy-string"]?.elements ?? []).compactMap(\.string)
        self.mailExchangers = (policy?["mx-host"]?.elements ?? []).compactMap(\.string)
        let summary = json["summary"]
        self.successes = summary?["total-successful-session-count"]?.count ?? 0
        self.failures = summary?["total-failure-session-count"]?.count ?? 0
        self.details = (json["failure-details"]?.elements ?? []).compactMap { TLSReport.Failure($0) }
    }
}

extension TLSReport.Failure {
    init?(_ json: JSONValue) {
        guard let type = json["result-type"]?.string else { return nil }
        self.type = type
        self.count = json["failed-session-count"]?.count ?? 1
        self.sender = json["sending-mta-ip"]?.string
        self.mailExchanger = json["receiving-mx-hostname"]?.string ?? json["receiving-mx-helo"]?.string
        self.receiver = json["receiving-ip"]?.string
        self.reason = json["failure-reason-code"]?.string
        self.information = json["additional-information"]?.string
    }
}
