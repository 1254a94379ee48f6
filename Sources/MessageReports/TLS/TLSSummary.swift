internal import MailSyntax

/// What many reports say of the TLS of one domain's mail servers.
public struct TLSSummary: Hashable, Sendable {
    /// The recipients' domain.
    public let domain: String
    /// Sessions with TLS as the policy wants it.
    public private(set) var successes = 0
    /// Sessions without.
    public private(set) var failures = 0
    /// How many reports were added.
    public private(set) var reports = 0
    /// By what failed where.
    public private(set) var causes: [Key: Failure] = [:]
    /// Failures of kinds beyond ``maximumKinds``, and such as no report tells more of.
    public private(set) var otherFailures = 0

    /// So many kinds of failures are told apart.
    public static let maximumKinds = 1_000

    /// What failed where.
    public struct Key: Hashable, Sendable {
        /// Such as `certificate-expired`.
        public var type: String
        /// The mail server; empty when the report does not say.
        public var mailExchanger: String
        /// The kind of policy: `sts`, `tlsa` or `no-policy-found`.
        public var policy: String
    }

    /// Failures of one kind.
    public struct Failure: Hashable, Sendable {
        /// How many sessions.
        public var count = 0
        /// Who reported them, up to eight.
        public var reporters: Set<String> = []
        /// The reporter's word for it, as the last one had it.
        public var reason: String?
    }

    /// A summary of nothing yet.
    public init(domain: String) {
        self.domain = ASCII.lowercased(domain)
    }

    /// Adds what a report says of the domain.
    public mutating func add(_ report: TLSReport) {
        let policies = report.policies.filter { $0.domain == self.domain }
        guard !policies.isEmpty else { return }
        self.reports += 1
        let limit = 1_000_000_000
        for policy in policies {
            self.successes += min(policy.successes, limit)
            let failures = min(policy.failures, limit)
            self.failures += failures
            var told = 0
            for detail in policy.details {
                let key = Key(type: detail.type, mailExchanger: detail.mailExchanger ?? "", policy: policy.type)
                let count = min(detail.count, max(0, failures - told))
                guard count > 0, self.causes[key] != nil || self.causes.count < Self.maximumKinds else { continue }
                told += count
                var failure = self.causes[key] ?? Failure()
                failure.count += count
                if failure.reporters.count < 8 { failure.reporters.insert(report.organization) }
                failure.reason = detail.reason ?? failure.reason
                self.causes[key] = failure
            }
            self.otherFailures += failures - told
        }
    }

    /// Failures, the most frequent first.
    public var orderedCauses: [(key: Key, failure: Failure)] {
        self.causes.map { ($0.key, $0.value) }.sorted {
            ($1.1.count, $0.0.type, $0.0.mailExchanger, $0.0.policy)
                < ($0.1.count, $1.0.type, $1.0.mailExchanger, $1.0.policy)
        }
    }
}

extension TLSSummary.Key {
    /// What the failure means and what to do about it (RFC 8460 §4.3).
    public var advice: String {
        switch self.type {
        case "starttls-not-supported":
            "The server did not offer STARTTLS. Look whether something between filters it, and at the certificate."
        case "certificate-host-mismatch":
            "The certificate is not for this name: add the MX name to it."
        case "certificate-expired":
            "The certificate had expired: see that it is renewed and read again."
        case "certificate-not-trusted":
            "The chain does not lead to an authority that senders trust: send the intermediate certificates too."
        case "validation-failure":
            "The TLS session failed for another reason, which the reporter may name."
        case "tlsa-invalid":
            "No TLSA record fits the certificate: publish the new record before a new key is used."
        case "dnssec-invalid":
            "The records failed DNSSEC validation: see that the zone is signed anew in time."
        case "dane-required":
            "The sender wants DANE and found no usable TLSA records."
        case "sts-policy-fetch-error":
            "The MTA-STS policy could not be fetched: see https://mta-sts.DOMAIN/.well-known/mta-sts.txt."
        case "sts-policy-invalid":
            "The MTA-STS policy cannot be read."
        case "sts-webpki-invalid":
            "The certificate of the host that serves the MTA-STS policy is not trusted."
        default:
            "A kind of failure that RFC 8460 does not have."
        }
    }
}
