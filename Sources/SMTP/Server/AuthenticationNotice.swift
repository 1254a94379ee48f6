public import SASL

/// An AUTH that ended without a question to the service: for its records only, the reply is settled.
public struct AuthenticationNotice: Hashable, Sendable {
    /// Why it ended.
    public enum Cause: Hashable, Sendable {
        /// The mechanism is not offered, or unknown: `504 5.5.4`.
        case notOffered
        /// EXTERNAL without a client certificate: `504 5.5.4`.
        case noCertificate
        /// The mechanism needs TLS: `538 5.7.11`.
        case encryptionRequired
        /// No base64: `501 5.5.2`.
        case malformed
        /// The client sent `*`, or hung up.
        case cancelled
        /// Too many failures before, on this connection: `421 4.7.0`.
        case tooManyFailures
    }

    public var mechanism: MechanismName
    public var cause: Cause

    public init(mechanism: MechanismName, cause: Cause) {
        self.mechanism = mechanism
        self.cause = cause
    }
}
