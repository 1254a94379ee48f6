/// Why octets are not what a mail grammar asks for.
///
/// Two errors are equal when their codes are. No part of the peer's octets is kept, so the description may be logged
/// and sent.
public struct MailSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule that was broken. Open: later versions may add codes.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The rule in words, fit for a reply text.
        public let description: String

        private init(_ description: String) {
            self.description = description
        }

        /// Nothing where a mailbox, domain or path must stand.
        public static let empty = Code("an address is empty")
        /// No `@` after the local part.
        public static let missingDomain = Code("an address lacks its domain")
        /// The local part is neither a Dot-string nor a Quoted-string (RFC 5321 §4.1.2).
        public static let invalidLocalPart = Code("the local part is not valid")
        /// The domain has an empty, overlong or misspelt label (RFC 5321 §4.1.2, RFC 5890 §2.3.1).
        public static let invalidDomain = Code("the domain is not valid")
        /// The address literal is no IPv4 or IPv6 address (RFC 5321 §4.1.3).
        public static let invalidAddressLiteral = Code("the address literal is not valid")
        /// The local part is longer than 64 octets (RFC 5321 §4.5.3.1.1).
        public static let localPartTooLong = Code("the local part is longer than 64 octets")
        /// The domain is longer than 255 octets (RFC 5321 §4.5.3.1.2).
        public static let domainTooLong = Code("the domain is longer than 255 octets")
        /// The path is longer than 256 octets, angle brackets counted (RFC 5321 §4.5.3.1.3).
        public static let pathTooLong = Code("the path is longer than 256 octets")
        /// A source route, `@relay:user@host`, which no one uses honestly any more (RFC 5321 appendix C).
        public static let sourceRoute = Code("source routes are not supported")
        /// Octets above 127 where only ASCII is allowed (RFC 6531 §3.2: SMTPUTF8 was not asked for).
        public static let nonASCII = Code("an address with non-ASCII characters needs SMTPUTF8")
        /// Octets that are no UTF-8, or a control code point in UTF-8 (RFC 6532 §3.1).
        public static let invalidUTF8 = Code("the text is not valid UTF-8")
        /// An address list that does not follow RFC 5322 §3.4.
        public static let invalidAddressList = Code("the address list is not valid")
        /// Comments nested deeper, or more addresses, than the caller allows.
        public static let limitExceeded = Code("a limit on nesting or number is exceeded")
        /// A date-time that does not follow RFC 5322 §3.3 or does not exist.
        public static let invalidDate = Code("the date is not valid")
    }

    /// The rule that was broken.
    public var code: Code

    /// Creates an error for a broken rule.
    public init(_ code: Code) {
        self.code = code
    }

    /// The rule in words.
    public var description: String { self.code.description }
}
