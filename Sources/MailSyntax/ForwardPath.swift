/// Where a message goes: the argument of RCPT TO (RFC 5321 §4.1.1.3).
public enum ForwardPath: Hashable, Sendable {
    /// `<Postmaster>` without a domain, which every host must accept (RFC 5321 §4.5.1).
    case postmaster
    /// A mailbox.
    case mailbox(Mailbox)

    /// Reads what stands between the angle brackets.
    ///
    /// A source route is refused with ``MailSyntaxError/Code-swift.struct/sourceRoute``.
    public init(parsing octets: some Collection<UInt8>, allowUTF8: Bool = true) throws(MailSyntaxError) {
        if ASCII.equalIgnoringCase(octets, "postmaster".utf8) {
            self = .postmaster
        } else {
            self = .mailbox(try Mailbox(parsing: octets, allowUTF8: allowUTF8))
        }
    }

    /// Reads what stands between the angle brackets.
    public init(parsing text: String) throws(MailSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The mailbox, or nil for the bare postmaster.
    public var mailbox: Mailbox? {
        switch self {
        case .postmaster: nil
        case .mailbox(let mailbox): mailbox
        }
    }

    /// Whether it needs no SMTPUTF8.
    public var isASCII: Bool { self.mailbox?.isASCII ?? true }

    /// The path with its angle brackets, as in a command.
    public var wire: String { "<\(self)>" }
}

extension ForwardPath: CustomStringConvertible {
    /// The path without angle brackets.
    public var description: String { self.mailbox?.description ?? "postmaster" }
}
