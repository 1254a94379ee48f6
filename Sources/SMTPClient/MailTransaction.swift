public import MailSyntax
public import NIOCore
public import SMTP

/// One message for a number of recipients of one server.
public struct MailTransaction: Sendable {
    public var reversePath: ReversePath
    /// `ENVID`, decoded (RFC 3461 §4.4); sent only where DSN is offered.
    public var envid: String?
    /// `RET` (RFC 3461 §4.3); sent only where DSN is offered.
    public var ret: DSNReturn?
    /// Whether the content has octets above 127. Content given as ``MailContent/bytes(_:)`` is looked at as well.
    public var body8bit: Bool
    /// Whether the message needs SMTPUTF8 (RFC 6531 §3.4). Paths that are not ASCII need it in any case.
    public var smtpUTF8: Bool
    /// At least one.
    public var recipients: [RecipientParameters]
    /// The exact number of octets that ``content`` yields, nil when unknown. With CHUNKING a wrong number fails the transaction. Not
    /// looked at for ``MailContent/bytes(_:)``.
    public var size: Int?
    public var content: MailContent

    public init(
        reversePath: ReversePath,
        recipients: [RecipientParameters],
        content: MailContent,
        size: Int? = nil,
        body8bit: Bool = false,
        smtpUTF8: Bool = false,
        envid: String? = nil,
        ret: DSNReturn? = nil
    ) {
        self.reversePath = reversePath
        self.recipients = recipients
        self.content = content
        self.size = size
        self.body8bit = body8bit
        self.smtpUTF8 = smtpUTF8
        self.envid = envid
        self.ret = ret
    }
}

/// A message's header section and body, with CRLF line endings and no dot-stuffing.
public enum MailContent: Sendable {
    case bytes(ByteBuffer)
    /// Called until it returns nil, one call at a time, the next only when the connection can take more. What it throws ends the
    /// connection, since the server holds half a message by then, and is thrown by ``SMTPConnection/send(_:)``.
    case stream(@Sendable () async throws -> ByteBuffer?)
}

/// What became of a transaction.
public struct MailTransactionResult: Sendable {
    public enum Outcome: Sendable {
        /// The server took responsibility.
        case accepted(Reply)
        /// It did not; at ``SMTP/ClientStage/beforeSending`` the reply is this client's own.
        case refused(ClientStage, Reply)
        /// The connection failed before this recipient's fate was known, but after another one's was.
        case interrupted(SMTPClientError)
    }

    /// One for each recipient, in the order given.
    public var outcomes: [Outcome]
    /// Set when nothing was sent, because this server cannot take the message.
    public var unsendable: UnsendableReason?

    public init(outcomes: [Outcome], unsendable: UnsendableReason? = nil) {
        self.outcomes = outcomes
        self.unsendable = unsendable
    }
}
