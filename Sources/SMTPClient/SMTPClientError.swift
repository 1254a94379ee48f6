public import SASL
public import SMTP

/// Why a connection could not be made, or is of no more use; or why a message's content cannot be sent by anybody.
public struct SMTPClientError: Error, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// No connection: the name has no address, nobody listens, the network is unreachable. The text says which.
        case connectFailed(String)
        /// The server did not answer, or did not read, in the time given.
        case timedOut
        /// What the session machine says: refusal, malformed reply, login refused, connection closed …
        case session(ClientSessionFailure.Reason)
        /// The content holds a CR or LF that is not part of a CRLF (RFC 5321 §2.3.8). Nothing, or only a part of the message, was sent.
        case bareLineEnding(BareLineEnding)
        /// A streamed content was shorter or longer than its announced size.
        case contentSizeMismatch(announced: Int, actual: Int)
        /// The source of a streamed content threw; the text says what.
        case contentFailed(String)
        /// The task was cancelled.
        case cancelled
        /// A transaction without recipients, or a second one while one runs.
        case misuse(String)
        /// The trust roots, the server's name or the local address cannot be used.
        case invalidConfiguration(String)
        /// There is no access token to log in with.
        case accessTokenUnavailable(AccessTokenError)
        /// The socket failed; the text is the system's.
        case network(String)
    }

    public var reason: Reason
    public var stage: ClientStage
    public var endpoint: Endpoint
    /// Whether TLS was on.
    public var isTLS: Bool
    /// The server's last words, where there are some.
    public var reply: Reply?
    /// Why the server does not take an access token, where it said so (RFC 7628 §3.2.2).
    public var bearerTokenError: BearerTokenError?

    public init(
        _ reason: Reason,
        stage: ClientStage,
        endpoint: Endpoint,
        isTLS: Bool,
        reply: Reply? = nil,
        bearerTokenError: BearerTokenError? = nil
    ) {
        self.reason = reason
        self.stage = stage
        self.endpoint = endpoint
        self.isTLS = isTLS
        self.reply = reply
        self.bearerTokenError = bearerTokenError
    }

    public var description: String {
        let token = self.bearerTokenError.map { " (the token: \($0))" } ?? ""
        let words = self.reply.map { ": \($0)" } ?? ""
        return "\(self.endpoint): \(self.reason) at \(self.stage)\(self.isTLS ? ", TLS" : "")\(words)\(token)"
    }
}

extension SMTPClientError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .connectFailed(let why): "cannot connect, \(why)"
        case .timedOut: "timed out"
        case .session(let reason): reason.description
        case .bareLineEnding(let bare): bare.description
        case .contentSizeMismatch(let announced, let actual):
            "the content has \(actual) octets where \(announced) were announced"
        case .contentFailed(let why): "the content could not be read, \(why)"
        case .cancelled: "cancelled"
        case .misuse(let why): why
        case .invalidConfiguration(let why): "invalid configuration, \(why)"
        case .accessTokenUnavailable(let error): error.description
        case .network(let why): why
        }
    }
}
