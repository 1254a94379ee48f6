internal import MailSyntax
internal import MessageAuthentication

extension AggregateReport {
    /// Reads a report: RFC 9990 or RFC 7489 appendix C, with or without a namespace, elements in any order, unknown ones
    /// passed over.
    ///
    /// - Throws: ``ReportError``. Single records that make no sense are counted in ``skippedRecords`` instead.
    public init(parsing octets: [UInt8], limits: ReportLimits = ReportLimits()) throws(ReportError) {
        var metadata: Metadata?
        var policy: PublishedPolicy?
        var records: [Record] = []
        var skipped = 0
        var reader = XMLReader(octets, limits)
        let root = try reader.read { element throws(ReportError) in
            switch element.name {
            case "report_metadata": metadata = metadata ?? Metadata(element)
            case "policy_published": policy = policy ?? PublishedPolicy(element)
            case "record":
                guard records.count < limits.maximumRecords else {
                    throw ReportError(.tooLarge, "the report has more than \(limits.maximumRecords) records")
                }
                if let record = Record(element) { records.append(record) } else { skipped += 1 }
            default: return
            }
        }
        guard root == "feedback" else { throw ReportError(.noReport, "the XML is no aggregate report") }
        guard let metadata else {
            throw ReportError(.malformed, "the report does not say who made it, or about what time")
        }
        guard let policy else { throw ReportError(.malformed, "the report does not say which domain it is about") }
        self.init(metadata: metadata, policy: policy, records: records)
        self.skippedRecords = skipped
    }
}

/// A whole number from 0 on; nil for anything else.
private func number(_ text: String?) -> Int64? {
    guard let text, (1...15).contains(text.utf8.count), text.utf8.allSatisfy(ASCII.isDigit) else { return nil }
    return Int64(text)
}

/// A name as domains are compared: lower case, without the last dot. No control or space may be in it.
private func domainName(_ text: String?) -> String? {
    guard let text, !text.isEmpty, text.utf8.count <= 255, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else { return nil }
    let lowercased = ASCII.lowercased(text)
    return lowercased.hasSuffix(".") ? String(lowercased.dropLast()) : lowercased
}

extension AggregateReport.Metadata {
    init?(_ element: XMLElement) {
        guard let range = element.first("date_range"), let begin = number(range.text("begin")),
            let end = number(range.text("end")), begin <= end
        else { return nil }
        let email = element.text("email") ?? ""
        // A report without a name or a number can still be told from others by what it has.
        guard let organization = element.text("org_name") ?? element.text("email") else { return nil }
        self.init(
            organization: organization,
            email: email,
            identifier: element.text("report_id") ?? "\(organization) \(begin)-\(end)",
            begin: begin,
            end: end
        )
        self.extraContact = element.text("extra_contact_info")
        self.errors = element.all("error").map(\.text).filter { !$0.isEmpty }
    }
}

extension AggregateReport.PublishedPolicy {
    init?(_ element: XMLElement) {
        guard let domain = domainName(element.text("domain")) else { return nil }
        func policy(_ name: String) -> DMARC.Policy? {
            element.text(name).flatMap { DMARC.Policy(rawValue: ASCII.lowercased($0)) }
        }
        func mode(_ name: String) -> DMARC.AlignmentMode? {
            element.text(name).flatMap { DMARC.AlignmentMode(rawValue: String(ASCII.lowercased($0).prefix(1))) }
        }
        self.init(domain: domain, policy: policy("p"))
        self.subdomainPolicy = policy("sp")
        self.nonexistentPolicy = policy("np")
        self.dkimAlignment = mode("adkim")
        self.spfAlignment = mode("aspf")
        self.isTesting = element.text("testing").map { ASCII.lowercased($0) == "y" }
        self.failureOptions = element.text("fo")
        self.discoveryMethod = element.text("discovery_method")
    }
}

extension AggregateReport.Record {
    init?(_ element: XMLElement) {
        guard let row = element.first("row"), let source = row.text("source_ip").flatMap({ IPAddress($0) }),
            let count = number(row.text("count")), count > 0
        else { return nil }
        let evaluated = row.first("policy_evaluated")
        func passes(_ name: String) -> Bool { evaluated?.text(name).map { ASCII.lowercased($0) } == "pass" }
        let identifiers = element.first("identifiers") ?? element.first("identities")
        self.init(
            source: source.unmapped,
            count: Int(count),
            disposition: (evaluated?.text("disposition")).flatMap { .init(rawValue: ASCII.lowercased($0)) }
                ?? .none,
            isDKIMAligned: passes("dkim"),
            isSPFAligned: passes("spf"),
            headerFrom: domainName(identifiers?.text("header_from")) ?? ""
        )
        self.reasons = (evaluated?.all("reason") ?? []).compactMap { reason in
            reason.text("type").map { .init(type: ASCII.lowercased($0), comment: reason.text("comment")) }
        }
        self.envelopeFrom = domainName(identifiers?.text("envelope_from"))
        self.envelopeTo = domainName(identifiers?.text("envelope_to"))
        // Some reporters write one auth_results for each check.
        let results = element.all("auth_results").flatMap(\.children)
        self.dkim = results.filter { $0.name == "dkim" }.compactMap { result in
            guard let name = domainName(result.text("domain")), let code = result.text("result") else { return nil }
            return .init(domain: name, selector: domainName(result.text("selector")), result: ASCII.lowercased(code))
        }
        self.spf = results.filter { $0.name == "spf" }.compactMap { result in
            guard let name = domainName(result.text("domain")), let code = result.text("result") else { return nil }
            return .init(
                domain: name,
                scope: result.text("scope").map { ASCII.lowercased($0) },
                result: ASCII.lowercased(code)
            )
        }
    }
}
