/// The server's side of one authentication exchange (RFC 4422 §3).
///
/// A value without I/O: tell it what arrived, do what it returns. Responses are octets, already decoded from base64. First
/// call ``received(_:)-(InitialResponse)``, then follow the steps:
///
/// - ``ServerStep/challenge(_:)``: send it, and call ``received(response:)`` with what the client answers;
/// - ``ServerStep/question(_:)``: look it up, and call ``received(_:)-(ServerAnswer)``;
/// - ``ServerStep/succeeded(_:finalData:)`` and ``ServerStep/failed(_:)`` end the exchange; any later call fails again.
///
/// A client that cancels needs no call: drop the value.
public protocol ServerMechanism: Sendable {
    /// The mechanism's name.
    var name: MechanismName { get }
    /// The command that starts the exchange arrived.
    mutating func received(_ initialResponse: InitialResponse) -> ServerStep
    /// The client answered a challenge; the response may have zero octets.
    mutating func received(response: [UInt8]) -> ServerStep
    /// The back end answered a question. An answer of another kind than was asked for fails the exchange.
    mutating func received(_ answer: ServerAnswer) -> ServerStep
}

/// What the server does next.
public enum ServerStep: Sendable {
    /// Send this challenge, which may have zero octets.
    case challenge([UInt8])
    /// Ask whoever keeps the accounts.
    case question(ServerQuestion)
    /// The client has proved the identity. `finalData`, where present, goes to the client along with the success
    /// (RFC 4422 §3.6); whether it may act as its authorization identity is still to be decided.
    case succeeded(AuthenticatedIdentity, finalData: [UInt8]?)
    /// The exchange is over.
    case failed(ServerFailure)
}
