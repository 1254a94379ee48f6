public import MailSyntax

/// What many reports say of one domain: how much passes, and where the rest comes from.
public struct AggregateSummary: Hashable, Sendable {
    /// The domain whose policy the reports are about.
    public let domain: String
    /// Addresses that mail of the domain's own servers comes from.
    public let ownAddresses: Set<IPAddress>
    /// Messages that passed DMARC.
    public private(set) var passing = 0
    /// Messages that did not.
    public private(set) var failing = 0
    /// By day, counted since 1970 in UTC, on which a report begins.
    public private(set) var days: [Int64: Day] = [:]
    /// By address.
    public private(set) var sources: [IPAddress: Source] = [:]
    /// Messages of sources beyond ``maximumSources``, which are not told apart.
    public private(set) var otherMessages = 0
    /// The policy of the newest report.
    public private(set) var policy: AggregateReport.PublishedPolicy?
    /// The names of the reporters, up to a hundred.
    public private(set) var reporters: Set<String> = []
    /// How many reports were added.
    public private(set) var reports = 0
    private var newest = Int64.min

    /// So many sources are told apart, those that came first.
    public static let maximumSources = 10_000
    private static let maximumNames = 8

    /// A summary of nothing yet.
    public init(domain: String, ownAddresses: Set<IPAddress> = []) {
        self.domain = ASCII.lowercased(domain)
        self.ownAddresses = Set(ownAddresses.map(\.unmapped))
    }

    /// The messages of one day.
    public struct Day: Hashable, Sendable {
        /// Those that passed.
        public var passing = 0
        /// Those that did not.
        public var failing = 0
    }

    /// The messages of one address.
    public struct Source: Hashable, Sendable {
        /// Where they came from.
        public let address: IPAddress
        /// How many.
        public var messages = 0
        /// Those with an aligned signature that passed.
        public var dkimAligned = 0
        /// Those with an aligned MAIL FROM domain that passed SPF.
        public var spfAligned = 0
        /// Those that passed DMARC, by either.
        public var passing = 0
        /// Those that were put aside.
        public var quarantined = 0
        /// Those that were refused.
        public var rejected = 0
        /// Who reported them.
        public var reporters: Set<String> = []
        /// Author domains.
        public var authors: Set<String> = []
        /// Why messages that failed did so, as it seems, with how many.
        public var causes: [Cause: Int] = [:]

        /// Those that failed DMARC.
        public var failing: Int { self.messages - self.passing }
        /// What most of the failing messages failed for.
        public var mainCause: Cause? {
            self.causes.max { ($0.value, $1.key.order) < ($1.value, $0.key.order) }?.key
        }
    }

    /// Adds a report. Reports of other domains are passed over; that each comes once is for the caller to see to.
    public mutating func add(_ report: AggregateReport) {
        guard report.policy.domain == self.domain else { return }
        self.reports += 1
        let reporter = report.metadata.organization
        if self.reporters.count < 100 { self.reporters.insert(reporter) }
        if report.metadata.end >= self.newest { (self.newest, self.policy) = (report.metadata.end, report.policy) }
        let day = report.metadata.begin / 86_400
        for record in report.records { self.add(record, day: day, reporter: reporter) }
    }

    private mutating func add(_ record: AggregateReport.Record, day: Int64, reporter: String) {
        let count = min(record.count, 1_000_000_000)
        if record.passes {
            self.passing += count
            self.days[day, default: Day()].passing += count
        } else {
            self.failing += count
            self.days[day, default: Day()].failing += count
        }
        guard self.sources[record.source] != nil || self.sources.count < Self.maximumSources else {
            self.otherMessages += count
            return
        }
        var source = self.sources[record.source] ?? Source(address: record.source)
        source.messages += count
        if record.isDKIMAligned { source.dkimAligned += count }
        if record.isSPFAligned { source.spfAligned += count }
        if record.passes { source.passing += count }
        switch record.disposition {
        case .quarantine: source.quarantined += count
        case .reject: source.rejected += count
        case .none, .pass: break
        }
        if source.reporters.count < Self.maximumNames { source.reporters.insert(reporter) }
        if !record.headerFrom.isEmpty, source.authors.count < Self.maximumNames {
            source.authors.insert(record.headerFrom)
        }
        if !record.passes {
            let cause = Cause(of: record, domain: self.domain, isOwn: self.ownAddresses.contains(record.source))
            if source.causes[cause] != nil || source.causes.count < Self.maximumNames {
                source.causes[cause, default: 0] += count
            }
        }
        self.sources[record.source] = source
    }

    /// All messages.
    public var messages: Int { self.passing + self.failing }

    /// The share that passed, 0 to 1; nil without messages.
    public var passingShare: Double? {
        self.messages > 0 ? Double(self.passing) / Double(self.messages) : nil
    }

    /// Sources in the order in which they matter: most failing messages first, then most messages.
    public var orderedSources: [Source] {
        self.sources.values.sorted {
            ($1.failing, $1.messages, $0.address) < ($0.failing, $0.messages, $1.address)
        }
    }
}
