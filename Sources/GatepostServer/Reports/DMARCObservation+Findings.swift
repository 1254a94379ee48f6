package import GatepostModel
package import MailSyntax
package import MessageAuthentication
package import MessageReports

extension DMARCObservation {
    /// What a report says of a received message.
    ///
    /// - Parameters:
    ///   - dmarc: The verdict.
    ///   - dkim: Signatures; passing ones are told first.
    ///   - spf: The check of MAIL FROM, or of HELO where there was none.
    ///   - source: The client.
    ///   - disposition: What was done with the message.
    ///   - reason: Why that is not what the policy asks for; nil when it is.
    /// - Returns: nil when nobody asks for reports about it.
    package init?(
        _ dmarc: DMARC.Verdict,
        dkim: DKIM.Results,
        spf: SPF.Verdict?,
        source: IPAddress,
        disposition: AggregateReport.Disposition,
        reason: AggregateReport.Reason? = nil,
        now: Timestamp
    ) {
        guard let author = dmarc.author.domain, let domain = dmarc.policyDomain, let record = dmarc.record,
            record.aggregateReports.contains(where: { $0.mailbox != nil }), dmarc.result != .temperror
        else { return nil }
        func isAligned(_ method: DMARC.Identifier.Method) -> Bool {
            dmarc.passing.contains { $0.method == method }
        }
        var row = AggregateReport.Record(
            source: source.unmapped,
            count: 1,
            disposition: disposition,
            isDKIMAligned: isAligned(.dkim),
            isSPFAligned: isAligned(.spf),
            headerFrom: author
        )
        if let reason { row.reasons = [reason] }
        let signatures = dkim.verdicts.filter(\.passes) + dkim.verdicts.filter { !$0.passes }
        row.dkim = signatures.prefix(Self.maximumSignatures).compactMap { verdict in
            guard let domain = verdict.domain, let selector = verdict.selector else { return nil }
            return .init(domain: domain, selector: selector, result: verdict.result.rawValue)
        }
        if let spf {
            let isMailFrom = spf.request.identity == .mailFrom
            row.spf = [
                .init(domain: spf.request.domain, scope: isMailFrom ? "mfrom" : "helo", result: spf.result.rawValue)
            ]
            if isMailFrom { row.envelopeFrom = spf.request.domain }
        }
        self.init(
            domain: domain,
            day: now.secondsSince1970 / 86_400,
            record: record.description,
            row: row.xml
        )
    }

    /// RFC 9990 allows a hundred; a message with more than a few is trying something.
    private static let maximumSignatures = 10
}
