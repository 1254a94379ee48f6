/// The server's side of SCRAM and of its -PLUS form with channel binding (RFC 5802, RFC 7677).
///
/// ```
/// C: n,,n=user,r=rOprNGfwEbeRWgbNEkqO
/// S: r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096
/// C: c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=
/// S: v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=
/// ```
struct SCRAMServer: ServerMechanism {
    private enum State {
        /// → `challenged`, `asked`, `finished`
        case idle
        /// The client owes its first message. → `asked`, `finished`
        case challenged
        /// The credential is being looked up. → `sentSalt`, `finished`
        case asked(SCRAMClientFirst)
        /// The client owes its proof. → `finished`
        case sentSalt(SCRAMClientFirst, SCRAMServerFirst, SCRAMCredential)
        case finished
    }

    /// Whether this exchange is bound to its connection.
    enum Binding: Sendable {
        /// The plain form; `isOffered`: a -PLUS form was offered beside it.
        case absent(isOffered: Bool)
        /// The -PLUS form.
        case required(ChannelBindings)
    }

    private var state: State = .idle
    private let hash: SCRAMHash
    private let binding: Binding
    /// This server's part of the nonce, printable.
    private let serverNonce: [UInt8]

    var name: MechanismName {
        if case .required = self.binding { return self.hash.bindingMechanism }
        return self.hash.mechanism
    }

    init(hash: SCRAMHash, nonce: [UInt8], binding: Binding = .absent(isOffered: false)) {
        self.init(hash: hash, printableNonce: SCRAMBase64.encode(nonce), binding: binding)
    }

    init(hash: SCRAMHash, printableNonce: [UInt8], binding: Binding = .absent(isOffered: false)) {
        self.hash = hash
        self.binding = binding
        self.serverNonce = printableNonce
    }

    mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        guard case .idle = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        switch initialResponse {
        case .absent:
            self.state = .challenged
            return .challenge([])
        case .present(let message):
            return self.receivedClientFirst(message)
        }
    }

    mutating func received(response: [UInt8]) -> ServerStep {
        switch self.state {
        case .challenged:
            return self.receivedClientFirst(response)
        case .sentSalt(let clientFirst, let serverFirst, let credential):
            return self.receivedClientFinal(response, clientFirst, serverFirst, credential)
        case .idle, .asked, .finished:
            return self.fail(ServerFailure(.outOfSequence))
        }
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        guard case .asked(let clientFirst) = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        guard case .scram(let credential) = answer, credential.hash == self.hash, !credential.salt.isEmpty,
            credential.iterations >= 1, credential.storedKey.count == self.hash.outputOctets,
            credential.serverKey.count == self.hash.outputOctets
        else {
            return self.fail(
                ServerFailure(.unexpectedAnswer, authenticationIdentity: clientFirst.authenticationIdentity)
            )
        }
        let serverFirst = SCRAMServerFirst(
            nonce: clientFirst.nonce + self.serverNonce,
            salt: credential.salt,
            iterations: credential.iterations
        )
        self.state = .sentSalt(clientFirst, serverFirst, credential)
        return .challenge(serverFirst.octets)
    }

    private mutating func receivedClientFirst(_ octets: [UInt8]) -> ServerStep {
        let message: SCRAMClientFirst
        do {
            message = try SCRAMClientFirst(parsing: octets)
        } catch {
            return self.fail(error)
        }
        guard self.bindingData(for: message) != nil else {
            return self.fail(
                ServerFailure(.channelBindingMismatch, authenticationIdentity: message.authenticationIdentity)
            )
        }
        self.state = .asked(message)
        return .question(
            .scram(
                SCRAMQuestion(
                    mechanism: self.name,
                    authenticationIdentity: message.authenticationIdentity,
                    authorizationIdentity: message.authorizationIdentity,
                    hash: self.hash
                )
            )
        )
    }

    private mutating func receivedClientFinal(
        _ octets: [UInt8],
        _ clientFirst: SCRAMClientFirst,
        _ serverFirst: SCRAMServerFirst,
        _ credential: SCRAMCredential
    ) -> ServerStep {
        let identity = clientFirst.authenticationIdentity
        guard let message = SCRAMClientFinal(parsing: octets, hash: self.hash) else {
            return self.fail(ServerFailure(.malformed, authenticationIdentity: identity))
        }
        // The header again, now under the proof, and what the connection is bound to: someone between may have changed `y` to
        // `n`, or may stand between two TLS connections (RFC 5802 §6).
        guard let bindingData = self.bindingData(for: clientFirst),
            ConstantTime.equals(
                message.channelBinding,
                SCRAMBase64.encode(clientFirst.gs2Header + bindingData)
            )
        else {
            return self.fail(ServerFailure(.channelBindingMismatch, authenticationIdentity: identity))
        }
        // Another nonce is a replay of another exchange.
        guard ConstantTime.equals(message.nonce, serverFirst.nonce) else {
            return self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: identity))
        }
        let authMessage = SCRAMGrammar.authMessage(
            clientFirstBare: clientFirst.bare,
            serverFirst: serverFirst.octets,
            clientFinalWithoutProof: message.withoutProof
        )
        let clientSignature = self.hash.authenticationCode(of: authMessage, key: credential.storedKey)
        let clientKey = zip(message.proof, clientSignature).map { $0 ^ $1 }
        guard ConstantTime.equals(self.hash.digest(clientKey), credential.storedKey) else {
            return self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: identity))
        }
        let serverSignature = self.hash.authenticationCode(of: authMessage, key: credential.serverKey)
        self.state = .finished
        return .succeeded(
            AuthenticatedIdentity(
                authenticationIdentity: identity,
                authorizationIdentity: clientFirst.authorizationIdentity
            ),
            finalData: SCRAMServerFinal.octets(signature: serverSignature)
        )
    }

    /// What the client's header must be followed by under the proof; nil when header and mechanism contradict each other.
    private func bindingData(for message: SCRAMClientFirst) -> [UInt8]? {
        switch (self.binding, message.flag) {
        case (.absent, .unsupported), (.absent(isOffered: false), .notOffered): []
        // It could bind, -PLUS was offered, and yet it believes the contrary: somebody took the offer out.
        case (.absent(isOffered: true), .notOffered), (.absent, .binds): nil
        case (.required(let bindings), .binds(let type)): bindings.data[type]
        case (.required, .unsupported), (.required, .notOffered): nil
        }
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
