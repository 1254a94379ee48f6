import SASL

/// Both sides of one exchange in memory, with a hand in between.
struct Exchange {
    /// Who said a message.
    enum Speaker: Hashable, Sendable {
        case client
        case server
    }

    /// How it ended for both sides.
    struct Outcome {
        var server: ServerStep?
        var client: ClientOutcome?
        /// What was said, before it was tampered with.
        var transcript: [(speaker: Speaker, octets: [UInt8])] = []

        var identity: AuthenticatedIdentity? {
            guard case .succeeded(let identity, _) = self.server else { return nil }
            return identity
        }

        var failure: ServerFailure? {
            guard case .failed(let failure) = self.server else { return nil }
            return failure
        }

        /// Both sides are content.
        var succeeded: Bool { self.identity != nil && self.client == .succeeded }
    }

    var accounts: [String: String] = ["user": "pencil"]
    var principals: [String: String] = ["alice@EXAMPLE.ORG": "alice"]
    var iterations = 16
    /// Where final data goes: along with the success, or as a challenge before it.
    var sendsFinalDataAsChallenge = false

    static let nonce = Array("0123456789abcdefghijklmn".utf8)
    static let time: Int64 = 1_700_000_000

    /// Runs the exchange. `tamper` sees every message with its index and returns what arrives.
    func run(
        client: any ClientMechanism,
        server: any ServerMechanism,
        usesInitialResponse: Bool = true,
        tamper: (Int, Speaker, [UInt8]) -> [UInt8] = { $2 }
    ) -> Outcome {
        var client = client
        var server = server
        var outcome = Outcome()

        func pass(_ octets: [UInt8], from speaker: Speaker) -> [UInt8] {
            outcome.transcript.append((speaker, octets))
            return tamper(outcome.transcript.count - 1, speaker, octets)
        }

        var step: ServerStep
        if usesInitialResponse, case .present(let octets) = client.start() {
            step = server.received(.present(pass(octets, from: .client)))
        } else {
            step = server.received(.absent)
        }
        while true {
            switch step {
            case .challenge(let octets):
                switch client.received(challenge: pass(octets, from: .server)) {
                case .respond(let response):
                    step = server.received(response: pass(response, from: .client))
                case .failed(let failure):
                    outcome.client = .failed(failure)
                    return outcome
                }
            case .question(let question):
                step = server.received(self.answer(question))
            case .succeeded(_, .some(let finalData)) where self.sendsFinalDataAsChallenge:
                outcome.server = step
                switch client.received(challenge: pass(finalData, from: .server)) {
                case .respond(let response):
                    outcome.client = response.isEmpty ? client.receivedSuccess(finalData: nil) : nil
                case .failed(let failure):
                    outcome.client = .failed(failure)
                }
                return outcome
            case .succeeded(_, let finalData):
                outcome.server = step
                outcome.client = client.receivedSuccess(finalData: finalData.map { pass($0, from: .server) })
                return outcome
            case .failed:
                outcome.server = step
                return outcome
            }
        }
    }

    /// A back end over `accounts`.
    func answer(_ question: ServerQuestion) -> ServerAnswer {
        let password = self.accounts[question.authenticationIdentity].map { Secret($0) }
        switch question {
        case .password(let credentials):
            return .password(accepted: credentials.password == password)
        case .sharedSecret:
            return .sharedSecret(password)
        case .external:
            return .external(identity: "user")
        case .securityContext(let question):
            return .securityContext(question.perform())
        case .principal(let question):
            return .principal(identity: self.principals[question.principal])
        case .bearerToken(let question):
            guard let identity = question.claimedIdentity, let password, question.token == password else {
                return .bearerToken(.refused(BearerTokenError(scope: "mail")))
            }
            return .bearerToken(.accepted(identity: identity))
        case .scram(let question):
            let fake = SCRAMCredential.fake(
                for: question.authenticationIdentity,
                key: Secret("key of this server"),
                hash: question.hash,
                iterations: self.iterations
            )
            guard let password else { return .scram(fake) }
            do {
                return .scram(
                    try SCRAMCredential(
                        password: password,
                        salt: Array("salt".utf8),
                        iterations: self.iterations,
                        hash: question.hash
                    )
                )
            } catch {
                return .scram(fake)
            }
        }
    }

    /// The mechanisms that prove a password; the others have suites of their own.
    static let passwordMechanisms = ServerMechanisms.available.filter {
        ![.gssapi, .external, .oauthBearer, .xoauth2].contains($0)
    }

    /// What both ends of these exchanges see of the TLS connection between them.
    static let bindings = ChannelBindings([.tlsExporter: Array(repeating: 0xb1, count: 32)])

    static func server(_ name: MechanismName) -> any ServerMechanism {
        guard
            let server = ServerMechanisms.make(
                name,
                context: ServerMechanismContext(
                    nonce: Array("server's own nonce octets".utf8),
                    hostname: "mail.example.org",
                    secondsSince1970: time,
                    channelBindings: bindings
                )
            )
        else { fatalError("no server for \(name)") }
        return server
    }

    static func client(
        _ name: MechanismName,
        user: String = "user",
        password: String = "pencil",
        authorizationIdentity: String? = nil
    ) -> any ClientMechanism {
        guard
            let client = ClientMechanisms.make(
                name,
                credentials: ClientCredentials(
                    authenticationIdentity: user,
                    authorizationIdentity: authorizationIdentity,
                    password: Secret(password)
                ),
                nonce: nonce,
                iterations: SCRAMIterationLimits(minimum: 1, maximum: 100_000),
                channelBindings: name.bindsToChannel ? bindings : .none
            )
        else { fatalError("no client for \(name)") }
        return client
    }
}

extension ServerStep {
    var failure: ServerFailure? {
        guard case .failed(let failure) = self else { return nil }
        return failure
    }

    var challenge: [UInt8]? {
        guard case .challenge(let octets) = self else { return nil }
        return octets
    }

    var question: ServerQuestion? {
        guard case .question(let question) = self else { return nil }
        return question
    }

    var password: PasswordCredentials? {
        guard case .question(.password(let credentials)) = self else { return nil }
        return credentials
    }
}

extension ClientStep {
    var failure: ClientFailure? {
        guard case .failed(let failure) = self else { return nil }
        return failure
    }

    var response: [UInt8]? {
        guard case .respond(let octets) = self else { return nil }
        return octets
    }
}
