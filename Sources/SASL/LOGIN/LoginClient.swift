/// The client's side of LOGIN (draft-murchison-sasl-login).
///
/// Answers the first challenge with the user name and the second with the password; servers word their prompts as they like.
struct LoginClient: ClientMechanism {
    private enum State {
        case unusable
        /// → `sentUserName`
        case ready(userName: [UInt8], password: Secret)
        /// → `sentPassword`
        case sentUserName(password: Secret)
        case sentPassword
    }

    private var state: State

    var name: MechanismName { .login }

    init(credentials: ClientCredentials) {
        do {
            guard !credentials.asksForOtherIdentity else {
                self.state = .unusable
                return
            }
            self.state = .ready(
                userName: Array(try credentials.preparedAuthenticationIdentity().utf8),
                password: try credentials.password.preparedPassword()
            )
        } catch {
            self.state = .unusable
        }
    }

    mutating func start() -> InitialResponse {
        // Not every server takes the user name as an initial response; every server asks for it.
        .absent
    }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        switch self.state {
        case .unusable:
            return .failed(ClientFailure(.unusableCredentials))
        case .ready(let userName, let password):
            self.state = .sentUserName(password: password)
            return .respond(userName)
        case .sentUserName(let password):
            self.state = .sentPassword
            return .respond(password.octets)
        case .sentPassword:
            return .failed(ClientFailure(.outOfSequence))
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        switch self.state {
        case .sentPassword:
            return .succeeded
        case .unusable, .ready, .sentUserName:
            return .failed(ClientFailure(.outOfSequence))
        }
    }
}
