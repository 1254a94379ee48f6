/// The server's side of EXTERNAL (RFC 4422, appendix A): the layer below has identified the client, with a TLS certificate.
///
/// ```
/// C: AUTH EXTERNAL =
/// S: 235 2.7.0 Authentication succeeded
/// ```
struct ExternalServer: ServerMechanism {
    private enum State {
        /// → `challenged`, `asked`, `finished`
        case idle
        /// The client owes its message. → `asked`, `finished`
        case challenged
        /// Who the certificate stands for is being looked up. → `finished`
        case asked(authorizationIdentity: String?)
        case finished
    }

    private var state: State = .idle

    var name: MechanismName { .external }

    mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        guard case .idle = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        switch initialResponse {
        case .absent:
            self.state = .challenged
            return .challenge([])
        case .present(let message):
            return self.receivedMessage(message)
        }
    }

    mutating func received(response: [UInt8]) -> ServerStep {
        guard case .challenged = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        return self.receivedMessage(response)
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        guard case .asked(let authorizationIdentity) = self.state else {
            return self.fail(ServerFailure(.outOfSequence))
        }
        self.state = .finished
        guard case .external(let identity) = answer else {
            return .failed(ServerFailure(.unexpectedAnswer, authenticationIdentity: authorizationIdentity))
        }
        guard let identity else {
            return .failed(ServerFailure(.wrongCredentials, authenticationIdentity: authorizationIdentity))
        }
        return .succeeded(
            AuthenticatedIdentity(authenticationIdentity: identity, authorizationIdentity: authorizationIdentity),
            finalData: nil
        )
    }

    /// The message is an authorization identity, or empty.
    private mutating func receivedMessage(_ octets: [UInt8]) -> ServerStep {
        var authorizationIdentity: String?
        if !octets.isEmpty {
            do {
                authorizationIdentity = try Identity.prepare(octets)
            } catch {
                return self.fail(ServerFailure(.malformed))
            }
        }
        self.state = .asked(authorizationIdentity: authorizationIdentity)
        return .question(.external(ExternalQuestion(authorizationIdentity: authorizationIdentity)))
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
