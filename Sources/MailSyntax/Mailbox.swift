/// A mail address: local part and domain (RFC 5321 §4.1.2, RFC 6531 §3.3).
///
/// Two mailboxes are equal when their local parts are and their domains are but for case: only the host that owns a
/// local part may say that its case does not matter (RFC 5321 §2.4).
public struct Mailbox: Hashable, Sendable {
    /// The local part's content: quotes and backslashes of a Quoted-string removed.
    public var localPart: String
    /// The domain.
    public var domain: Domain

    /// The most octets of a local part as written, quotes counted (RFC 5321 §4.5.3.1.1).
    public static let maximumLocalPartOctets = 64
    /// The most octets of a path, angle brackets counted (RFC 5321 §4.5.3.1.3).
    public static let maximumPathOctets = 256

    /// A mailbox from parts that the program knows to be good; what a peer sent goes through ``init(parsing:allowUTF8:)``.
    public init(localPart: String, domain: Domain) {
        self.localPart = localPart
        self.domain = domain
    }

    /// Reads a mailbox as it stands in a path, without angle brackets: `user@example.org`, `"a b"@[192.0.2.1]`.
    ///
    /// - Parameters:
    ///   - octets: The whole address, nothing around it.
    ///   - allowUTF8: Whether octets above 127 are allowed (RFC 6531); they must be UTF-8 without controls.
    public init(parsing octets: some Sequence<UInt8>, allowUTF8: Bool = true) throws(MailSyntaxError) {
        let bound = Self.maximumLocalPartOctets + 1 + Domain.maximumOctets
        let octets = octets.octets(upTo: bound + 1)
        guard let first = octets.first else { throw MailSyntaxError(.empty) }
        guard first != ASCII.at else { throw MailSyntaxError(.sourceRoute) }
        let (localPart, end) = try first == ASCII.quote ? Self.quotedString(octets) : Self.dotString(octets)
        guard end <= Self.maximumLocalPartOctets else { throw MailSyntaxError(.localPartTooLong) }
        guard end < octets.count else { throw MailSyntaxError(.missingDomain) }
        guard octets[end] == ASCII.at else { throw MailSyntaxError(.invalidLocalPart) }
        guard end + 1 < octets.count else { throw MailSyntaxError(.missingDomain) }
        self.localPart = try Self.text(localPart, allowUTF8: allowUTF8)
        self.domain = try Domain(parsing: octets[(end + 1)...], allowUTF8: allowUTF8)
        guard octets.count + 2 <= Self.maximumPathOctets else { throw MailSyntaxError(.pathTooLong) }
    }

    /// Reads a mailbox from text; see ``init(parsing:allowUTF8:)``.
    public init(parsing text: String) throws(MailSyntaxError) {
        try self.init(parsing: text.utf8)
    }

    /// Whether it holds no octet above 127, so that it needs no SMTPUTF8.
    public var isASCII: Bool { self.localPart.utf8.allSatisfy { $0 < 0x80 } && self.domain.isASCII }

    /// The address with `A`–`Z` made `a`–`z` in both parts: the key under which this server keeps its own accounts.
    public var canonical: String { ASCII.lowercased(self.description) }

    /// The local part's content up to an unquoted `@` or the end.
    private static func dotString(_ octets: [UInt8]) throws(MailSyntaxError) -> (content: ArraySlice<UInt8>, end: Int) {
        var previous = ASCII.dot
        var end = 0
        while end < octets.count, octets[end] != ASCII.at {
            let octet = octets[end]
            guard octet == ASCII.dot ? previous != ASCII.dot : octet.isAtomText else {
                throw MailSyntaxError(.invalidLocalPart)
            }
            previous = octet
            end += 1
        }
        guard previous != ASCII.dot else { throw MailSyntaxError(.invalidLocalPart) }
        return (octets[..<end], end)
    }

    /// The content of the Quoted-string that begins `octets`, and the offset after its closing quote.
    private static func quotedString(
        _ octets: [UInt8]
    ) throws(MailSyntaxError) -> (content: ArraySlice<UInt8>, end: Int) {
        var content: [UInt8] = []
        var next = 1
        while next < octets.count {
            var octet = octets[next]
            if octet == ASCII.quote { return (content[...], next + 1) }
            if octet == ASCII.backslash {
                next += 1
                // quoted-pairSMTP escapes only printable ASCII (RFC 5321 §4.1.2).
                guard next < octets.count, octets[next] < 0x80 else { throw MailSyntaxError(.invalidLocalPart) }
                octet = octets[next]
            }
            guard !ASCII.isControl(octet) else { throw MailSyntaxError(.invalidLocalPart) }
            content.append(octet)
            next += 1
        }
        throw MailSyntaxError(.invalidLocalPart)
    }

    private static func text(_ octets: ArraySlice<UInt8>, allowUTF8: Bool) throws(MailSyntaxError) -> String {
        guard octets.contains(where: { $0 >= 0x80 }) else { return String(decoding: octets, as: UTF8.self) }
        guard allowUTF8 else { throw MailSyntaxError(.nonASCII) }
        guard let text = String(validating: octets, as: UTF8.self) else { throw MailSyntaxError(.invalidUTF8) }
        guard text.unicodeScalars.allSatisfy({ $0.isASCII || $0.isAllowedInMail }) else {
            throw MailSyntaxError(.invalidUTF8)
        }
        return text
    }
}

extension Mailbox: CustomStringConvertible {
    /// The form of RFC 5321, quoted only where the grammar asks for it; parsing it gives the same mailbox.
    public var description: String { "\(self.quotedLocalPart)@\(self.domain)" }

    /// The local part as it is written: a Dot-string where it can be one, else a Quoted-string.
    public var quotedLocalPart: String {
        let octets = self.localPart.utf8
        var previous = ASCII.dot
        var isDotString = true
        for octet in octets {
            isDotString = isDotString && (octet == ASCII.dot ? previous != ASCII.dot : octet.isAtomText)
            previous = octet
        }
        if isDotString, previous != ASCII.dot { return self.localPart }
        var text: [UInt8] = [ASCII.quote]
        for octet in octets {
            if octet == ASCII.quote || octet == ASCII.backslash { text.append(ASCII.backslash) }
            // Parsing lets no control in. One put in by hand must not end a command line.
            text.append(ASCII.isControl(octet) ? ASCII.question : octet)
        }
        text.append(ASCII.quote)
        return String(decoding: text, as: UTF8.self)
    }
}

extension UInt8 {
    /// One bit for each ASCII octet that is `atext`: letters, digits and ``!#$%&'*+-/=?^_`{|}~``.
    private static let atomText: (low: UInt64, high: UInt64) = {
        var bits: (low: UInt64, high: UInt64) = (0, 0)
        for octet in UInt8(0)..<128 where ASCII.isLetterOrDigit(octet) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(octet) {
            if octet < 64 { bits.low |= 1 << UInt64(octet) } else { bits.high |= 1 << UInt64(octet - 64) }
        }
        return bits
    }()

    /// `atext` of RFC 5322 §3.2.3, or an octet of UTF8-non-ascii (RFC 6532 §3.2).
    var isAtomText: Bool {
        if self >= 0x80 || ASCII.isLetterOrDigit(self) { return true }
        let bits = self < 64 ? Self.atomText.low : Self.atomText.high
        return bits >> UInt64(self & 63) & 1 == 1
    }
}
