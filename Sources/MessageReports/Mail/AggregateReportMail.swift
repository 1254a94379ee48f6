public import MailSyntax

/// The mail message that carries an aggregate report (RFC 9990, transport by email).
public struct AggregateReportMail: Hashable, Sendable {
    /// The report.
    public var report: AggregateReport
    /// The reporter's domain: the Submitter.
    public var submitter: String
    /// Whom it is from. Its domain must be one that mail can pass DMARC for.
    public var from: Mailbox
    /// Whom it goes to.
    public var recipients: [Mailbox]
    /// Seconds since 1970.
    public var date: Int64

    /// Creates a message.
    public init(report: AggregateReport, submitter: String, from: Mailbox, recipients: [Mailbox], date: Int64) {
        self.report = report
        self.submitter = submitter
        self.from = from
        self.recipients = recipients
        self.date = date
    }

    /// What must not be in a name that a file name or a subject is made of.
    private static func plain(_ text: String) -> String {
        String(decoding: text.utf8.filter { ASCII.isLetterOrDigit($0) || ".-_@".utf8.contains($0) }, as: UTF8.self)
    }

    /// `receiver!domain!begin!end.xml.gz`, the same when the report is sent again.
    public var fileName: String {
        let metadata = self.report.metadata
        return [
            Self.plain(self.submitter), Self.plain(self.report.policy.domain), "\(metadata.begin)", "\(metadata.end)",
        ]
        .joined(separator: "!") + ".xml.gz"
    }

    /// `Report Domain: … Submitter: … Report-ID: <…>`.
    public var subject: String {
        "Report Domain: \(Self.plain(self.report.policy.domain)) Submitter: \(Self.plain(self.submitter)) "
            + "Report-ID: <\(Self.plain(self.report.metadata.identifier))>"
    }

    /// The message: 7-bit, CRLF, with a sentence for people and the report as `application/gzip`.
    public var octets: [UInt8] {
        let boundary = "=_" + Self.plain(self.report.metadata.identifier).prefix(50)
        let domain = Self.plain(self.report.policy.domain)
        let fields: [(String, String)] = [
            ("From", self.from.description),
            ("To", self.recipients.map(\.description).joined(separator: ", ")),
            ("Subject", self.subject),
            ("Date", MailDate.format(secondsSince1970: self.date)),
            (
                "Message-ID",
                "<\(Self.plain(self.report.metadata.identifier).replacingAt())@\(Self.plain(self.submitter))>"
            ),
            ("Auto-Submitted", "auto-generated"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "multipart/mixed; boundary=\"\(boundary)\""),
        ]
        // A field that cannot be written has a line break in it, which none of these values can.
        var octets = fields.compactMap { HeaderField(name: $0, value: $1)?.octets }.flatMap(\.self)
        func line(_ text: String) { octets += Array(text.utf8) + [ASCII.cr, ASCII.lf] }
        line("")
        line("--\(boundary)")
        line("Content-Type: text/plain; charset=us-ascii")
        line("")
        line("This is a DMARC aggregate report for \(domain),")
        line("from \(Self.plain(self.submitter)), about \(self.report.records.reduce(0) { $0 + $1.count }) messages.")
        line("")
        line("--\(boundary)")
        line("Content-Type: application/gzip; name=\"\(self.fileName)\"")
        line("Content-Transfer-Encoding: base64")
        line("Content-Disposition: attachment; filename=\"\(self.fileName)\"")
        line("")
        let text = Base64.encode(Compression.gzip(self.report.xml))
        for start in stride(from: 0, to: text.count, by: 76) {
            octets += text[start..<min(text.count, start + 76)] + [ASCII.cr, ASCII.lf]
        }
        line("--\(boundary)--")
        return octets
    }
}

extension String {
    /// A Message-ID has one `@`.
    fileprivate func replacingAt() -> String {
        String(decoding: self.utf8.map { $0 == ASCII.at ? ASCII.dot : $0 }, as: UTF8.self)
    }
}
