/// Where a client gets the access token (RFC 6749 §1.4) for OAUTHBEARER or XOAUTH2.
///
/// Tokens live for an hour or so; a provider keeps one as long as it is good and fetches the next in time. Asked from several tasks at once.
public protocol AccessTokenProvider: Sendable {
    /// A token that should be good.
    ///
    /// - Parameter refused: A token that the server has just refused though it should have been good. A provider that still holds
    ///   that very one fetches another; it does so once for each token that it hands out, so that a server which refuses all of
    ///   them makes no storm of requests.
    /// - Throws: ``AccessTokenError`` when there is none.
    func accessToken(insteadOf refused: AccessToken?) async throws -> AccessToken
}

/// A bearer token (RFC 6750). Never printed.
public struct AccessToken: Hashable, Sendable {
    public var secret: Secret

    public init(_ secret: Secret) {
        self.secret = secret
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.secret.count)
    }
}

/// Why there is no access token.
public struct AccessTokenError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// The token endpoint refused: an error code of RFC 6749 §5.2 or RFC 8628 §3.5, such as `invalid_grant`, and its description.
        case refused(code: String, description: String?)
        /// There is no complete answer from the token endpoint; the text says why. Later it may be there.
        case unreachable(String)
        /// What came is no answer of a token endpoint (RFC 6749 §5.1).
        case malformedAnswer
        /// The server refused the token that was just fetched as well.
        case tokenRefusedAgain
        /// There is no refresh token, or it cannot be read: somebody has to authorize first.
        case notAuthorized(String)
        /// Nobody answered the request for authorization in time.
        case expired
    }

    public var reason: Reason

    public init(_ reason: Reason) {
        self.reason = reason
    }

    /// Whether asking again makes sense without anybody changing something.
    public var isTemporary: Bool {
        switch self.reason {
        case .unreachable, .malformedAnswer: true
        // RFC 6749 §5.2 has no code for trouble of the server; the ones of §4.1.2.1 are used for it.
        case .refused(let code, _): ["temporarily_unavailable", "server_error", "slow_down"].contains(code)
        case .tokenRefusedAgain, .notAuthorized, .expired: false
        }
    }

    public var description: String {
        switch self.reason {
        case .refused(let code, let description?): "the token endpoint refused, \(code): \(description)"
        case .refused(let code, nil): "the token endpoint refused, \(code)"
        case .unreachable(let why): "no answer from the token endpoint, \(why)"
        case .malformedAnswer: "the token endpoint's answer is malformed"
        case .tokenRefusedAgain: "the server refused a fresh token too"
        case .notAuthorized(let why): "not authorized yet, \(why)"
        case .expired: "the request for authorization expired"
        }
    }
}
