/// What stands after the `@`: a domain name or an address literal (RFC 5321 §4.1.2, §4.1.3).
///
/// Names are kept as given; equality and hash set the case of ASCII letters aside (RFC 5321 §2.3.5). A name in U-labels
/// is not equal to the same name in A-labels: convert first.
public enum Domain: Sendable {
    /// A domain name without trailing dot, in the letters it was given.
    case name(String)
    /// An address literal: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
    case address(IPAddress)

    /// The most octets of a domain (RFC 5321 §4.5.3.1.2).
    public static let maximumOctets = 255

    /// Reads a domain name or an address literal.
    ///
    /// - Parameters:
    ///   - octets: The domain alone, without trailing dot. Labels are letters, digits and inner hyphens, at most 63
    ///     octets each; with `allowUTF8` also U-labels (RFC 6531 §3.3), whose length in A-label form and whose code
    ///     points are for IDNA to judge, save controls, white space and the dots of other scripts, which are refused here.
    ///   - allowUTF8: Whether octets above 127 are allowed at all.
    public init(parsing octets: some Sequence<UInt8>, allowUTF8: Bool = true) throws(MailSyntaxError) {
        // Take no more than can be valid, so that the cost is bounded whatever the peer sends.
        let octets = octets.octets(upTo: Self.maximumOctets + 1)
        guard let first = octets.first else { throw MailSyntaxError(.empty) }
        guard octets.count <= Self.maximumOctets else { throw MailSyntaxError(.domainTooLong) }
        if first == ASCII.leftBracket {
            self = .address(try Self.literal(octets))
        } else {
            self = .name(try Self.name(octets, allowUTF8: allowUTF8))
        }
    }

    /// Reads a domain name or an address literal from text.
    public init(parsing text: String) throws(MailSyntaxError) {
        try self.init(parsing: text.utf8)
    }

    /// The domain with `A`–`Z` made `a`–`z`.
    public var lowercased: Domain {
        switch self {
        case .name(let name): .name(ASCII.lowercased(name))
        case .address: self
        }
    }

    /// Whether it holds no octet above 127.
    public var isASCII: Bool {
        switch self {
        case .name(let name): name.utf8.allSatisfy { $0 < 0x80 }
        case .address: true
        }
    }

    private static func literal(_ octets: [UInt8]) throws(MailSyntaxError) -> IPAddress {
        guard octets.count > 2, octets.last == ASCII.rightBracket else { throw MailSyntaxError(.invalidAddressLiteral) }
        let inner = octets[1..<(octets.count - 1)]
        let tag = Array("ipv6:".utf8)
        if ASCII.equalIgnoringCase(inner.prefix(tag.count), tag) {
            guard let address = IPAddress(parsing: inner.dropFirst(tag.count)), address.family == .v6 else {
                throw MailSyntaxError(.invalidAddressLiteral)
            }
            return address
        }
        guard let address = IPAddress(parsing: inner), address.family == .v4 else {
            throw MailSyntaxError(.invalidAddressLiteral)
        }
        return address
    }

    private static func name(_ octets: [UInt8], allowUTF8: Bool) throws(MailSyntaxError) -> String {
        var isASCII = true
        var labelStart = 0
        var labelIsASCII = true
        for index in 0...octets.count {
            guard index == octets.count || octets[index] == ASCII.dot else {
                let octet = octets[index]
                if octet >= 0x80 {
                    labelIsASCII = false
                } else if !ASCII.isLetterOrDigit(octet), octet != ASCII.hyphen {
                    throw MailSyntaxError(.invalidDomain)
                }
                continue
            }
            let count = index - labelStart
            guard count > 0, !labelIsASCII || count <= 63, octets[labelStart] != ASCII.hyphen,
                octets[index - 1] != ASCII.hyphen
            else { throw MailSyntaxError(.invalidDomain) }
            isASCII = isASCII && labelIsASCII
            labelStart = index + 1
            labelIsASCII = true
        }
        guard !isASCII else { return String(decoding: octets, as: UTF8.self) }
        guard allowUTF8 else { throw MailSyntaxError(.nonASCII) }
        guard let name = String(validating: octets, as: UTF8.self) else { throw MailSyntaxError(.invalidUTF8) }
        for scalar in name.unicodeScalars where !scalar.isASCII {
            // A dot of another script would be a label separator to one reader and a letter to the next.
            let isForeignDot = scalar == "\u{3002}" || scalar == "\u{FF0E}" || scalar == "\u{FF61}"
            guard !isForeignDot, scalar.isAllowedInMail, !scalar.properties.isWhitespace else {
                throw MailSyntaxError(.invalidDomain)
            }
        }
        return name
    }
}

extension Unicode.Scalar {
    /// Neither a C1 control, a line or paragraph separator nor a noncharacter.
    var isAllowedInMail: Bool {
        switch self.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        default: !self.properties.isNoncharacterCodePoint
        }
    }
}

extension Domain: Hashable {
    /// Whether both are the same address, or the same name when the case of ASCII letters is set aside.
    public static func == (left: Domain, right: Domain) -> Bool {
        switch (left, right) {
        case (.name(let left), .name(let right)): ASCII.equalIgnoringCase(left, right)
        case (.address(let left), .address(let right)): left == right
        case (.name, .address), (.address, .name): false
        }
    }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .name(let name):
            for octet in name.utf8 { hasher.combine(ASCII.lowercased(octet)) }
        case .address(let address):
            hasher.combine(address)
        }
    }
}

extension Domain: CustomStringConvertible {
    /// The form that stands in an address: the name as given, or the literal in brackets.
    public var description: String {
        switch self {
        case .name(let name): name
        case .address(let address): address.family == .v4 ? "[\(address)]" : "[IPv6:\(address)]"
        }
    }
}
