internal import MailSyntax
internal import MessageAuthentication

extension AggregateReport {
    /// The report as an XML document of RFC 9990.
    public var xml: [UInt8] {
        var writer = XMLWriter()
        writer.open("feedback", attributes: #" xmlns="urn:ietf:params:xml:ns:dmarc-2.0""#)
        writer.element("version", "1.0")
        writer.open("report_metadata")
        writer.element("org_name", self.metadata.organization)
        writer.element("email", self.metadata.email)
        writer.element("extra_contact_info", self.metadata.extraContact)
        writer.element("report_id", self.metadata.identifier)
        writer.open("date_range")
        writer.element("begin", "\(self.metadata.begin)")
        writer.element("end", "\(self.metadata.end)")
        writer.close("date_range")
        for error in self.metadata.errors { writer.element("error", error) }
        writer.close("report_metadata")
        writer.open("policy_published")
        writer.element("domain", self.policy.domain)
        writer.element("discovery_method", self.policy.discoveryMethod)
        let policy = self.policy.policy ?? DMARC.Policy.none
        writer.element("p", policy.rawValue)
        // RFC 9990 wants it; without the tag the domain's own policy is that of names below it.
        writer.element("sp", (self.policy.subdomainPolicy ?? policy).rawValue)
        writer.element("np", self.policy.nonexistentPolicy?.rawValue)
        writer.element("adkim", self.policy.dkimAlignment?.rawValue)
        writer.element("aspf", self.policy.spfAlignment?.rawValue)
        writer.element("testing", self.policy.isTesting.map { $0 ? "y" : "n" })
        writer.element("fo", self.policy.failureOptions)
        writer.close("policy_published")
        for record in self.records { record.write(to: &writer) }
        writer.close("feedback")
        return writer.octets
    }
}

extension AggregateReport.Record {
    /// The record alone, as an XML element.
    public var xml: [UInt8] {
        var writer = XMLWriter(hasDeclaration: false)
        self.write(to: &writer)
        return writer.octets
    }

    /// Reads what ``xml`` wrote.
    public init(parsing octets: [UInt8]) throws(ReportError) {
        var found: Self?
        var reader = XMLReader(Array("<records>".utf8) + octets + Array("</records>".utf8), ReportLimits())
        _ = try reader.read { element throws(ReportError) in found = Self(element) }
        guard let found else { throw ReportError(.malformed, "it is no record") }
        self = found
    }

    fileprivate func write(to writer: inout XMLWriter) {
        writer.open("record")
        writer.open("row")
        writer.element("source_ip", self.source.description)
        writer.element("count", "\(self.count)")
        writer.open("policy_evaluated")
        writer.element("disposition", self.disposition.rawValue)
        writer.element("dkim", self.isDKIMAligned ? "pass" : "fail")
        writer.element("spf", self.isSPFAligned ? "pass" : "fail")
        for reason in self.reasons {
            writer.open("reason")
            writer.element("type", reason.type)
            writer.element("comment", reason.comment)
            writer.close("reason")
        }
        writer.close("policy_evaluated")
        writer.close("row")
        writer.open("identifiers")
        writer.element("header_from", self.headerFrom)
        writer.element("envelope_from", self.envelopeFrom)
        writer.element("envelope_to", self.envelopeTo)
        writer.close("identifiers")
        writer.open("auth_results")
        for result in self.dkim {
            writer.open("dkim")
            writer.element("domain", result.domain)
            writer.element("selector", result.selector)
            writer.element("result", result.result)
            writer.close("dkim")
        }
        for result in self.spf {
            writer.open("spf")
            writer.element("domain", result.domain)
            writer.element("scope", result.scope)
            writer.element("result", result.result)
            writer.close("spf")
        }
        writer.close("auth_results")
        writer.close("record")
    }
}

/// Writes elements, each on a line of its own.
private struct XMLWriter {
    private(set) var octets: [UInt8] = []
    private var depth = 0

    init(hasDeclaration: Bool = true) {
        if hasDeclaration { self.line(#"<?xml version="1.0" encoding="UTF-8"?>"#) }
    }

    private mutating func line(_ text: String) {
        self.octets += [UInt8](repeating: ASCII.space, count: 2 * self.depth)
        self.octets += text.utf8
        self.octets.append(ASCII.lf)
    }

    mutating func open(_ name: String, attributes: String = "") {
        self.line("<\(name)\(attributes)>")
        self.depth += 1
    }

    mutating func close(_ name: String) {
        self.depth -= 1
        self.line("</\(name)>")
    }

    /// Nothing for nil.
    mutating func element(_ name: String, _ text: String?) {
        guard let text else { return }
        self.line("<\(name)>\(Self.escaped(text))</\(name)>")
    }

    /// XML has no way to write controls.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\t", "\n", "\r": escaped += " "
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || scalar.value & 0xFFFE == 0xFFFE:
                escaped += "?"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
