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
            credential.serverKey.count == self.hash.outputOctets,
            credential.alternatives.allSatisfy({
                $0.storedKey.count == self.hash.outputOctets && $0.serverKey.count == self.hash.outputOctets
            })
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
        let serverKey: [UInt8]
        let label: Int64?
        switch self.proved(by: message.proof, authMessage, credential) {
        case nil:
            return self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: identity))
        case .credential:
            (serverKey, label) = (credential.serverKey, nil)
        case .alternative(let alternative) where alternative.isAccepted:
            (serverKey, label) = (alternative.serverKey, alternative.label)
        case .alternative(let alternative):
            return self.fail(
                ServerFailure(.wrongCredentials, authenticationIdentity: identity, alternative: alternative.label)
            )
        }
        let serverSignature = self.hash.authenticationCode(of: authMessage, key: serverKey)
        self.state = .finished
        return .succeeded(
            AuthenticatedIdentity(
                authenticationIdentity: identity,
                authorizationIdentity: clientFirst.authorizationIdentity,
                alternative: label
            ),
            finalData: SCRAMServerFinal.octets(signature: serverSignature)
        )
    }

    private enum Proved {
        case credential
        case alternative(SCRAMAlternative)
    }

    /// Which password the proof is made of.
    ///
    /// Every key is tried whatever the ones before it said, and never fewer than eight times: neither which password it was shows in the
    /// time, nor whether there are any besides the first, which would tell an account from a name that nobody has.
    private func proved(by proof: [UInt8], _ authMessage: [UInt8], _ credential: SCRAMCredential) -> Proved? {
        func fits(_ storedKey: [UInt8]) -> Bool {
            let clientSignature = self.hash.authenticationCode(of: authMessage, key: storedKey)
            let clientKey = zip(proof, clientSignature).map { $0 ^ $1 }
            return ConstantTime.equals(self.hash.digest(clientKey), storedKey)
        }
        var proved: Proved?
        let step = 8
        let rounds = (1 + credential.alternatives.count + step - 1) / step * step
        for round in 0..<rounds {
            if round > 0, round <= credential.alternatives.count {
                let alternative = credential.alternatives[round - 1]
                if fits(alternative.storedKey), proved == nil { proved = .alternative(alternative) }
            } else if fits(credential.storedKey), round == 0 {
                proved = .credential
            }
        }
        return proved
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
