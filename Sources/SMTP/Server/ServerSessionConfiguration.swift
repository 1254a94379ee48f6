public import SASL

/// What one listener's sessions offer and demand.
public struct ServerSessionConfiguration: Sendable {
    /// What the listener is for.
    public enum Service: String, Hashable, Sendable {
        /// RFC 6409: people and programs log in and send.
        case submission
        /// RFC 5321: other servers bring mail for local domains.
        case reception
    }

    /// Whether a session may, must or does run over TLS.
    public enum Security: String, Hashable, Sendable {
        /// No TLS at all.
        case none
        /// Clear at first; `STARTTLS` is offered, and required before `AUTH` and mail.
        case startTLS
        /// TLS from the first octet (RFC 8314 §3).
        case implicit
    }

    /// The name in the greeting and in trace fields.
    public var hostname: String
    public var service: Service
    public var security: Security
    /// In the order in which they are listed.
    public var mechanisms: [MechanismName]
    /// Accept clear-text mechanisms without TLS: only for loopback listeners.
    public var allowsClearTextWithoutTLS: Bool
    /// Accept NTLMv1 responses, which are weak.
    public var allowsNTLMv1: Bool
    /// Makes the security context of one GSSAPI exchange; nil where the server has no keys, and then GSSAPI is not offered.
    public var makeSecurityContext: (@Sendable () -> any SecurityContextAcceptor)?
    /// Without AUTH, `MAIL` goes to the service, which may know the client's address (POP-before-SMTP, a device without AUTH).
    public var authorizesByAddress: Bool
    /// Octets of one message (RFC 1870).
    public var maximumMessageOctets: Int
    /// Recipients of one transaction; at least 100 (RFC 5321 §4.5.3.1.8).
    public var maximumRecipients: Int
    /// Commands answered with 5yz for their form before the session ends.
    public var maximumBadCommands: Int
    /// Commands that bring no message forward (`NOOP`, `RSET`, `EHLO`, `VRFY`, refused `MAIL` and `RCPT` …) before the session ends;
    /// counted anew after each message.
    public var maximumJunkCommands: Int
    /// Failed `AUTH` exchanges before the session ends.
    public var maximumAuthenticationFailures: Int
    /// Octets of a command line but AUTH's, without CRLF.
    public var maximumCommandOctets: Int

    /// Octets of a line of an AUTH exchange with its CRLF (RFC 4954 §4).
    public static let maximumAuthenticationLineOctets = 12_288

    public init(
        hostname: String,
        service: Service = .submission,
        security: Security = .startTLS,
        mechanisms: [MechanismName] = [.scramSHA256, .scramSHA1, .plain, .login],
        allowsClearTextWithoutTLS: Bool = false,
        allowsNTLMv1: Bool = false,
        makeSecurityContext: (@Sendable () -> any SecurityContextAcceptor)? = nil,
        authorizesByAddress: Bool = false,
        maximumMessageOctets: Int = 50 * 1024 * 1024,
        maximumRecipients: Int = 100,
        maximumBadCommands: Int = 10,
        maximumJunkCommands: Int = 200,
        maximumAuthenticationFailures: Int = 5,
        maximumCommandOctets: Int = 2_048
    ) {
        self.hostname = hostname
        self.service = service
        self.security = security
        self.mechanisms = mechanisms
        self.allowsClearTextWithoutTLS = allowsClearTextWithoutTLS
        self.allowsNTLMv1 = allowsNTLMv1
        self.makeSecurityContext = makeSecurityContext
        self.authorizesByAddress = authorizesByAddress
        self.maximumMessageOctets = maximumMessageOctets
        self.maximumRecipients = maximumRecipients
        self.maximumBadCommands = maximumBadCommands
        self.maximumJunkCommands = maximumJunkCommands
        self.maximumAuthenticationFailures = maximumAuthenticationFailures
        self.maximumCommandOctets = maximumCommandOctets
    }
}
