/// The server's side of GSSAPI (RFC 4752 §3.2), without a security layer.
///
/// ```
/// C: AUTH GSSAPI
/// S: 334
/// C: YIIC… (the ticket)
/// S: 334 YIGa… (the server's own proof)
/// C: (empty)
/// S: 334 BQQF… (wrapped: which layers there are)
/// C: BQQE… (wrapped: none of them, and whom to act as)
/// S: 235 2.7.0 Authentication succeeded
/// ```
struct GSSAPIServer: ServerMechanism {
    private enum State {
        /// → `awaitingToken`, `accepting`, `finished`
        case idle
        /// The client owes a token. → `accepting`, `finished`
        case awaitingToken
        /// A token is being looked at. → `awaitingToken`, `awaitingNothing`, `wrapping`, `finished`
        case accepting
        /// The last token was sent, which an empty response answers. → `wrapping`, `finished`
        case awaitingNothing(principal: String)
        /// The offer is being wrapped. → `awaitingChoice`, `finished`
        case wrapping(principal: String)
        /// The offer was sent. → `unwrapping`, `finished`
        case awaitingChoice(principal: String)
        /// The client's choice is being opened. → `naming`, `finished`
        case unwrapping(principal: String)
        /// Whom the principal stands for is being looked up. → `finished`
        case naming(principal: String, authorizationIdentity: String?)
        case finished
    }

    /// Kerberos needs one token, or two with DCE style; a peer that goes on for ever is none.
    private static let maximumTokens = 8

    private let context: any SecurityContextAcceptor
    private var state: State = .idle
    private var tokens = 0

    var name: MechanismName { .gssapi }

    init(context: any SecurityContextAcceptor) {
        self.context = context
    }

    mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        guard case .idle = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        switch initialResponse {
        case .absent:
            self.state = .awaitingToken
            return .challenge([])
        case .present(let token):
            return self.receivedToken(token)
        }
    }

    mutating func received(response: [UInt8]) -> ServerStep {
        switch self.state {
        case .awaitingToken:
            return self.receivedToken(response)
        case .awaitingNothing(let principal):
            guard response.isEmpty else { return self.fail(ServerFailure(.malformed)) }
            return self.offerLayers(principal)
        case .awaitingChoice(let principal):
            // An empty one is no wrap token; asking the library would only cost time.
            guard !response.isEmpty else { return self.fail(ServerFailure(.malformed)) }
            self.state = .unwrapping(principal: principal)
            return self.ask(.unwrap(token: response))
        case .idle, .accepting, .wrapping, .unwrapping, .naming, .finished:
            return self.fail(ServerFailure(.outOfSequence))
        }
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        switch (self.state, answer) {
        case (.accepting, .securityContext(.accepted(let acceptance))):
            return self.accepted(acceptance)
        case (.wrapping(let principal), .securityContext(.octets(let token))):
            self.state = .awaitingChoice(principal: principal)
            return .challenge(token)
        case (.unwrapping(let principal), .securityContext(.octets(let octets))):
            return self.chosen(octets, principal)
        case (.accepting, .securityContext(.failed(let failure))),
            (.wrapping, .securityContext(.failed(let failure))), (.unwrapping, .securityContext(.failed(let failure))):
            return self.fail(
                ServerFailure(
                    failure.kind == .defectiveToken ? .malformed : .wrongCredentials,
                    authenticationIdentity: self.principal
                )
            )
        case (.naming(let principal, let authorizationIdentity), .principal(let identity)):
            guard let identity else {
                return self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: principal))
            }
            self.state = .finished
            return .succeeded(
                AuthenticatedIdentity(authenticationIdentity: identity, authorizationIdentity: authorizationIdentity),
                finalData: nil
            )
        case (.accepting, _), (.wrapping, _), (.unwrapping, _), (.naming, _):
            return self.fail(ServerFailure(.unexpectedAnswer, authenticationIdentity: self.principal))
        case (.idle, _), (.awaitingToken, _), (.awaitingNothing, _), (.awaitingChoice, _), (.finished, _):
            return self.fail(ServerFailure(.outOfSequence))
        }
    }

    // MARK: Steps

    private mutating func receivedToken(_ token: [UInt8]) -> ServerStep {
        self.tokens += 1
        guard !token.isEmpty, self.tokens <= Self.maximumTokens else { return self.fail(ServerFailure(.malformed)) }
        self.state = .accepting
        return self.ask(.accept(token: token))
    }

    private mutating func accepted(_ acceptance: SecurityContextAcceptance) -> ServerStep {
        switch acceptance {
        case .continueNeeded(let token):
            self.state = .awaitingToken
            return .challenge(token)
        case .established(let principal, let token?) where !token.isEmpty:
            self.state = .awaitingNothing(principal: principal)
            return .challenge(token)
        case .established(let principal, _):
            // The client did not ask for the server's proof (`mutual_req_flag`).
            return self.offerLayers(principal)
        }
    }

    private mutating func offerLayers(_ principal: String) -> ServerStep {
        self.state = .wrapping(principal: principal)
        return self.ask(.wrap(SecurityLayer.offer))
    }

    private mutating func chosen(_ octets: [UInt8], _ principal: String) -> ServerStep {
        let choice: SecurityLayer.Choice
        do throws(ServerFailure) {
            choice = try SecurityLayer.Choice(parsing: octets)
        } catch {
            return self.fail(ServerFailure(error.reason, authenticationIdentity: principal))
        }
        // A client that names its own principal asks for nothing more than one that names nobody.
        let other = choice.authorizationIdentity.flatMap { $0.utf8.elementsEqual(principal.utf8) ? nil : $0 }
        self.state = .naming(principal: principal, authorizationIdentity: other)
        return .question(.principal(PrincipalQuestion(principal: principal, authorizationIdentity: other)))
    }

    private func ask(_ call: SecurityContextQuestion.Call) -> ServerStep {
        .question(.securityContext(SecurityContextQuestion(context: self.context, call: call)))
    }

    private var principal: String? {
        switch self.state {
        case .awaitingNothing(let principal), .wrapping(let principal), .awaitingChoice(let principal),
            .unwrapping(let principal), .naming(let principal, _):
            principal
        case .idle, .awaitingToken, .accepting, .finished: nil
        }
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
