public import SASL

/// What one POP3 listener's sessions offer and demand.
public struct POP3SessionConfiguration: Sendable {
    /// Whether a session may, must or does run over TLS.
    public enum Security: String, Hashable, Sendable {
        /// No TLS at all.
        case none
        /// Clear at first; `STLS` is offered, and required before a login (RFC 2595 §4).
        case startTLS
        /// TLS from the first octet (RFC 8314 §3).
        case implicit
    }

    public var hostname: String
    public var security: Security
    /// In the order in which they are listed. USER and PASS are offered where PLAIN or LOGIN are.
    public var mechanisms: [MechanismName]
    /// Accept clear-text passwords without TLS: only where asked for.
    public var allowsClearTextWithoutTLS: Bool
    public var allowsNTLMv1: Bool
    /// Makes the security context of one GSSAPI exchange; nil where the server has no keys, and then GSSAPI is not offered.
    public var makeSecurityContext: (@Sendable () -> any SecurityContextAcceptor)?
    /// Failed logins before the session ends.
    public var maximumAuthenticationFailures: Int
    /// Refused commands before the session ends.
    public var maximumBadCommands: Int

    public init(
        hostname: String,
        security: Security = .startTLS,
        mechanisms: [MechanismName] = [.scramSHA256, .scramSHA1, .plain, .login],
        allowsClearTextWithoutTLS: Bool = false,
        allowsNTLMv1: Bool = false,
        makeSecurityContext: (@Sendable () -> any SecurityContextAcceptor)? = nil,
        maximumAuthenticationFailures: Int = 3,
        maximumBadCommands: Int = 10
    ) {
        self.hostname = hostname
        self.security = security
        self.mechanisms = mechanisms
        self.allowsClearTextWithoutTLS = allowsClearTextWithoutTLS
        self.allowsNTLMv1 = allowsNTLMv1
        self.makeSecurityContext = makeSecurityContext
        self.maximumAuthenticationFailures = maximumAuthenticationFailures
        self.maximumBadCommands = maximumBadCommands
    }
}
