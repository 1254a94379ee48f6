/// One GSS-API security context (RFC 2743 §1.1.3): the seam behind which a Kerberos library stands.
///
/// A context belongs to one exchange and is never used by two threads at once. Its calls block: they read key tables and credential
/// caches, and an initiator's ask a KDC. Run them away from event loops.
public protocol SecurityContext: AnyObject, Sendable {
    /// Protects octets with an integrity check, without encryption (RFC 2743 §2.3.3 with `conf_req_flag` false).
    func wrap(_ octets: [UInt8]) throws(SecurityContextFailure) -> [UInt8]
    /// Checks and opens what the other side wrapped (RFC 2743 §2.3.4).
    func unwrap(_ token: [UInt8]) throws(SecurityContextFailure) -> [UInt8]
}

/// The server's half.
public protocol SecurityContextAcceptor: SecurityContext {
    /// Takes the client's next token (RFC 2743 §2.2.2).
    func accept(_ token: [UInt8]) throws(SecurityContextFailure) -> SecurityContextAcceptance
}

/// The client's half.
public protocol SecurityContextInitiator: SecurityContext {
    /// Takes the server's next token, or none at first (RFC 2743 §2.2.1).
    func initiate(_ token: [UInt8]?) throws(SecurityContextFailure) -> SecurityContextInitiation
}

/// Makes a fresh context for each exchange of a client, for one server.
public protocol SecurityContextSource: Sendable {
    func makeContext() -> any SecurityContextInitiator
}

/// What accepting a token came to.
public enum SecurityContextAcceptance: Hashable, Sendable {
    /// Send this; the client owes another token.
    case continueNeeded(token: [UInt8])
    /// The client is known. A token, where there is one, is still to be sent.
    case established(principal: String, token: [UInt8]?)
}

/// What initiating came to.
public enum SecurityContextInitiation: Hashable, Sendable {
    /// Send this; the server owes another token.
    case continueNeeded(token: [UInt8])
    /// The context stands. A token, where there is one, is still to be sent.
    case established(token: [UInt8]?)
}

/// Why a GSS call failed.
public struct SecurityContextFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The token is none, or was damaged on the way.
        case defectiveToken
        /// The token is one, and proves nothing: wrong key, expired, replayed, for somebody else.
        case refused
        /// The two clocks are too far apart to tell whether the token is fresh.
        case clockSkew
        /// Our own side cannot: no keys, no ticket, no KDC.
        case unavailable
    }

    public var kind: Kind
    /// The library's words: for the log, not for the peer.
    public var description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// A GSS call that the GSSAPI mechanism needs done.
public struct SecurityContextQuestion: Sendable {
    public enum Call: Hashable, Sendable {
        case accept(token: [UInt8])
        case wrap([UInt8])
        case unwrap(token: [UInt8])
    }

    /// The exchange's own.
    public var context: any SecurityContextAcceptor
    public var call: Call

    public init(context: any SecurityContextAcceptor, call: Call) {
        self.context = context
        self.call = call
    }

    /// Does the call, which may block; the result is the answer to give.
    public func perform() -> SecurityContextAnswer {
        do throws(SecurityContextFailure) {
            switch self.call {
            case .accept(let token): return .accepted(try self.context.accept(token))
            case .wrap(let octets): return .octets(try self.context.wrap(octets))
            case .unwrap(let token): return .octets(try self.context.unwrap(token))
            }
        } catch {
            return .failed(error)
        }
    }
}

/// How a ``SecurityContextQuestion`` went.
public enum SecurityContextAnswer: Hashable, Sendable {
    case accepted(SecurityContextAcceptance)
    /// Wrapped or unwrapped.
    case octets([UInt8])
    case failed(SecurityContextFailure)
}

/// GSSAPI: whom does a proven principal stand for?
public struct PrincipalQuestion: Hashable, Sendable {
    /// As the GSS library displays it: `alice@EXAMPLE.ORG`.
    public var principal: String
    /// Whom the client asks to act as; nil where it did not ask.
    public var authorizationIdentity: String?

    public init(principal: String, authorizationIdentity: String? = nil) {
        self.principal = principal
        self.authorizationIdentity = authorizationIdentity
    }
}
