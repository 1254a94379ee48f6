public import SASL

/// Why a session came to its end before it was asked to: no verdict on a message, and the connection is of no more use.
public struct ClientSessionFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// The server closed the connection, or the network did.
        case connectionClosed
        /// The server refused the session, not a recipient; ``ClientSessionFailure/reply`` has its words.
        case refused
        /// What came is no reply.
        case malformedReply(ReplySyntaxError)
        /// A reply that has no meaning at this point, or one that nobody asked for.
        case unexpectedReply
        /// Octets came in clear after the `220` to STARTTLS: somebody put them there to be read as if protected (CVE-2011-0411, RFC 3207 §6).
        case responseInjection
        /// TLS is required, and the server does not offer STARTTLS.
        case tlsNotOffered
        /// The TLS handshake failed; the text says why.
        case tlsFailed(String)
        /// There are credentials, and the server does not offer AUTH.
        case authenticationNotOffered
        /// None of the mechanisms offered can be used: unknown here, or clear-text without TLS.
        case noUsableMechanism(offered: [MechanismName])
        /// The server refused the credentials or the mechanism; ``ClientSessionFailure/reply`` has its words, and
        /// ``ClientSessionFailure/bearerTokenError`` what it said about a token.
        case authenticationRefused(MechanismName)
        /// The server cannot check credentials now (`454`, `421` and their like, RFC 4954 §6): nothing is said about them.
        case authenticationUnavailable(MechanismName)
        /// The mechanism does not trust what the server sent.
        case authenticationAborted(MechanismName, ClientFailure)
        /// The name for EHLO holds an octet that cannot stand in a command line.
        case invalidHELOName
    }

    public var reason: Reason
    public var stage: ClientStage
    /// Whether TLS was on.
    public var isTLS: Bool
    /// The server's last words, where there are some.
    public var reply: Reply?
    /// Why the server does not take an access token, where it said so (RFC 7628 §3.2.2).
    public var bearerTokenError: BearerTokenError?
    /// What was already decided for the recipients of the running transaction, in their order; empty without one.
    ///
    /// An accepted one (LMTP) must not be sent again, a refused one need not be.
    public var outcomes: [RecipientOutcome?]

    public init(
        _ reason: Reason,
        stage: ClientStage,
        isTLS: Bool,
        reply: Reply? = nil,
        bearerTokenError: BearerTokenError? = nil,
        outcomes: [RecipientOutcome?] = []
    ) {
        self.reason = reason
        self.stage = stage
        self.isTLS = isTLS
        self.reply = reply
        self.bearerTokenError = bearerTokenError
        self.outcomes = outcomes
    }

    public var description: String {
        let words = self.reply.map { ": \($0)" } ?? ""
        let token = self.bearerTokenError.map { " (the token: \($0))" } ?? ""
        return "\(self.reason.description) (\(self.stage)\(self.isTLS ? ", TLS" : ""))\(words)\(token)"
    }
}

extension ClientSessionFailure.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .connectionClosed: "the connection was closed"
        case .refused: "the server refused the session"
        case .malformedReply(let error): "malformed reply, \(error)"
        case .unexpectedReply: "unexpected reply"
        case .responseInjection: "octets in clear after the reply to STARTTLS"
        case .tlsNotOffered: "TLS is required and not offered"
        case .tlsFailed(let why): "TLS failed, \(why)"
        case .authenticationNotOffered: "authentication is not offered"
        case .noUsableMechanism(let offered):
            "no usable mechanism among \(offered.map(\.description).joined(separator: " "))"
        case .authenticationRefused(let mechanism): "authentication with \(mechanism) was refused"
        case .authenticationUnavailable(let mechanism):
            "authentication with \(mechanism) is not possible at this time"
        case .authenticationAborted(let mechanism, let failure):
            "authentication with \(mechanism) was given up, \(failure)"
        case .invalidHELOName: "the name for EHLO cannot be sent"
        }
    }
}
