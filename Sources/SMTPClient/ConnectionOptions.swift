public import NIOCore
public import NIOSSL
public import SASL
public import SMTP

/// How to talk to a server: protocol, TLS, login, patience.
public struct ConnectionOptions: Sendable {
    /// What EHLO or LHLO says: this host's full name, or an address literal.
    public var heloName: String
    public var `protocol`: MailProtocol
    public var tls: TransportSecurity
    /// The name the certificate must have, and SNI says; nil takes the endpoint's host.
    public var tlsServerName: String?
    /// nil: ``CertificateVerification/none`` for opportunistic TLS, where a failed check would only make the mail go in clear (RFC 7435
    /// §3), and ``CertificateVerification/full`` otherwise.
    public var verification: CertificateVerification?
    /// The authorities to trust in place of the system's.
    public var trustRoots: TrustRoots
    /// The certificate to show to the server; nil shows none.
    public var identity: TLSIdentity?
    /// The login; nil sends no AUTH.
    public var credentials: ClientCredentials?
    /// Where the access token comes from: ``SASL/ClientCredentials/password`` is replaced by it, and the kind is
    /// ``SASL/ClientCredentials/Kind/bearerToken``. A token that the server refuses is replaced once for each connection.
    public var accessTokens: (any AccessTokenProvider)?
    /// The only mechanism to use, which also says what the credentials are; nil takes the strongest offered.
    public var mechanism: MechanismName?
    /// Whether mechanisms that hand over the password or the token itself may be used without TLS.
    public var allowClearTextWithoutTLS: Bool
    public var timeouts: Timeouts
    /// Is given every line of the session on the connection's event loop, secrets masked. Must not block.
    public var transcript: (@Sendable (TranscriptLine) -> Void)?
    /// The local address to connect from.
    public var localAddress: SocketAddress?

    public init(
        heloName: String,
        protocol: MailProtocol = .smtp,
        tls: TransportSecurity = .opportunistic,
        tlsServerName: String? = nil,
        verification: CertificateVerification? = nil,
        trustRoots: TrustRoots = .system,
        identity: TLSIdentity? = nil,
        credentials: ClientCredentials? = nil,
        accessTokens: (any AccessTokenProvider)? = nil,
        mechanism: MechanismName? = nil,
        allowClearTextWithoutTLS: Bool = false,
        timeouts: Timeouts = Timeouts(),
        transcript: (@Sendable (TranscriptLine) -> Void)? = nil,
        localAddress: SocketAddress? = nil
    ) {
        self.heloName = heloName
        self.protocol = `protocol`
        self.tls = tls
        self.tlsServerName = tlsServerName
        self.verification = verification
        self.trustRoots = trustRoots
        self.identity = identity
        self.credentials = credentials
        self.accessTokens = accessTokens
        self.mechanism = mechanism
        self.allowClearTextWithoutTLS = allowClearTextWithoutTLS
        self.timeouts = timeouts
        self.transcript = transcript
        self.localAddress = localAddress
    }
}

/// How far the server's certificate is checked.
public enum CertificateVerification: Hashable, Sendable {
    /// Chain, dates and name.
    case full
    /// Not at all: keeps out listeners, not an impostor.
    case none
}

/// Which authorities vouch for a server.
public enum TrustRoots: Hashable, Sendable {
    case system
    /// A file of PEM certificates.
    case file(String)
    case certificates([NIOSSLCertificate])
}

/// How long to wait at each point of a session; the defaults are those of RFC 5321 §4.5.3.2.
///
/// A time is counted from the last octet sent or received at that point. They are generous since giving up early makes duplicates:
/// above all after the content, where the server may have accepted it.
public struct Timeouts: Hashable, Sendable {
    /// TCP connection, for each address tried.
    public var connect: Duration = .seconds(30)
    public var tlsHandshake: Duration = .seconds(60)
    public var greeting: Duration = .seconds(300)
    /// EHLO, STARTTLS and each step of AUTH.
    public var command: Duration = .seconds(300)
    public var mail: Duration = .seconds(300)
    public var recipient: Duration = .seconds(300)
    /// The reply to DATA.
    public var dataInitiation: Duration = .seconds(120)
    /// Until a block of the content could be sent.
    public var dataBlock: Duration = .seconds(180)
    /// The reply to the content.
    public var dataTermination: Duration = .seconds(600)
    /// The reply to QUIT, after which nothing depends on it.
    public var quit: Duration = .seconds(10)

    public init() {}

    /// Every time the same: for tools and tests that would rather fail than wait.
    public init(all duration: Duration) {
        self.connect = duration
        self.tlsHandshake = duration
        self.greeting = duration
        self.command = duration
        self.mail = duration
        self.recipient = duration
        self.dataInitiation = duration
        self.dataBlock = duration
        self.dataTermination = duration
        self.quit = duration
    }
}
