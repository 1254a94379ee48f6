/// The client's side of CRAM-MD5 (RFC 2195).
struct CRAMMD5Client: ClientMechanism {
    private enum State {
        case unusable
        /// → `responded`
        case ready(userName: String, password: Secret)
        case responded
    }

    private var state: State

    var name: MechanismName { .cramMD5 }

    init(credentials: ClientCredentials) {
        do {
            guard !credentials.asksForOtherIdentity else {
                self.state = .unusable
                return
            }
            self.state = .ready(
                userName: try credentials.preparedAuthenticationIdentity(),
                password: try credentials.password.preparedPassword()
            )
        } catch {
            self.state = .unusable
        }
    }

    mutating func start() -> InitialResponse { .absent }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        switch self.state {
        case .unusable:
            return .failed(ClientFailure(.unusableCredentials))
        case .ready(let userName, let password):
            guard !challenge.isEmpty else { return .failed(ClientFailure(.malformedChallenge)) }
            self.state = .responded
            let digest = CRAMMD5.digest(challenge: challenge, secret: password)
            return .respond(Array(userName.utf8) + [UInt8(ascii: " ")] + Hexadecimal.encode(digest))
        case .responded:
            return .failed(ClientFailure(.outOfSequence))
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        switch self.state {
        case .responded:
            return .succeeded
        case .unusable, .ready:
            return .failed(ClientFailure(.outOfSequence))
        }
    }
}
