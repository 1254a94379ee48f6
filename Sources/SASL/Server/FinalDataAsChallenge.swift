/// Any mechanism for a protocol whose success has no field for data: what the mechanism sends along with it goes as a challenge, which the
/// client answers with an empty response (RFC 4422 §3.6).
///
/// ```
/// S: 334 dj1ybUYz…
/// C:
/// S: 235 2.7.0 Authentication succeeded
/// ```
public struct FinalDataAsChallenge: ServerMechanism {
    private var mechanism: any ServerMechanism
    /// The client has proved this, and owes the empty response.
    private var proved: AuthenticatedIdentity?

    public init(_ mechanism: any ServerMechanism) {
        self.mechanism = mechanism
    }

    public var name: MechanismName { self.mechanism.name }

    public mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        self.pass(self.mechanism.received(initialResponse))
    }

    public mutating func received(response: [UInt8]) -> ServerStep {
        guard let identity = self.proved else { return self.pass(self.mechanism.received(response: response)) }
        self.proved = nil
        guard response.isEmpty else {
            return .failed(ServerFailure(.malformed, authenticationIdentity: identity.authenticationIdentity))
        }
        return .succeeded(identity, finalData: nil)
    }

    public mutating func received(_ answer: ServerAnswer) -> ServerStep {
        self.pass(self.mechanism.received(answer))
    }

    private mutating func pass(_ step: ServerStep) -> ServerStep {
        guard case .succeeded(let identity, let finalData?) = step else { return step }
        self.proved = identity
        return .challenge(finalData)
    }
}
