internal import MailSyntax

/// A report as it came, by mail or in a file.
public enum ReceivedReport: Hashable, Sendable {
    /// About the authentication of mail from a domain.
    case aggregate(AggregateReport)
    /// About the TLS of mail to a domain.
    case tls(TLSReport)

    /// Reads the report in a mail message, in a gzip or zip file, or the XML or JSON document itself: what it is shows in its
    /// first octets, since senders name types and files as they like.
    ///
    /// - Parameter octets: Of a message: with its header, CRLF or LF.
    /// - Returns: The report and its document, unfolded: reading that again gives the same report.
    public static func find(
        in octets: [UInt8],
        limits: ReportLimits = ReportLimits()
    ) throws(ReportError) -> (report: ReceivedReport, document: [UInt8]) {
        guard octets.count <= limits.maximumMessageOctets else {
            throw ReportError(.tooLarge, "it has more than \(limits.maximumMessageOctets) octets")
        }
        if Self.Form(of: octets) != nil { return try Self.open(octets, limits) }
        var parts = 0
        var problem: ReportError?
        if let found = try Self.search(octets[...], 0, &parts, &problem, limits) { return found }
        throw problem ?? ReportError(.noReport, "the message has no report in it")
    }

    private enum Form {
        case gzip
        case zip
        case xml
        case json

        init?(of octets: [UInt8]) {
            let start = octets.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            let first = octets[start...].prefix(256).first { $0 > ASCII.space }
            if octets.starts(with: [0x1F, 0x8B]) {
                self = .gzip
            } else if octets.starts(with: [0x50, 0x4B, 3, 4]) {
                self = .zip
            } else if first == ASCII.less {
                self = .xml
            } else if first == UInt8(ascii: "{") {
                self = .json
            } else {
                return nil
            }
        }
    }

    /// Unfolds once: an archive in an archive is none of the known forms then.
    private static func open(
        _ octets: [UInt8],
        _ limits: ReportLimits
    ) throws(ReportError) -> (report: ReceivedReport, document: [UInt8]) {
        var document = octets
        switch Form(of: octets) {
        case .gzip: document = try Compression.gunzip(octets[...], limits)
        case .zip: document = try ZipArchive.report(octets, limits)
        case .xml, .json, nil: break
        }
        switch Form(of: document) {
        case .xml: return (.aggregate(try AggregateReport(parsing: document, limits: limits)), document)
        case .json: return (.tls(try TLSReport(parsing: document, limits: limits)), document)
        case .gzip, .zip, nil: throw ReportError(.noReport, "what is in it is neither XML nor JSON")
        }
    }

    /// Depth and number of parts are bounded.
    private static func search(
        _ octets: ArraySlice<UInt8>,
        _ depth: Int,
        _ count: inout Int,
        _ problem: inout ReportError?,
        _ limits: ReportLimits
    ) throws(ReportError) -> (report: ReceivedReport, document: [UInt8])? {
        count += 1
        guard depth < limits.maximumPartDepth, count <= limits.maximumParts else {
            throw ReportError(.tooLarge, "the message has too many parts, or too deep ones")
        }
        let part = try MailPart(octets)
        if let parts = part.parts(limit: limits.maximumParts) {
            for part in parts {
                if let found = try self.search(part, depth + 1, &count, &problem, limits) { return found }
            }
            return nil
        }
        if part.type == "message/rfc822" {
            return try self.search(part.decoded[...], depth + 1, &count, &problem, limits)
        }
        let name = ASCII.lowercased(part.fileName ?? "")
        let isNamed = [".xml", ".json", ".gz", ".zip"].contains { name.hasSuffix($0) }
        guard isNamed || part.type.hasPrefix("application/") || part.type == "text/xml" else { return nil }
        do throws(ReportError) {
            return try self.open(part.decoded, limits)
        } catch {
            // Another part may be the report; if not, this is what is to be said.
            problem = problem ?? error
            return nil
        }
    }
}

extension ReceivedReport {
    /// What a document takes when it is put away.
    public static func compressed(_ document: [UInt8]) -> [UInt8] { Compression.gzip(document) }
}
