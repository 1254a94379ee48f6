/// The server's side of SCRAM without channel binding (RFC 5802, RFC 7677).
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

    private var state: State = .idle
    private let hash: SCRAMHash
    /// This server's part of the nonce, printable.
    private let serverNonce: [UInt8]

    var name: MechanismName { self.hash.mechanism }

    init(hash: SCRAMHash, nonce: [UInt8]) {
        self.init(hash: hash, printableNonce: SCRAMBase64.encode(nonce))
    }

    init(hash: SCRAMHash, printableNonce: [UInt8]) {
        self.hash = hash
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
        // The header again, now under the proof: someone between may have changed `y` to `n` (RFC 5802 §6).
        guard message.channelBinding == SCRAMBase64.encode(clientFirst.gs2Header) else {
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

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
