public import MailSyntax
public import MessageAuthentication

/// What one receiver saw of the mail that claimed to be from a domain (RFC 9990, before that RFC 7489 §7.2).
public struct AggregateReport: Hashable, Sendable {
    /// Who reports, and about when.
    public var metadata: Metadata
    /// The policy that the reporter found.
    public var policy: PublishedPolicy
    /// One for each combination of source, outcome and identifiers.
    public var records: [Record]
    /// How many records could not be used, since they had no source address or no count.
    public var skippedRecords = 0

    /// Creates a report.
    public init(metadata: Metadata, policy: PublishedPolicy, records: [Record]) {
        self.metadata = metadata
        self.policy = policy
        self.records = records
    }

    /// Who reports, and about when.
    public struct Metadata: Hashable, Sendable {
        /// The reporting organization's name.
        public var organization: String
        /// Whom to write to about the report.
        public var email: String
        /// More about whom to reach.
        public var extraContact: String?
        /// What makes the report unique among those of the organization.
        public var identifier: String
        /// Seconds since 1970.
        public var begin: Int64
        /// Seconds since 1970.
        public var end: Int64
        /// What the reporter found wrong with the policy.
        public var errors: [String] = []

        /// Creates metadata.
        public init(organization: String, email: String, identifier: String, begin: Int64, end: Int64) {
            self.organization = organization
            self.email = email
            self.identifier = identifier
            self.begin = begin
            self.end = end
        }
    }

    /// The policy as the reporter found it.
    public struct PublishedPolicy: Hashable, Sendable {
        /// Where the record stands, in lower case.
        public var domain: String
        /// `p`; nil when the reporter wrote none that is known.
        public var policy: DMARC.Policy?
        /// `sp`.
        public var subdomainPolicy: DMARC.Policy?
        /// `np`.
        public var nonexistentPolicy: DMARC.Policy?
        /// `adkim`.
        public var dkimAlignment: DMARC.AlignmentMode?
        /// `aspf`.
        public var spfAlignment: DMARC.AlignmentMode?
        /// `t`.
        public var isTesting: Bool?
        /// `fo`.
        public var failureOptions: String?
        /// How it was found: `psl` or `treewalk`.
        public var discoveryMethod: String?

        /// Creates a policy.
        public init(domain: String, policy: DMARC.Policy?) {
            self.domain = domain
            self.policy = policy
        }

        /// What a report says of a record that was found at a domain by the tree walk of RFC 9989.
        public init(domain: String, record: DMARC.Record) {
            self.init(domain: domain, policy: record.policy ?? DMARC.Policy.none)
            self.subdomainPolicy = record.subdomainPolicy
            self.nonexistentPolicy = record.nonexistentPolicy
            self.dkimAlignment = record.dkimAlignment
            self.spfAlignment = record.spfAlignment
            self.isTesting = record.isTesting
            self.failureOptions = record.failureOptions
            self.discoveryMethod = "treewalk"
        }
    }

    /// What was done with the messages.
    public enum Disposition: String, Hashable, Sendable, CaseIterable {
        /// Nothing.
        case none
        /// Nothing, since they passed.
        case pass
        /// They were put aside.
        case quarantine
        /// They were refused.
        case reject
    }

    /// Messages of one source with one outcome.
    public struct Record: Hashable, Sendable {
        /// Where they came from.
        public var source: IPAddress
        /// How many they are.
        public var count: Int
        /// What was done with them.
        public var disposition: Disposition
        /// Whether an aligned signature passed.
        public var isDKIMAligned: Bool
        /// Whether SPF passed for an aligned domain.
        public var isSPFAligned: Bool
        /// Why something else was done than the policy asks for.
        public var reasons: [Reason] = []
        /// The author domain.
        public var headerFrom: String
        /// The MAIL FROM domain; nil when the report has none.
        public var envelopeFrom: String?
        /// The recipients' domain; nil when the report has none.
        public var envelopeTo: String?
        /// The signatures.
        public var dkim: [DKIMResult] = []
        /// The SPF checks.
        public var spf: [SPFResult] = []

        /// Creates a record.
        public init(
            source: IPAddress,
            count: Int,
            disposition: Disposition,
            isDKIMAligned: Bool,
            isSPFAligned: Bool,
            headerFrom: String
        ) {
            self.source = source
            self.count = count
            self.disposition = disposition
            self.isDKIMAligned = isDKIMAligned
            self.isSPFAligned = isSPFAligned
            self.headerFrom = headerFrom
        }

        /// Whether DMARC passed.
        public var passes: Bool { self.isDKIMAligned || self.isSPFAligned }
    }

    /// Why a receiver did something else.
    public struct Reason: Hashable, Sendable {
        /// Such as `local_policy`, `mailing_list`, `trusted_forwarder`, `policy_test_mode`, `other`; of RFC 7489 also
        /// `forwarded` and `sampled_out`.
        public var type: String
        /// More about it.
        public var comment: String?

        /// Creates a reason.
        public init(type: String, comment: String? = nil) {
            self.type = type
            self.comment = comment
        }
    }

    /// One signature.
    public struct DKIMResult: Hashable, Sendable {
        /// The domain that signed.
        public var domain: String
        /// Its selector; reports of old leave it out.
        public var selector: String?
        /// As in Authentication-Results.
        public var result: String

        /// Creates a result.
        public init(domain: String, selector: String?, result: String) {
            self.domain = domain
            self.selector = selector
            self.result = result
        }
    }

    /// One SPF check.
    public struct SPFResult: Hashable, Sendable {
        /// The domain that was checked.
        public var domain: String
        /// `mfrom` or `helo`; nil when the report does not say.
        public var scope: String?
        /// As in Authentication-Results.
        public var result: String

        /// Creates a result.
        public init(domain: String, scope: String?, result: String) {
            self.domain = domain
            self.scope = scope
            self.result = result
        }
    }
}
