public import DNS
public import MailSyntax

extension SPF {
    /// The answer to a request, and why.
    public struct Verdict: Hashable, Sendable {
        /// One term on the way to the answer.
        public struct Step: Hashable, Sendable, CustomStringConvertible {
            /// Whose record has the term.
            public var domain: String
            /// The term as the record has it, `include:_spf.example.net`.
            public var term: String

            /// The term and whose it is.
            public var description: String { "\(self.term) of \(self.domain)" }
        }

        /// What was asked.
        public var request: Request
        /// The answer.
        public var result: Result
        /// The terms that led to it, the outermost first: `include` and `redirect` lead into the next one's record; the
        /// last matched, or had the problem. Empty when no term matched.
        public var path: [Step] = []
        /// Why there is no better answer; set for `none`, `temperror` and `permerror` only.
        public var problem: Problem?
        /// What the domain wishes its senders to be told on `fail` (RFC 7208 §6.2): printable ASCII, a stranger's text.
        public var explanation: String?
        /// How many terms asked DNS, of the ten allowed.
        public var lookups = 0
        /// How many of them had no answer, of the two allowed.
        public var voidLookups = 0
        /// How many questions went to the resolver.
        public var queries = 0

        /// The domain whose record has the term that decided; the domain asked about when there is none.
        public var decidingDomain: String { self.path.last?.domain ?? self.request.domain }
        /// The term that decided.
        public var decidingTerm: String? { self.path.last?.term }
        /// The domain that DMARC may compare with the author's: that of a passed MAIL FROM identity.
        public var authenticatedDomain: String? {
            self.result == .pass && self.request.identity == .mailFrom ? self.request.domain : nil
        }
    }

    /// Why a check has no better answer.
    public enum Problem: Hashable, Sendable {
        /// What was asked about is no domain name of two labels.
        case malformedDomain
        /// The domain does not exist.
        case noSuchDomain(String)
        /// The domain has no SPF record.
        case noRecord(String)
        /// The domain has several SPF records (RFC 7208 §4.5).
        case severalRecords(String)
        /// The record has more octets than ``Limits/maximumRecordOctets``.
        case recordTooLong(String)
        /// The record cannot be read.
        case syntax(SyntaxError)
        /// `include` or `redirect` names a domain without a record (RFC 7208 §5.2, §6.1).
        case noPolicy(String)
        /// The records ask more than ``Limits/maximumLookups`` times.
        case tooManyLookups
        /// More than ``Limits/maximumVoidLookups`` terms got no answer.
        case tooManyVoidLookups
        /// A domain has more mail exchanges than ``Limits/maximumNames``.
        case tooManyMailExchanges(String)
        /// DNS did not answer.
        case dns(name: String, type: RecordType, error: DNSError)
    }
}

extension SPF.Problem: CustomStringConvertible {
    /// The problem in words.
    public var description: String {
        switch self {
        case .malformedDomain: "not a domain name"
        case .noSuchDomain(let domain): "\(domain) does not exist"
        case .noRecord(let domain): "\(domain) has no SPF record"
        case .severalRecords(let domain): "\(domain) has several SPF records"
        case .recordTooLong(let domain): "the SPF record of \(domain) is too long"
        case .syntax(let error): error.description
        case .noPolicy(let domain): "\(domain) has no SPF record to take over"
        case .tooManyLookups: "the records need more DNS look-ups than are allowed"
        case .tooManyVoidLookups: "too many DNS look-ups find nothing"
        case .tooManyMailExchanges(let domain): "\(domain) has too many mail exchanges"
        case .dns(let name, let type, let error): "\(type) of \(name): \(error)"
        }
    }
}

extension SPF.Verdict: CustomStringConvertible {
    /// The answer and its reason in one line for people.
    public var description: String {
        var text = "\(self.result.rawValue): "
        let way = self.path.map(\.description).joined(separator: ", ")
        if let problem = self.problem {
            text += problem.description
            if !way.isEmpty { text += " (at \(way))" }
        } else if way.isEmpty {
            text += "no term of \(self.request.domain) matches \(self.request.clientAddress)"
        } else if self.path.last?.isRedirect == true {
            text += "no term matches \(self.request.clientAddress), by \(way)"
        } else {
            text += "\(self.request.clientAddress) matches \(way)"
        }
        return text
    }
}

extension SPF.Verdict.Step {
    /// Whether the term hands over to another record rather than matching.
    var isRedirect: Bool { ASCII.equalIgnoringCase(self.term.utf8.prefix(9), "redirect=".utf8) }
}

extension SPF.Verdict {
    /// The verdict for an Authentication-Results field (RFC 8601 §2.7.2).
    public var authenticationResult: AuthenticationResults.Result {
        let property =
            self.request.identity == .helo
            ? AuthenticationResults.Property(.smtp, "helo", self.request.helo)
            : AuthenticationResults.Property(.smtp, "mailfrom", self.sender)
        return AuthenticationResults.Result(
            .spf,
            self.result.rawValue,
            comment: self.reason,
            properties: [property]
        )
    }

    /// The verdict as a Received-SPF field (RFC 7208 §9.1); nil never arises from a request made of SMTP commands.
    public var receivedSPF: HeaderField? {
        var pairs = [
            ("client-ip", self.request.clientAddress.description),
            ("envelope-from", self.sender),
            ("helo", self.request.helo),
            ("identity", self.request.identity.rawValue),
            ("receiver", self.request.receiver),
        ]
        if let term = self.decidingTerm { pairs.append(("mechanism", term)) }
        if let problem { pairs.append(("problem", problem.description)) }
        let list = pairs.map { "\($0.0)=\(HeaderText.dotAtomOrQuoted($0.1))" }.joined(separator: "; ")
        let comment = HeaderText.comment("\(self.request.receiver): \(self.reason)")
        return HeaderField(name: "Received-SPF", value: "\(self.result.rawValue) \(comment) \(list)")
    }

    /// The description without the result in front.
    private var reason: String { String(self.description.dropFirst(self.result.rawValue.count + 2)) }

    private var sender: String {
        Mailbox(localPart: self.request.localPart, domain: .name(self.request.domain)).description
    }
}
