extension DMARC {
    /// The answer for a message, and why.
    public struct Verdict: Hashable, Sendable {
        /// How an identifier stands to the author domain.
        public struct Alignment: Hashable, Sendable {
            /// What SPF or DKIM said.
            public var identifier: Identifier
            /// How close it had to be.
            public var mode: AlignmentMode
            /// Whether it is that close.
            public var isAligned: Bool
        }

        /// The author domain, or why there is none.
        public var author: Author
        /// The answer.
        public var result: Result
        /// Where the record that was used stands: the author domain, its organizational domain or its public suffix.
        public var policyDomain: String?
        /// The record that was used.
        public var record: Record?
        /// The organizational domain of the author domain, where it had to be found.
        public var organizationalDomain: String?
        /// What the record asks for mail of this author domain that fails: `p`, `sp` or `np`, not lowered by `t=y`. Nil when
        /// there is no record that asks for anything.
        public var policy: Policy?
        /// Which tag says so: `p`, `sp` or `np`.
        public var policyTag: String?
        /// Each identifier, in the order given.
        public var alignments: [Alignment] = []
        /// Why there is no better answer; set for `none`, `temperror` and `permerror` only.
        public var problem: String?
        /// How many questions went to the resolver.
        public var queries = 0

        init(author: Author, result: Result) {
            self.author = author
            self.result = result
        }

        /// What the domain asks to be done with this message: its policy when the message failed, lowered by one step while
        /// the domain tests (`t=y`); nothing otherwise.
        public var requestedDisposition: Policy {
            guard self.result == .fail, let policy, let record else { return .none }
            return record.isTesting ? policy.lowered : policy
        }

        /// The identifiers that made it pass.
        public var passing: [Identifier] {
            self.alignments.filter { $0.isAligned && $0.identifier.outcome == .pass }.map(\.identifier)
        }
    }
}

extension DMARC.Verdict: CustomStringConvertible {
    /// The answer and its reason in one line for people.
    public var description: String {
        var text = "\(self.result.rawValue): "
        switch self.result {
        case .pass:
            text += self.passing.map { "\($0.method.rawValue) domain \($0.domain)" }.joined(separator: ", ")
            text += " belongs to \(self.author.domain ?? "")"
        case .fail:
            text += "no proved domain belongs to \(self.author.domain ?? "")"
            let others = self.alignments.filter { $0.identifier.outcome == .pass }.map(\.identifier.domain)
            if !others.isEmpty { text += " (proved: \(others.joined(separator: ", ")))" }
        case .none, .temperror, .permerror:
            text += self.problem ?? "no reason known"
        }
        if let policy, let policyTag, let policyDomain {
            text += "; \(policyTag)=\(policy.rawValue) of \(policyDomain)"
            if self.record?.isTesting == true { text += ", testing" }
        }
        return text
    }
}

extension DMARC.Verdict {
    /// The verdict for an Authentication-Results field (RFC 8601 §2.7.6, RFC 9989).
    public var authenticationResult: AuthenticationResults.Result {
        var properties: [AuthenticationResults.Property] = []
        if let domain = self.author.domain { properties.append(.init(.header, "from", domain)) }
        if let policy { properties.append(.init(.policy, "dmarc", policy.rawValue)) }
        let start = self.result.rawValue.count + 2
        return AuthenticationResults.Result(
            .dmarc,
            self.result.rawValue,
            comment: String(self.description.dropFirst(start)),
            properties: properties
        )
    }
}
