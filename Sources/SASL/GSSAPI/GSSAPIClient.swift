/// The client's side of GSSAPI (RFC 4752 §3.1), without a security layer.
///
/// It sends no initial response: a Kerberos ticket seldom fits into the 512 octets of SMTP's AUTH line, and to get one may take a
/// question to the KDC, which is better asked while a challenge is answered than where the command is written.
struct GSSAPIClient: ClientMechanism {
    private enum State {
        case unusable
        /// Nothing was sent. → `initiating`, `awaitingOffer`, `failed`
        case ready
        /// The server owes a token. → `initiating`, `awaitingOffer`, `failed`
        case initiating
        /// The context stands; the server owes its offer of layers. → `chosen`, `failed`
        case awaitingOffer
        /// The choice was sent, which a success follows.
        case chosen
        case failed
    }

    private let context: any SecurityContextInitiator
    private let choice: SecurityLayer.Choice
    private var state: State

    var name: MechanismName { .gssapi }

    init(credentials: ClientCredentials, context: any SecurityContextInitiator) {
        self.context = context
        do {
            self.choice = SecurityLayer.Choice(authorizationIdentity: try credentials.preparedAuthorizationIdentity())
            self.state = .ready
        } catch {
            self.choice = SecurityLayer.Choice(authorizationIdentity: nil)
            self.state = .unusable
        }
    }

    mutating func start() -> InitialResponse { .absent }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        do throws(SecurityContextFailure) {
            switch self.state {
            case .unusable:
                return .failed(ClientFailure(.unusableCredentials))
            case .ready:
                guard challenge.isEmpty else { return self.fail(ClientFailure(.malformedChallenge)) }
                return self.initiated(try self.context.initiate(nil))
            case .initiating:
                guard !challenge.isEmpty else { return self.fail(ClientFailure(.malformedChallenge)) }
                return self.initiated(try self.context.initiate(challenge))
            case .awaitingOffer:
                return try self.choose(from: try self.context.unwrap(challenge))
            case .chosen, .failed:
                return self.fail(ClientFailure(.outOfSequence))
            }
        } catch {
            return self.fail(ClientFailure(.securityContext(error)))
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        // Before the choice the server has not proved that it holds the key.
        if case .chosen = self.state { return .succeeded }
        return .failed(ClientFailure(.serverNotAuthenticated))
    }

    private mutating func initiated(_ initiation: SecurityContextInitiation) -> ClientStep {
        switch initiation {
        case .continueNeeded(let token):
            self.state = .initiating
            return .respond(token)
        case .established(let token):
            self.state = .awaitingOffer
            return .respond(token ?? [])
        }
    }

    private mutating func choose(from offer: [UInt8]) throws(SecurityContextFailure) -> ClientStep {
        guard offer.count == SecurityLayer.offer.count else { return self.fail(ClientFailure(.malformedChallenge)) }
        guard SecurityLayer.isOffered(in: offer) else { return self.fail(ClientFailure(.securityLayerRequired)) }
        let response = try self.context.wrap(self.choice.octets)
        self.state = .chosen
        return .respond(response)
    }

    private mutating func fail(_ failure: ClientFailure) -> ClientStep {
        self.state = .failed
        return .failed(failure)
    }
}

extension ClientFailure.Reason {
    /// The GSS library said no: no ticket, an expired one, no KDC, a server that is another.
    public static func securityContext(_ failure: SecurityContextFailure) -> Self { Self("GSS-API: \(failure)") }
    /// The server wants a security layer, which this library has not: TLS is to protect the connection.
    public static let securityLayerRequired = Self("the server demands a security layer")
}
