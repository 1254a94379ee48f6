internal import MailSyntax

/// A part of a mail message (RFC 2045, 2046), as far as finding a report needs it.
struct MailPart {
    var type: String
    var parameters: [String: String]
    var fileName: String?
    var encoding: String
    /// As it stands in the message.
    var body: ArraySlice<UInt8>

    init(_ octets: ArraySlice<UInt8>) throws(ReportError) {
        let header: HeaderSection
        do throws(HeaderSection.LimitExceeded) {
            header = try HeaderSection(parsing: octets, limits: .init(maximumOctets: 1 << 18, maximumLines: 1_000))
        } catch {
            throw ReportError(.tooLarge, "a header is too long")
        }
        (self.type, self.parameters) = Self.parameters(of: header.first(named: "Content-Type")?.valueOctets)
        let disposition = Self.parameters(of: header.first(named: "Content-Disposition")?.valueOctets)
        self.fileName = disposition.parameters["filename"] ?? self.parameters["name"]
        let encoding = header.first(named: "Content-Transfer-Encoding")?.value ?? ""
        self.encoding = ASCII.lowercased(encoding.filter { $0 != " " })
        self.body = octets.dropFirst(header.bodyOffset)
    }

    /// The parts of a `multipart`; nil when it is none.
    func parts(limit: Int) -> [ArraySlice<UInt8>]? {
        guard self.type.hasPrefix("multipart/"), let boundary = self.parameters["boundary"], !boundary.isEmpty else {
            return nil
        }
        let delimiter = Array("--\(boundary)".utf8)
        var parts: [ArraySlice<UInt8>] = []
        var start: Int?
        var line = self.body.startIndex
        while line < self.body.endIndex {
            let end = self.body[line...].firstIndex(of: ASCII.lf).map { $0 + 1 } ?? self.body.endIndex
            if self.body[line..<end].starts(with: delimiter) {
                let rest = self.body[line..<end].dropFirst(delimiter.count)
                // The line break before a delimiter belongs to the delimiter.
                if let start { parts.append(self.body[start..<max(start, line - 1)]) }
                start = end
                if rest.starts(with: "--".utf8) || parts.count >= limit { return parts }
            }
            line = end
        }
        // Some mailers leave the last delimiter out.
        if let start { parts.append(self.body[start...]) }
        return parts
    }

    /// The body with its transfer encoding undone.
    var decoded: [UInt8] {
        switch self.encoding {
        case "base64": Self.base64(self.body)
        case "quoted-printable": Self.quotedPrintable(self.body)
        default: Array(self.body)
        }
    }

    /// What is no base64 is passed over, as line breaks are.
    static func base64(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var digits = text.prefix { $0 != ASCII.equals }.filter {
            ASCII.isLetterOrDigit($0) || $0 == ASCII.plus || $0 == ASCII.slash
        }
        digits.removeLast(digits.count % 4 == 1 ? 1 : 0)
        digits += [UInt8](repeating: ASCII.equals, count: (4 - digits.count % 4) % 4)
        return Base64.decode(digits) ?? []
    }

    private static func quotedPrintable(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var octets: [UInt8] = []
        var at = text.startIndex
        while at < text.endIndex {
            let octet = text[at]
            at += 1
            guard octet == ASCII.equals else {
                octets.append(octet)
                continue
            }
            let next = text[at...].prefix(2)
            let digits = next.compactMap(ASCII.hexadecimalValue)
            if digits.count == 2 {
                octets.append(digits[0] << 4 | digits[1])
                at += 2
            } else if next.first == ASCII.lf {
                at += 1
            } else if next.elementsEqual([ASCII.cr, ASCII.lf]) {
                at += 2
            } else {
                octets.append(octet)
            }
        }
        return octets
    }

    /// `type; name=value; name="value"`, comments left out.
    private static func parameters(of value: [UInt8]?) -> (type: String, parameters: [String: String]) {
        var pieces: [[UInt8]] = [[]]
        var isQuoted = false
        var isEscaped = false
        for octet in (value ?? []).prefix(4096) {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, octet == ASCII.backslash {
                isEscaped = true
                continue
            } else if octet == ASCII.quote {
                isQuoted.toggle()
                continue
            } else if !isQuoted, octet == ASCII.semicolon {
                pieces.append([])
                continue
            } else if !isQuoted, ASCII.isWhitespace(octet) {
                continue
            }
            pieces[pieces.count - 1].append(octet)
        }
        var parameters: [String: String] = [:]
        for piece in pieces.dropFirst().prefix(32) {
            guard let equals = piece.firstIndex(of: ASCII.equals) else { continue }
            // `filename*` and `filename*0` (RFC 2231) are good enough for the end of the name.
            let name = ASCII.lowercased(
                String(decoding: piece[..<equals].prefix { $0 != ASCII.asterisk }, as: UTF8.self)
            )
            let text = String(decoding: piece[(equals + 1)...], as: UTF8.self)
            parameters[name] = (parameters[name] ?? "") + text
        }
        return (ASCII.lowercased(String(decoding: pieces[0], as: UTF8.self)), parameters)
    }
}
