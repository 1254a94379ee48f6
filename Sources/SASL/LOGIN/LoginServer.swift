/// The server's side of LOGIN (draft-murchison-sasl-login).
///
/// ```
/// C: AUTH LOGIN
/// S: 334 VXNlcm5hbWU6
/// C: dGlt
/// S: 334 UGFzc3dvcmQ6
/// C: dGFuc3RhYWZ0YW5zdGFhZg==
/// S: 235 2.7.0 Authentication successful
/// ```
struct LoginServer: ServerMechanism {
    private enum State {
        /// → `askedUserName`, `askedPassword`, `finished`
        case idle
        /// The client owes its user name. → `askedPassword`, `finished`
        case askedUserName
        /// The client owes its password. → `verifying`, `finished`
        case askedPassword(authenticationIdentity: String)
        /// The password is with the back end. → `finished`
        case verifying(authenticationIdentity: String)
        case finished
    }

    private var state: State = .idle

    var name: MechanismName { .login }

    mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        guard case .idle = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        switch initialResponse {
        case .present(let userName) where !userName.isEmpty:
            return self.receivedUserName(userName)
        case .absent, .present:
            // Clients that send `AUTH LOGIN =` mean "nothing yet", not a user name of zero octets.
            self.state = .askedUserName
            // To the octet: there are clients that compare.
            return .challenge(Array("Username:".utf8))
        }
    }

    mutating func received(response: [UInt8]) -> ServerStep {
        switch self.state {
        case .askedUserName:
            return self.receivedUserName(response)
        case .askedPassword(let authenticationIdentity):
            return self.receivedPassword(response, of: authenticationIdentity)
        case .idle, .verifying, .finished:
            return self.fail(ServerFailure(.outOfSequence))
        }
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        guard case .verifying(let authenticationIdentity) = self.state else {
            return self.fail(ServerFailure(.outOfSequence))
        }
        self.state = .finished
        return PasswordVerdict.step(
            for: answer,
            identity: AuthenticatedIdentity(authenticationIdentity: authenticationIdentity)
        )
    }

    private mutating func receivedUserName(_ octets: [UInt8]) -> ServerStep {
        do {
            self.state = .askedPassword(authenticationIdentity: try Identity.prepare(octets))
            return .challenge(Array("Password:".utf8))
        } catch {
            return self.fail(ServerFailure(error.isLatin1(octets) ? .latin1 : .malformed))
        }
    }

    private mutating func receivedPassword(_ octets: [UInt8], of authenticationIdentity: String) -> ServerStep {
        let password: Secret
        do {
            password = try PlainMessage.preparePassword(octets, of: authenticationIdentity)
        } catch {
            return self.fail(error)
        }
        self.state = .verifying(authenticationIdentity: authenticationIdentity)
        return .question(
            .password(
                PasswordCredentials(
                    mechanism: self.name,
                    authenticationIdentity: authenticationIdentity,
                    password: password
                )
            )
        )
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
