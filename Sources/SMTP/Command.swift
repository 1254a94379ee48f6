public import MailSyntax
public import SASL

/// An SMTP command, parsed (RFC 5321 §4.1.1 and the extensions that this library speaks).
public enum Command: Hashable, Sendable {
    /// `EHLO` with a domain or an address literal, as given.
    case ehlo(String)
    case helo(String)
    case mail(MailParameters)
    case rcpt(RecipientParameters)
    case data
    /// `BDAT size [LAST]` (RFC 3030 §2).
    case bdat(size: Int, isLast: Bool)
    case rset
    case noop
    case vrfy(String)
    case expn
    case help
    case quit
    case startTLS
    /// The response is still base64 or `=`; ``InitialResponseText`` tells absent from present.
    case auth(mechanism: MechanismName, initialResponse: [UInt8]?)
    /// Postfix's extension for proxies, its arguments as given: only a session that trusts its peer reads them.
    case xclient([UInt8])

    /// The verb in upper case, for logs and metrics.
    public var verb: String {
        switch self {
        case .ehlo: "EHLO"
        case .helo: "HELO"
        case .mail: "MAIL"
        case .rcpt: "RCPT"
        case .data: "DATA"
        case .bdat: "BDAT"
        case .rset: "RSET"
        case .noop: "NOOP"
        case .vrfy: "VRFY"
        case .expn: "EXPN"
        case .help: "HELP"
        case .quit: "QUIT"
        case .startTLS: "STARTTLS"
        case .auth: "AUTH"
        case .xclient: "XCLIENT"
        }
    }
}

/// `MAIL FROM:<reverse-path> [parameters]` (RFC 5321 §4.1.1.2).
public struct MailParameters: Hashable, Sendable {
    public var reversePath: ReversePath
    /// `SIZE=` octets as declared by the client (RFC 1870 §5).
    public var size: Int?
    /// `BODY=` (RFC 6152).
    public var body: BodyType?
    /// `SMTPUTF8` (RFC 6531 §3.4).
    public var isSMTPUTF8: Bool
    /// `RET=` (RFC 3461 §4.3).
    public var ret: DSNReturn?
    /// `ENVID=`, xtext decoded (RFC 3461 §4.4).
    public var envelopeIdentifier: String?
    /// `AUTH=`, xtext decoded; `<>` when the submitter is unknown (RFC 4954 §5). Informational.
    public var submitter: String?

    public init(
        reversePath: ReversePath,
        size: Int? = nil,
        body: BodyType? = nil,
        isSMTPUTF8: Bool = false,
        ret: DSNReturn? = nil,
        envelopeIdentifier: String? = nil,
        submitter: String? = nil
    ) {
        self.reversePath = reversePath
        self.size = size
        self.body = body
        self.isSMTPUTF8 = isSMTPUTF8
        self.ret = ret
        self.envelopeIdentifier = envelopeIdentifier
        self.submitter = submitter
    }
}

/// `RCPT TO:<forward-path> [parameters]` (RFC 5321 §4.1.1.3).
public struct RecipientParameters: Hashable, Sendable {
    public var forwardPath: ForwardPath
    /// `NOTIFY=` (RFC 3461 §4.1); nil when not given.
    public var notify: DSNNotify?
    /// `ORCPT=` (RFC 3461 §4.2).
    public var originalRecipient: OriginalRecipient?

    public init(forwardPath: ForwardPath, notify: DSNNotify? = nil, originalRecipient: OriginalRecipient? = nil) {
        self.forwardPath = forwardPath
        self.notify = notify
        self.originalRecipient = originalRecipient
    }
}

/// Why a command line is no command; each has its reply.
public enum CommandSyntaxError: Error, Hashable, Sendable {
    /// The verb is not one of ours: `500 5.5.1`.
    case unknownCommand
    /// The arguments break the grammar: `501 5.5.4`, with what is wrong.
    case badArguments(String)
    /// The address breaks the grammar: `501 5.1.7` (MAIL) or `501 5.1.3` (RCPT), with what is wrong.
    case badReversePath(String)
    case badForwardPath(String)
    /// A parameter that was not offered: `555 5.5.4`.
    case unsupportedParameter(String)
    /// A control octet, NUL or bare CR or LF in the line: `500 5.5.2`.
    case controlOctet
    /// `BDAT` whose chunk size cannot be told: `521 5.5.4` and the connection is closed, for nobody knows where its octets end and
    /// the next command begins.
    case badChunkSize
    /// An HTTP request: the connection is closed, for it is a browser made to speak to us (cross-protocol attack).
    case crossProtocol
}
