/// The server's side of PLAIN (RFC 4616).
///
/// ```
/// C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm
/// S: 235 2.7.0 Authentication successful
/// ```
struct PlainServer: ServerMechanism {
    private enum State {
        /// → `challenged`, `asked`, `finished`
        case idle
        /// The client owes its message. → `asked`, `finished`
        case challenged
        /// The password is with the back end. → `finished`
        case asked(AuthenticatedIdentity)
        case finished
    }

    private var state: State = .idle

    var name: MechanismName { .plain }

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
        guard case .asked(let identity) = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        let step = PasswordVerdict.step(for: answer, identity: identity)
        self.state = .finished
        return step
    }

    private mutating func receivedMessage(_ octets: [UInt8]) -> ServerStep {
        let message: PlainMessage
        do {
            message = try PlainMessage(parsing: octets)
        } catch {
            return self.fail(error)
        }
        self.state = .asked(
            AuthenticatedIdentity(
                authenticationIdentity: message.authenticationIdentity,
                authorizationIdentity: message.authorizationIdentity
            )
        )
        return .question(
            .password(
                PasswordCredentials(
                    mechanism: self.name,
                    authenticationIdentity: message.authenticationIdentity,
                    authorizationIdentity: message.authorizationIdentity,
                    password: message.password
                )
            )
        )
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}

/// What the back end's word on a password means; the same for PLAIN and LOGIN.
enum PasswordVerdict {
    static func step(for answer: ServerAnswer, identity: AuthenticatedIdentity) -> ServerStep {
        switch answer {
        case .password(accepted: true):
            .succeeded(identity, finalData: nil)
        case .password(accepted: false):
            .failed(ServerFailure(.wrongCredentials, authenticationIdentity: identity.authenticationIdentity))
        case .scram, .sharedSecret, .external, .bearerToken, .securityContext, .principal:
            .failed(ServerFailure(.unexpectedAnswer, authenticationIdentity: identity.authenticationIdentity))
        }
    }
}
