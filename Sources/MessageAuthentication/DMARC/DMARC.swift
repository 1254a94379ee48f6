public import DNS

/// Domain-based Message Authentication, Reporting and Conformance (RFC 9989): does what SPF and DKIM proved belong to the
/// domain that the reader sees in From?
///
/// ``check(_:identifiers:resolver:clock:limits:)`` finds the author domain's policy by walking up the DNS tree and compares.
/// No list of public suffixes is used. Records written for RFC 7489 are read: its `pct`, `rf` and `ri` change nothing any
/// more.
public enum DMARC {
    /// The answer (RFC 9989, results for Authentication-Results).
    public enum Result: String, Hashable, Sendable, CaseIterable {
        /// The author domain has no policy.
        case none
        /// An aligned identifier passed.
        case pass
        /// None did.
        case fail
        /// DNS gave no answer in time. Never taken for a pass.
        case temperror
        /// The message has no author domain that could be asked about.
        case permerror
    }

    /// What a domain asks receivers to do with mail that fails.
    public enum Policy: String, Hashable, Sendable, CaseIterable {
        /// Nothing.
        case none
        /// To treat it with suspicion.
        case quarantine
        /// To refuse it.
        case reject

        /// One step less, which is what is asked for while a domain tests (`t=y`, RFC 9989 §4.7).
        public var lowered: Policy { self == .reject ? .quarantine : .none }
    }

    /// How close an identifier must be to the author domain (RFC 9989 §3.2.10).
    public enum AlignmentMode: String, Hashable, Sendable {
        /// The same organizational domain.
        case relaxed = "r"
        /// The same domain.
        case strict = "s"
    }

    /// A domain that SPF or DKIM spoke about.
    public struct Identifier: Hashable, Sendable {
        /// Who spoke.
        public enum Method: String, Hashable, Sendable {
            /// The `d=` domain of a signature.
            case dkim
            /// The domain of the MAIL FROM identity.
            case spf
        }

        /// What was said.
        public enum Outcome: Hashable, Sendable {
            /// It is proved.
            case pass
            /// It may be proved later.
            case temporaryError
            /// It is not proved.
            case fail
        }

        /// Who spoke.
        public var method: Method
        /// The domain, in A-labels.
        public var domain: String
        /// What was said.
        public var outcome: Outcome

        /// Creates an identifier.
        public init(_ method: Method, domain: String, outcome: Outcome = .pass) {
            self.method = method
            self.domain = domain
            self.outcome = outcome
        }

        /// The identifier of an SPF verdict; nil for the HELO identity, which does not count (RFC 9989 §4.4.2).
        public init?(_ verdict: SPF.Verdict) {
            guard verdict.request.identity == .mailFrom else { return nil }
            let outcome: Outcome =
                switch verdict.result {
                case .pass: .pass
                case .temperror: .temporaryError
                case .none, .neutral, .fail, .softfail, .permerror: .fail
                }
            self.init(.spf, domain: verdict.request.domain, outcome: outcome)
        }
    }

    /// How much one check may cost.
    public struct Limits: Hashable, Sendable {
        /// The most names of one walk up the tree (RFC 9989 §4.10).
        public var maximumWalk = 8
        /// The most identifiers that are looked at, those of the author's own domain first.
        public var maximumIdentifiers = 20
        /// The most octets of a record.
        public var maximumRecordOctets = 8192
        /// How long the whole check may take.
        public var time = Duration.seconds(20)

        /// The usual limits.
        public init() {}
    }

    /// Judges a message.
    ///
    /// - Parameters:
    ///   - author: The author domain, in A-labels, or why there is none: ``Author/init(of:alabels:)``.
    ///   - identifiers: What SPF and DKIM said, passed or not.
    ///   - resolver: Who is asked. Its temporary failures become `temperror`, unless the message passes without the answer.
    ///   - clock: Measures ``Limits/time``.
    public static func check(
        _ author: Author,
        identifiers: [Identifier],
        resolver: any Resolver,
        clock: some Clock<Duration>,
        limits: Limits = Limits()
    ) async -> Verdict {
        var evaluation = Evaluation(resolver: resolver.limited(to: limits.time, clock: clock), limits: limits)
        return await evaluation.verdict(author, identifiers)
    }

    /// Finds the policy of a domain as a receiver would, without a message.
    public static func discover(
        _ domain: String,
        resolver: any Resolver,
        clock: some Clock<Duration>,
        limits: Limits = Limits()
    ) async -> Verdict {
        await self.check(.domain(domain), identifiers: [], resolver: resolver, clock: clock, limits: limits)
    }
}
