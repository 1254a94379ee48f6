/// The client's side of one authentication exchange (RFC 4422 §3).
///
/// A value without I/O. Call ``start()`` and send what it returns; for each challenge call ``received(challenge:)``; when the
/// server reports success call ``receivedSuccess(finalData:)``, and trust the server only if that succeeds too.
public protocol ClientMechanism: Sendable {
    /// The mechanism's name.
    var name: MechanismName { get }
    /// The initial response. Where the protocol cannot carry one, send it as the answer to the server's empty challenge.
    mutating func start() -> InitialResponse
    /// The server sent a challenge, decoded from base64.
    mutating func received(challenge: [UInt8]) -> ClientStep
    /// The server reported success, with additional data or without.
    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome

    /// What the server said about a refusal inside the exchange, such as the JSON of RFC 7628 §3.2.2.
    var serverError: String? { get }
}

extension ClientMechanism {
    public var serverError: String? { nil }
}

/// What the client does next.
public enum ClientStep: Sendable {
    /// Send this response, which may have zero octets.
    case respond([UInt8])
    /// Cancel the exchange (SMTP: `*`), and do not go on with this server.
    case failed(ClientFailure)
}

/// How the exchange ended for the client.
public enum ClientOutcome: Hashable, Sendable {
    /// The mechanism is content: where it authenticates the server, the server has proved itself.
    case succeeded
    /// The server said yes, yet must not be trusted.
    case failed(ClientFailure)
}

/// Why the client will not go on.
public struct ClientFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The cause; an open set.
    public struct Reason: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }

        /// The challenge breaks the mechanism's grammar or its limits.
        public static let malformedChallenge = Reason("malformed challenge")
        /// A challenge or a success that the mechanism does not expect at this point.
        public static let outOfSequence = Reason("challenge out of sequence")
        /// The server's nonce does not begin with ours: a replay (RFC 5802 §5).
        public static let nonceMismatch = Reason("the server's nonce does not continue ours")
        /// The iteration count is below the floor or above the cap.
        public static let iterationCountRefused = Reason("iteration count refused")
        /// The server did not prove that it knows the password's verifier.
        public static let serverNotAuthenticated = Reason("the server did not authenticate itself")
        /// The server named an error (`e=`, RFC 5802 §7).
        public static let serverError = Reason("the server reported an error")
        /// The identity or the password is empty, too long, or holds characters that SASLprep forbids.
        public static let unusableCredentials = Reason("the credentials cannot be used with this mechanism")
    }

    public var reason: Reason
    /// The server's own word for the error, printable ASCII only.
    public var serverError: String?

    public init(_ reason: Reason, serverError: String? = nil) {
        self.reason = reason
        self.serverError = serverError
    }

    public var description: String {
        guard let serverError else { return self.reason.description }
        return "\(self.reason.description): \(serverError)"
    }
}
