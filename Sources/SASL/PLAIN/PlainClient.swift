/// The client's side of PLAIN (RFC 4616).
struct PlainClient: ClientMechanism {
    private enum State {
        /// → `sent`; `message` is `nil` where the credentials cannot be used.
        case ready(message: [UInt8]?)
        /// The message went out as an initial response; a server that overlooked it may ask once more. → `sent`
        case started(message: [UInt8])
        case sent
    }

    private var state: State

    var name: MechanismName { .plain }

    init(credentials: ClientCredentials) {
        do {
            let authorizationIdentity = try credentials.preparedAuthorizationIdentity()
            let authenticationIdentity = try credentials.preparedAuthenticationIdentity()
            let password = try credentials.password.preparedPassword()
            self.state = .ready(
                message: Array((authorizationIdentity ?? "").utf8) + [0] + Array(authenticationIdentity.utf8) + [0]
                    + password.octets
            )
        } catch {
            self.state = .ready(message: nil)
        }
    }

    mutating func start() -> InitialResponse {
        guard case .ready(.some(let message)) = self.state else { return .absent }
        self.state = .started(message: message)
        return .present(message)
    }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        switch self.state {
        case .ready(message: nil):
            return .failed(ClientFailure(.unusableCredentials))
        case .ready(.some(let message)), .started(let message):
            self.state = .sent
            return .respond(message)
        case .sent:
            return .failed(ClientFailure(.outOfSequence))
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        switch self.state {
        case .started, .sent:
            return .succeeded
        case .ready:
            return .failed(ClientFailure(.outOfSequence))
        }
    }
}
