public import MailSyntax
public import SASL
public import SMTP

/// Makes the responder of each new session: the application behind the listener.
public protocol SessionService: Sendable {
    /// Why a peer is turned away at connect, before anything is made for it; nil: it is not. Not asked about addresses without limits.
    ///
    /// Called on the connection's event loop; must not block.
    func refusal(for peer: SessionPeer) -> Reply?

    /// Called on the connection's event loop; must not block.
    func makeResponder(for peer: SessionPeer) -> any SessionResponder
}

extension SessionService {
    /// Nobody is turned away.
    public func refusal(for peer: SessionPeer) -> Reply? { nil }
}

/// Who connected, and where.
public struct SessionPeer: Sendable {
    /// The client's address; nil for a Unix socket.
    public var address: IPAddress?
    public var port: Int?
    /// The listener's name in logs, such as `submission:587`.
    public var listener: String

    public init(address: IPAddress?, port: Int?, listener: String) {
        self.address = address
        self.port = port
        self.listener = listener
    }
}

/// What is known of a session when it asks.
public struct SessionFacts: Sendable {
    public var isTLS: Bool
    /// `1.2` or `1.3`; nil without TLS.
    public var tlsVersion: String?
    /// The name given with EHLO or HELO.
    public var clientName: String?
    /// For `Received` (RFC 3848).
    public var protocolKeyword: String
    public var mechanism: MechanismName?
    /// The verified client certificate in DER; nil without one.
    public var clientCertificate: [UInt8]?

    public init(
        isTLS: Bool,
        clientName: String?,
        protocolKeyword: String,
        mechanism: MechanismName?,
        clientCertificate: [UInt8]? = nil,
        tlsVersion: String? = nil
    ) {
        self.isTLS = isTLS
        self.tlsVersion = tlsVersion
        self.clientName = clientName
        self.protocolKeyword = protocolKeyword
        self.mechanism = mechanism
        self.clientCertificate = clientCertificate
    }
}

/// The application's side of one session.
///
/// All methods are called on the connection's event loop, one at a time, and must not block it. A ``SessionResponse/later(_:)`` runs
/// beside them; until it returns nothing else of the session is asked.
public protocol SessionResponder: AnyObject, Sendable {
    /// Answers a question.
    func answer(_ request: SessionRequest, facts: SessionFacts) -> SessionResponse

    /// An AUTH ended without a question: for the records, the reply is settled.
    func noticed(_ notice: AuthenticationNotice, facts: SessionFacts)

    /// Takes a piece of the message under way, between `.message` and `.endOfMessage`. The octets are valid only during the call.
    ///
    /// - Returns: nil to go on; else work to wait for before more is read.
    func append(_ octets: UnsafeRawBufferPointer) -> (@Sendable () async -> Void)?

    /// The message under way will not be finished: throw it away.
    func abandonMessage()

    /// The connection is gone. Called once, last.
    func closed()
}

extension SessionResponder {
    /// Keeps no records.
    public func noticed(_ notice: AuthenticationNotice, facts: SessionFacts) {}
}

/// An answer at once, or work that leads to one.
public enum SessionResponse: Sendable {
    case now(SessionAnswer)
    case later(@Sendable () async -> SessionAnswer)
}
