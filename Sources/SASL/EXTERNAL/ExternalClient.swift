/// The client's side of EXTERNAL (RFC 4422, appendix A): names the authorization identity, or nothing.
struct ExternalClient: ClientMechanism {
    private let message: [UInt8]?
    private var isSent = false

    var name: MechanismName { .external }

    init(credentials: ClientCredentials) {
        do {
            self.message = Array((try credentials.preparedAuthorizationIdentity() ?? "").utf8)
        } catch {
            self.message = nil
        }
    }

    mutating func start() -> InitialResponse {
        guard let message = self.message else { return .absent }
        self.isSent = true
        return .present(message)
    }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        guard let message = self.message else { return .failed(ClientFailure(.unusableCredentials)) }
        guard challenge.isEmpty else { return .failed(ClientFailure(.malformedChallenge)) }
        self.isSent = true
        return .respond(message)
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        self.isSent ? .succeeded : .failed(ClientFailure(.outOfSequence))
    }
}
