public import MailSyntax

extension DMARC {
    /// A published policy: the TXT record at `_dmarc` (RFC 9989 §4.7).
    public struct Record: Hashable, Sendable {
        /// What kind of domain the record says it stands at.
        public enum PublicSuffix: String, Hashable, Sendable {
            /// A public suffix: organizations are one label below.
            case yes = "y"
            /// An organization.
            case no = "n"
            /// Not said.
            case unknown = "u"
        }

        /// A place for reports.
        public struct ReportAddress: Hashable, Sendable, CustomStringConvertible {
            /// The URI, commas and exclamation marks in it still percent-encoded.
            public var uri: String
            /// The mailbox of a `mailto:` URI.
            public var mailbox: Mailbox?
            /// The most octets of a report that is wanted there (RFC 7489 §6.2, `!10m`); nil without a limit.
            public var maximumOctets: Int?

            /// The URI.
            public var description: String { self.uri }
        }

        /// What is asked for mail of the domain itself; nil when the tag is missing or not valid.
        public var policy: Policy?
        /// What is asked for mail of names below it (`sp`).
        public var subdomainPolicy: Policy?
        /// What is asked for mail of names below it that do not exist (`np`).
        public var nonexistentPolicy: Policy?
        /// Whether `sp` or `np` is there and says nothing that is known, so that the record asks for nothing.
        public var hasInvalidSubdomainPolicy = false
        /// How close signatures' domains must be (`adkim`).
        public var dkimAlignment = AlignmentMode.relaxed
        /// How close the MAIL FROM domain must be (`aspf`).
        public var spfAlignment = AlignmentMode.relaxed
        /// Whether the domain only tests (`t=y`): the policy is to be lowered by one step.
        public var isTesting = false
        /// Whether it stands at a public suffix (`psd`).
        public var publicSuffix = PublicSuffix.unknown
        /// Where aggregate reports go (`rua`).
        public var aggregateReports: [ReportAddress] = []
        /// Where reports about single failures go (`ruf`).
        public var failureReports: [ReportAddress] = []
        /// When failures are reported (`fo`): any of `0`, `1`, `d`, `s`.
        public var failureOptions = "0"
        /// How much of the mail an RFC 7489 record wanted its policy for, 0–100 (`pct`); RFC 9989 has receivers ignore it.
        public var percentage: Int?
        /// All tags in order, names in lower case, those without a meaning here too.
        public var tags: [Tag] = []

        /// A tag of the record.
        public struct Tag: Hashable, Sendable {
            /// In lower case.
            public var name: String
            /// Without white space around it.
            public var value: String
        }

        /// The value of a tag; the first, when it stands several times.
        public func value(_ name: String) -> String? {
            self.tags.first { $0.name == name }?.value
        }

        /// Whether any place for aggregate reports can be read.
        public var hasUsableReports: Bool { !self.aggregateReports.isEmpty }
    }
}

extension DMARC.Record {
    private static let maximumTags = 64

    /// Reads a record. A wrong or unknown tag is as good as absent (RFC 9989 §4.7); only `v=DMARC1` must come first, with
    /// its value in capitals.
    ///
    /// - Returns: nil when the text is no DMARC record at all.
    public init?(parsing octets: some Collection<UInt8>) {
        let parts = Array(octets).split(separator: ASCII.semicolon, maxSplits: Self.maximumTags)
        for (position, part) in parts.prefix(Self.maximumTags).enumerated() {
            let tag = Self.tag(part)
            if position == 0 {
                guard tag?.name == "v", tag?.value == "DMARC1" else { return nil }
            }
            if let tag { self.tags.append(tag) }
        }
        guard !self.tags.isEmpty else { return nil }
        self.policy = self.policy(of: "p")
        self.subdomainPolicy = self.policy(of: "sp")
        self.nonexistentPolicy = self.policy(of: "np")
        self.hasInvalidSubdomainPolicy =
            (self.value("sp") != nil && self.subdomainPolicy == nil)
            || (self.value("np") != nil && self.nonexistentPolicy == nil)
        self.dkimAlignment = self.lowercased("adkim").flatMap { DMARC.AlignmentMode(rawValue: $0) } ?? .relaxed
        self.spfAlignment = self.lowercased("aspf").flatMap { DMARC.AlignmentMode(rawValue: $0) } ?? .relaxed
        self.isTesting = self.lowercased("t") == "y"
        self.publicSuffix = self.lowercased("psd").flatMap { PublicSuffix(rawValue: $0) } ?? .unknown
        self.aggregateReports = Self.addresses(self.value("rua"))
        self.failureReports = Self.addresses(self.value("ruf"))
        self.failureOptions = self.lowercased("fo") ?? "0"
        self.percentage = self.value("pct").flatMap { Int($0) }.flatMap { (0...100).contains($0) ? $0 : nil }
    }

    /// Reads a record from text.
    public init?(parsing text: String) {
        self.init(parsing: Array(text.utf8))
    }

    /// `name = value`, white space around either allowed.
    private static func tag(_ part: ArraySlice<UInt8>) -> Tag? {
        guard let equals = part.firstIndex(of: ASCII.equals) else { return nil }
        let name = Self.trimmed(part[..<equals])
        guard !name.isEmpty, name.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }) else {
            return nil
        }
        return Tag(
            name: ASCII.lowercased(String(decoding: name, as: UTF8.self)),
            value: String(decoding: Self.trimmed(part[(equals + 1)...]), as: UTF8.self)
        )
    }

    private static func trimmed(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var octets = octets
        func isSpace(_ octet: UInt8?) -> Bool {
            octet.map { ASCII.isWhitespace($0) || $0 == ASCII.cr || $0 == ASCII.lf } ?? false
        }
        while isSpace(octets.first) { octets.removeFirst() }
        while isSpace(octets.last) { octets.removeLast() }
        return octets
    }

    private func lowercased(_ name: String) -> String? {
        self.value(name).map { ASCII.lowercased($0) }
    }

    private func policy(of name: String) -> DMARC.Policy? {
        self.lowercased(name).flatMap { DMARC.Policy(rawValue: $0) }
    }

    /// A comma-separated list of URIs with the size limits of RFC 7489; those that are none are dropped.
    private static func addresses(_ list: String?) -> [ReportAddress] {
        (list ?? "").utf8.split(separator: ASCII.comma).prefix(Self.maximumTags).compactMap { item in
            let item = Self.trimmed(Array(item)[...])
            let pieces = item.split(separator: UInt8(ascii: "!"), omittingEmptySubsequences: false)
            let text = pieces.first ?? []
            let limit = pieces.count > 1 ? Self.octets(pieces[1]) : nil
            guard let colon = text.firstIndex(of: ASCII.colon), colon > text.startIndex, colon + 1 < text.endIndex,
                text.allSatisfy(ASCII.isVisible), let first = text.first, ASCII.isLetter(first)
            else { return nil }
            let uri = String(decoding: text, as: UTF8.self)
            guard ASCII.equalIgnoringCase(text[..<colon], "mailto".utf8) else {
                return ReportAddress(uri: uri, maximumOctets: limit)
            }
            // A mailto that is no address is of no use to anyone.
            guard let mailbox = Self.mailbox(text[(colon + 1)...]) else { return nil }
            return ReportAddress(uri: uri, mailbox: mailbox, maximumOctets: limit)
        }
    }

    /// `10m`: a number with `k`, `m`, `g` or `t` for powers of 1,024. What cannot be read is no limit.
    private static func octets(_ text: ArraySlice<UInt8>) -> Int? {
        let digits = text.prefix(while: ASCII.isDigit)
        guard (1...12).contains(digits.count), text.count <= digits.count + 1 else { return nil }
        let powers = Array("kmgt".utf8)
        let unit = text.dropFirst(digits.count).first.map(ASCII.lowercased)
        guard let power = unit.map({ powers.firstIndex(of: $0).map { $0 + 1 } }) ?? 0 else { return nil }
        let (octets, overflow) = digits.reduce(0) { $0 * 10 + Int($1 &- ASCII.zero) }
            .multipliedReportingOverflow(by: 1 << (10 * power))
        return overflow ? nil : octets
    }

    /// The address of a `mailto:` URI (RFC 6068), its fields left out.
    private static func mailbox(_ text: ArraySlice<UInt8>) -> Mailbox? {
        var octets: [UInt8] = []
        var rest = text.prefix { $0 != ASCII.question }
        while let octet = rest.popFirst() {
            guard octet == ASCII.percent else {
                octets.append(octet)
                continue
            }
            let digits = rest.prefix(2).compactMap(ASCII.hexadecimalValue)
            guard digits.count == 2 else { return nil }
            octets.append(digits[0] << 4 | digits[1])
            rest = rest.dropFirst(2)
        }
        do {
            return try Mailbox(parsing: octets)
        } catch {
            return nil
        }
    }
}

extension DMARC.Record: CustomStringConvertible {
    /// The tags as one string.
    public var description: String { self.tags.map { "\($0.name)=\($0.value)" }.joined(separator: "; ") }
}
