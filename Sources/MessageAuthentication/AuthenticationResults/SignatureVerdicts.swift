internal import MailSyntax

extension DKIM.Verdict {
    /// The verdict for an Authentication-Results field (RFC 8601 §2.7.1, RFC 6008 for `header.b`).
    public var authenticationResult: AuthenticationResults.Result {
        var properties: [AuthenticationResults.Property] = []
        if let domain { properties.append(.init(.header, "d", domain)) }
        if let selector { properties.append(.init(.header, "s", selector)) }
        if let signature {
            properties.append(.init(.header, "a", signature.algorithm.description))
            // The first eight characters tell signatures of one domain apart.
            properties.append(.init(.header, "b", Base64.encodeToString(signature.signature.prefix(6))))
        }
        var comment: [String] = []
        if let reason { comment.append(reason.description) }
        if let keyBits { comment.append("\(keyBits)-bit key") }
        if self.isTesting { comment.append("the domain tests DKIM") }
        if self.unsignedBodyOctets > 0 {
            comment.append("the last \(self.unsignedBodyOctets) octets of the body are not signed")
        }
        return AuthenticationResults.Result(
            .dkim,
            self.result.rawValue,
            comment: comment.isEmpty ? nil : comment.joined(separator: ", "),
            properties: properties
        )
    }
}

extension DKIM.Results {
    /// The verdicts for an Authentication-Results field, one each; `none` when there is no signature.
    public var authenticationResults: [AuthenticationResults.Result] {
        self.verdicts.isEmpty
            ? [AuthenticationResults.Result(.dkim, self.result.rawValue)]
            : self.verdicts.map(\.authenticationResult)
    }
}

extension ARC.Verdict {
    /// The verdict for an Authentication-Results field (RFC 8617 §10.1): who sealed, first to last, or why the chain does not
    /// pass. It is shown, and trusted by nothing here.
    public var authenticationResult: AuthenticationResults.Result {
        let sealers = self.sets.map { "i=\($0.instance) \($0.domain)" }.joined(separator: ", ")
        return AuthenticationResults.Result(
            .arc,
            self.status.rawValue,
            comment: self.reason?.description ?? (sealers.isEmpty ? nil : sealers)
        )
    }
}

extension DMARC.Identifier {
    /// The identifier of a signature; nil when the field names no domain.
    ///
    /// - Parameters:
    ///   - allowsUnsignedBody: Whether a signature counts though `l=` leaves the end of the body unsigned. Anybody
    ///     may have put anything there (RFC 6376 §8.2), so that it does not unless the caller says so.
    ///   - alabels: Writes a domain with other than ASCII letters in A-labels, nil when it cannot be.
    public init?(
        _ verdict: DKIM.Verdict,
        allowsUnsignedBody: Bool = false,
        alabels: (String) -> String? = { _ in nil }
    ) {
        guard var domain = verdict.domain else { return nil }
        if domain.utf8.contains(where: { $0 >= 0x80 }) { domain = alabels(domain) ?? domain }
        let outcome: Outcome =
            switch verdict.result {
            case .pass: verdict.unsignedBodyOctets == 0 || allowsUnsignedBody ? .pass : .fail
            case .temperror: .temporaryError
            case .none, .fail, .policy, .neutral, .permerror: .fail
            }
        self.init(.dkim, domain: domain, outcome: outcome)
    }
}
