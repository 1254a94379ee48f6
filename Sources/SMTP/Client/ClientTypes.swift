/// Which of the two protocols a client speaks.
public enum MailProtocol: String, Hashable, Sendable, Codable {
    case smtp
    /// RFC 2033: LHLO, and one reply per accepted recipient after the content.
    case lmtp
}

/// Whether and when a client turns TLS on.
public enum TransportSecurity: String, Hashable, Sendable, Codable {
    /// Never, not even when offered.
    case none
    /// STARTTLS when offered; in clear otherwise (RFC 7435).
    case opportunistic
    /// STARTTLS, and failure when it is not offered, refused or fails (RFC 3207).
    case required
    /// TLS before the greeting (RFC 8314 §3.3).
    case implicit
}

/// The point of a session at which something happened.
public enum ClientStage: String, Hashable, Sendable, Codable, CustomStringConvertible {
    case connect
    /// The TLS handshake, after STARTTLS or at once.
    case tlsHandshake = "TLS handshake"
    case greeting
    /// EHLO, HELO or LHLO.
    case hello = "EHLO"
    case startTLS = "STARTTLS"
    case authentication = "AUTH"
    /// Decided by this client before it sent anything.
    case beforeSending = "before sending"
    case reset = "RSET"
    case mail = "MAIL FROM"
    case recipient = "RCPT TO"
    /// The DATA command.
    case data = "DATA"
    /// The content, and the reply to it.
    case content = "end of data"
    /// Between transactions.
    case idle
    case quit = "QUIT"

    public var description: String { self.rawValue }
}

/// One mail transaction as the client machine needs it; the content travels apart.
public struct ClientTransaction: Hashable, Sendable {
    /// What MAIL FROM says. Parameters whose extension the server does not offer are left out, except where leaving them out
    /// would falsify the message (`BODY=8BITMIME`, `SMTPUTF8`): then nothing is sent.
    ///
    /// ``MailParameters/size`` is the exact number of octets of the content as BDAT would carry it; nil when unknown, and then DATA is used.
    public var mail: MailParameters
    public var recipients: [RecipientParameters]

    public init(mail: MailParameters, recipients: [RecipientParameters]) {
        self.mail = mail
        self.recipients = recipients
    }
}

/// What became of one recipient.
public enum RecipientOutcome: Hashable, Sendable {
    /// The server took responsibility for the message to this recipient.
    case accepted(Reply)
    /// It did not; the reply says whether trying again makes sense. At ``ClientStage/beforeSending`` the reply is this client's own.
    case refused(ClientStage, Reply)

    public var reply: Reply {
        switch self {
        case .accepted(let reply), .refused(_, let reply): reply
        }
    }

    public var isAccepted: Bool {
        if case .accepted = self { true } else { false }
    }
}

/// Why a transaction cannot be sent to this server at all, whatever the recipients.
public enum UnsendableReason: Hashable, Sendable {
    /// 8-bit content, and no 8BITMIME: `554 5.6.3` (RFC 6152 §3).
    case eightBitNotOffered
    /// A path or a header needs SMTPUTF8, and the server does not offer it: `553 5.6.7` (RFC 6531 §3.2).
    case utf8NotOffered
    /// Over the server's SIZE: `552 5.3.4` (RFC 1870 §6.1).
    case tooLarge(maximumOctets: Int)
    /// A path or parameter holds an octet that cannot stand in a command line: `553 5.1.3`.
    case invalidEnvelope

    /// The reply given to every recipient, in the words of this client.
    public var reply: Reply {
        switch self {
        case .eightBitNotOffered:
            Reply(554, EnhancedStatusCode(5, 6, 3), "The message is 8-bit and the next server does not take 8BITMIME")
        case .utf8NotOffered:
            Reply(553, EnhancedStatusCode(5, 6, 7), "The message needs SMTPUTF8, which the next server does not offer")
        case .tooLarge(let maximum):
            Reply(
                552,
                EnhancedStatusCode(5, 3, 4),
                "The message is larger than the \(maximum) octets the next server takes"
            )
        case .invalidEnvelope:
            Reply(553, EnhancedStatusCode(5, 1, 3), "The envelope holds octets that cannot be sent in a command")
        }
    }
}

/// How one transaction ended.
public struct ClientTransactionResult: Hashable, Sendable {
    /// One for each recipient, in the order given.
    public var outcomes: [RecipientOutcome]
    /// Set when nothing was sent.
    public var unsendable: UnsendableReason?

    public init(outcomes: [RecipientOutcome], unsendable: UnsendableReason? = nil) {
        self.outcomes = outcomes
        self.unsendable = unsendable
    }
}

/// One line of a session as it may be shown to people: secrets are masked.
public struct TranscriptLine: Hashable, Sendable, CustomStringConvertible {
    public enum Origin: String, Hashable, Sendable {
        case client = "C"
        case server = "S"
        /// What is no line of the protocol: TLS came up, content was sent.
        case note = "*"
    }

    public var origin: Origin
    /// Without line ending.
    public var text: String

    public init(_ origin: Origin, _ text: String) {
        self.origin = origin
        self.text = text
    }

    public var description: String { "\(self.origin.rawValue): \(self.text)" }
}
