/// The client's side of OAUTHBEARER (RFC 7628) and XOAUTH2. The credentials' password is the access token.
///
/// A refusal comes as a JSON challenge; it is kept in ``serverError``, answered as the mechanism wants it, and the failure follows.
struct BearerTokenClient: ClientMechanism {
    private enum State {
        case unusable
        case ready([UInt8])
        case sent([UInt8])
        case refused
    }

    let name: MechanismName
    private var state: State
    private(set) var serverError: String?

    init(_ name: MechanismName, credentials: ClientCredentials) {
        self.name = name
        do {
            let identity =
                try credentials.preparedAuthorizationIdentity() ?? credentials.preparedAuthenticationIdentity()
            let token = Array("auth=Bearer ".utf8) + credentials.password.octets
            let separator = [BearerTokenMessage.separator]
            let head =
                name == .xoauth2
                ? Array("user=\(identity)".utf8) : Array("n,a=".utf8) + SCRAMGrammar.escape(identity) + Array(",".utf8)
            self.state = .ready(head + separator + token + separator + separator)
        } catch {
            self.state = .unusable
        }
    }

    mutating func start() -> InitialResponse {
        guard case .ready(let message) = self.state else { return .absent }
        self.state = .sent(message)
        return .present(message)
    }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        switch self.state {
        case .unusable:
            return .failed(ClientFailure(.unusableCredentials))
        case .ready(let message), .sent(let message):
            if challenge.isEmpty {
                self.state = .sent(message)
                return .respond(message)
            }
            self.serverError = String(decoding: challenge.prefix(4096), as: UTF8.self)
            self.state = .refused
            // The dummy that lets the server fail (RFC 7628 §3.2.3); XOAUTH2's is empty.
            return .respond(self.name == .xoauth2 ? [] : [BearerTokenMessage.separator])
        case .refused:
            return .failed(ClientFailure(.outOfSequence, serverError: self.serverError))
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        if case .sent = self.state { return .succeeded }
        return .failed(ClientFailure(.serverError, serverError: self.serverError))
    }
}
