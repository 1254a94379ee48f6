/// The addresses of a header field such as From, To or Cc (RFC 5322 §3.4, with UTF-8 by RFC 6532 §3.2 and empty groups in
/// From by RFC 6854).
///
/// Obsolete forms are read too (§4.4): empty list elements, routes inside angle brackets (dropped), white space and
/// comments around dots, dots in display names. Encoded words stay as they are.
public struct AddressList: Hashable, Sendable {
    /// A mailbox with the name shown beside it.
    public struct NamedMailbox: Hashable, Sendable {
        /// The display name, words joined by one space, quotes removed; nil when there is none.
        public var displayName: String?
        /// The address.
        public var mailbox: Mailbox

        /// Creates a mailbox with a name.
        public init(displayName: String? = nil, mailbox: Mailbox) {
            self.displayName = displayName
            self.mailbox = mailbox
        }
    }

    /// One element of the list.
    public enum Address: Hashable, Sendable {
        /// A single mailbox.
        case mailbox(NamedMailbox)
        /// A named group of any number of mailboxes, none included.
        case group(name: String, members: [NamedMailbox])
    }

    /// How much a sender may make us do.
    public struct Limits: Hashable, Sendable {
        /// The most octets of the list.
        public var maximumOctets: Int
        /// The most mailboxes and groups together.
        public var maximumAddresses: Int
        /// How deep comments may nest.
        public var maximumCommentDepth: Int

        /// Creates limits; the defaults let any honest message through.
        public init(maximumOctets: Int = 1 << 20, maximumAddresses: Int = 10_000, maximumCommentDepth: Int = 32) {
            self.maximumOctets = maximumOctets
            self.maximumAddresses = maximumAddresses
            self.maximumCommentDepth = maximumCommentDepth
        }
    }

    /// The elements in order.
    public var addresses: [Address]

    /// Creates a list.
    public init(_ addresses: [Address]) {
        self.addresses = addresses
    }

    /// Reads the value of a field, folded or not.
    ///
    /// Domains may be any dot-atom (RFC 5322 §3.4.1), so an underscore passes here that RFC 5321 refuses.
    ///
    /// - Throws: A ``MailSyntaxError``; `.empty` when the list has no element at all.
    /// - Complexity: O(n); comments are counted, not recursed into.
    public init(parsing octets: some Collection<UInt8>, limits: Limits = Limits()) throws(MailSyntaxError) {
        guard octets.count <= limits.maximumOctets else { throw MailSyntaxError(.limitExceeded) }
        var parser = AddressListParser(octets: octets.octets(), limits: limits)
        self.addresses = try parser.addressList()
        guard !self.addresses.isEmpty else { throw MailSyntaxError(.empty) }
    }

    /// Reads the value of a field from text.
    public init(parsing text: String) throws(MailSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// All mailboxes, those in groups included, in order.
    public var mailboxes: [Mailbox] {
        self.addresses.flatMap { address in
            switch address {
            case .mailbox(let named): [named.mailbox]
            case .group(_, let members): members.map(\.mailbox)
            }
        }
    }
}

extension AddressList.NamedMailbox: CustomStringConvertible {
    /// The address, with angle brackets when there is a name.
    public var description: String {
        guard let displayName else { return self.mailbox.description }
        return "\(AddressList.phrase(displayName)) <\(self.mailbox)>"
    }
}

extension AddressList: CustomStringConvertible {
    /// The list as a field value on one line; parsing it gives the same list.
    public var description: String {
        self.addresses.map { address in
            switch address {
            case .mailbox(let named): named.description
            case .group(let name, let members):
                "\(Self.phrase(name)):" + members.map { " \($0)" }.joined(separator: ",") + ";"
            }
        }.joined(separator: ", ")
    }

    /// `text` as atoms where it can be, else as a quoted string. Controls become `?`, so that a name put in by hand
    /// cannot end the field.
    static func phrase(_ text: String) -> String {
        let octets = Array(text.utf8)
        let words = octets.split(separator: ASCII.space, omittingEmptySubsequences: false)
        if words.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isAtomText) }) { return text }
        var quoted: [UInt8] = [ASCII.quote]
        for octet in octets {
            if octet == ASCII.quote || octet == ASCII.backslash { quoted.append(ASCII.backslash) }
            quoted.append(ASCII.isControl(octet) && octet != ASCII.tab ? ASCII.question : octet)
        }
        quoted.append(ASCII.quote)
        return String(decoding: quoted, as: UTF8.self)
    }
}
