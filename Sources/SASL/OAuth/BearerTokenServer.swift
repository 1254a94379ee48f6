/// The server's side of OAUTHBEARER (RFC 7628) and XOAUTH2.
///
/// A refused token gets a challenge in JSON that says what is wrong with it, then, after whatever the client answers, the failure:
///
/// ```
/// C: AUTH OAUTHBEARER bixhPXVzZXJAZXhhbXBsZS5vcmcsAWF1dGg9QmVhcmVyIHQBAQ==
/// S: 334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
/// C: AQ==
/// S: 535 5.7.8 Authentication failed (ref 7K3Q-9FDM)
/// ```
struct BearerTokenServer: ServerMechanism {
    private enum State {
        /// → `challenged`, `asked`, `finished`
        case idle
        /// The client owes its message. → `asked`, `finished`
        case challenged
        /// The token is being checked. → `refused`, `finished`
        case asked(claimed: String?)
        /// The error was sent; the client answers `AQ==`, nothing, or its token again. → `finished`
        case refused(claimed: String?)
        case finished
    }

    let name: MechanismName
    private var state: State = .idle

    init(_ name: MechanismName) {
        self.name = name
    }

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
        switch self.state {
        case .challenged: self.receivedMessage(response)
        case .refused(let claimed): self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: claimed))
        case .idle, .asked, .finished: self.fail(ServerFailure(.outOfSequence))
        }
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        guard case .asked(let claimed) = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        guard case .bearerToken(let verdict) = answer else {
            return self.fail(ServerFailure(.unexpectedAnswer, authenticationIdentity: claimed))
        }
        switch verdict {
        case .accepted(let identity):
            self.state = .finished
            return .succeeded(
                AuthenticatedIdentity(authenticationIdentity: identity, authorizationIdentity: claimed),
                finalData: nil
            )
        case .refused(let error):
            self.state = .refused(claimed: claimed)
            return .challenge(self.name == .xoauth2 ? error.xoauth2JSON : error.json)
        }
    }

    private mutating func receivedMessage(_ octets: [UInt8]) -> ServerStep {
        let message: BearerTokenMessage
        do {
            message =
                self.name == .xoauth2
                ? try BearerTokenMessage(xoauth2: octets) : try BearerTokenMessage(oauthBearer: octets)
        } catch {
            return self.fail(error)
        }
        self.state = .asked(claimed: message.identity)
        return .question(
            .bearerToken(
                BearerTokenQuestion(
                    mechanism: self.name,
                    claimedIdentity: message.identity,
                    token: message.token,
                    host: message.host,
                    port: message.port
                )
            )
        )
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
