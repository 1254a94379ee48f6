/// Where notifications about a message go: the argument of MAIL FROM (RFC 5321 §4.1.1.2).
public enum ReversePath: Hashable, Sendable {
    /// `<>`: a notification, which must not be answered by another.
    case null
    /// A mailbox.
    case mailbox(Mailbox)

    /// Reads what stands between the angle brackets; nothing is the null reverse-path.
    ///
    /// A source route is refused with ``MailSyntaxError/Code-swift.struct/sourceRoute``.
    public init(parsing octets: some Collection<UInt8>, allowUTF8: Bool = true) throws(MailSyntaxError) {
        self = octets.isEmpty ? .null : .mailbox(try Mailbox(parsing: octets, allowUTF8: allowUTF8))
    }

    /// Reads what stands between the angle brackets.
    public init(parsing text: String) throws(MailSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The mailbox, or nil for the null reverse-path.
    public var mailbox: Mailbox? {
        switch self {
        case .null: nil
        case .mailbox(let mailbox): mailbox
        }
    }

    /// Whether it needs no SMTPUTF8.
    public var isASCII: Bool { self.mailbox?.isASCII ?? true }

    /// The path with its angle brackets, as in a command.
    public var wire: String { "<\(self)>" }
}

extension ReversePath: CustomStringConvertible {
    /// The path without angle brackets; empty for the null reverse-path.
    public var description: String { self.mailbox?.description ?? "" }
}
