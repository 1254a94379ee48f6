/// The client's side of SCRAM and of its -PLUS form with channel binding (RFC 5802, RFC 7677).
///
/// The server's signature may come as a challenge, which is answered with an empty response, or along with the success
/// (RFC 4422 §3.6); one of the two must come.
struct SCRAMClient: ClientMechanism {
    private struct Prepared: Sendable {
        var gs2Header: [UInt8]
        var bare: [UInt8]
        var password: Secret
        /// What the connection is bound to; empty without binding.
        var bindingData: [UInt8]

        var clientFirst: [UInt8] { self.gs2Header + self.bare }
    }

    private enum State {
        case unusable
        /// → `started`
        case ready(Prepared)
        /// Our first message is under way as an initial response. → `awaitingServerFirst`, `awaitingServerFinal`
        case started(Prepared)
        /// Our first message is under way as a response. → `awaitingServerFinal`
        case awaitingServerFirst(Prepared)
        /// Our proof is under way. → `serverAuthenticated`
        case awaitingServerFinal(serverSignature: [UInt8])
        /// The server knows the verifier; it may report success.
        case serverAuthenticated
        case failed
    }

    private var state: State
    private let hash: SCRAMHash
    private let nonce: [UInt8]
    private let iterations: SCRAMIterationLimits
    private let binding: SCRAMClientBinding

    var name: MechanismName {
        if case .bound = self.binding { return self.hash.bindingMechanism }
        return self.hash.mechanism
    }

    init(
        hash: SCRAMHash,
        credentials: ClientCredentials,
        nonce: [UInt8],
        iterations: SCRAMIterationLimits,
        binding: SCRAMClientBinding = .unsupported
    ) {
        self.init(
            hash: hash,
            credentials: credentials,
            printableNonce: SCRAMBase64.encode(nonce),
            iterations: iterations,
            binding: binding
        )
    }

    init(
        hash: SCRAMHash,
        credentials: ClientCredentials,
        printableNonce: [UInt8],
        iterations: SCRAMIterationLimits = .standard,
        binding: SCRAMClientBinding = .unsupported
    ) {
        self.hash = hash
        self.binding = binding
        self.nonce = printableNonce
        self.iterations = iterations
        do {
            let authenticationIdentity = try credentials.preparedAuthenticationIdentity()
            let authorization =
                if let identity = try credentials.preparedAuthorizationIdentity() {
                    Array("a=".utf8) + SCRAMGrammar.escape(identity)
                } else {
                    [UInt8]()
                }
            self.state = .ready(
                Prepared(
                    gs2Header: Array("\(binding.flag),".utf8) + authorization + Array(",".utf8),
                    bare: Array("n=".utf8) + SCRAMGrammar.escape(authenticationIdentity) + Array(",r=".utf8)
                        + printableNonce,
                    password: try credentials.password.preparedPassword(),
                    bindingData: binding.data
                )
            )
        } catch {
            self.state = .unusable
        }
    }

    mutating func start() -> InitialResponse {
        guard case .ready(let prepared) = self.state else { return .absent }
        self.state = .started(prepared)
        return .present(prepared.clientFirst)
    }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        switch self.state {
        case .unusable:
            return .failed(ClientFailure(.unusableCredentials))
        case .ready(let prepared):
            guard challenge.isEmpty else { return self.fail(ClientFailure(.outOfSequence)) }
            self.state = .awaitingServerFirst(prepared)
            return .respond(prepared.clientFirst)
        case .started(let prepared):
            if challenge.isEmpty {
                // The server asks for what the initial response has said already; it overlooked it.
                self.state = .awaitingServerFirst(prepared)
                return .respond(prepared.clientFirst)
            }
            return self.receivedServerFirst(challenge, prepared)
        case .awaitingServerFirst(let prepared):
            return self.receivedServerFirst(challenge, prepared)
        case .awaitingServerFinal(let serverSignature):
            if let failure = Self.check(challenge, serverSignature: serverSignature) { return self.fail(failure) }
            self.state = .serverAuthenticated
            return .respond([])
        case .serverAuthenticated, .failed:
            return self.fail(ClientFailure(.outOfSequence))
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        switch self.state {
        case .awaitingServerFinal(let serverSignature):
            // A server that skips its proof may be one that does not know the password at all (RFC 5802 §9).
            guard let finalData else { return .failed(ClientFailure(.serverNotAuthenticated)) }
            if let failure = Self.check(finalData, serverSignature: serverSignature) { return .failed(failure) }
            self.state = .serverAuthenticated
            return .succeeded
        case .serverAuthenticated:
            return .succeeded
        case .unusable, .ready, .started, .awaitingServerFirst, .failed:
            return .failed(ClientFailure(.serverNotAuthenticated))
        }
    }

    private mutating func receivedServerFirst(_ challenge: [UInt8], _ prepared: Prepared) -> ClientStep {
        let serverFirst: SCRAMServerFirst
        let keys: SCRAMKeys
        do {
            serverFirst = try SCRAMServerFirst(
                parsing: challenge,
                clientNonce: self.nonce,
                limits: self.iterations
            )
        } catch {
            return self.fail(error)
        }
        do {
            keys = try SCRAMKeys(
                preparedPassword: prepared.password,
                salt: serverFirst.salt,
                iterations: serverFirst.iterations,
                hash: self.hash
            )
        } catch {
            return self.fail(ClientFailure(.iterationCountRefused))
        }
        let withoutProof =
            Array("c=".utf8) + SCRAMBase64.encode(prepared.gs2Header + prepared.bindingData) + Array(",r=".utf8)
            + serverFirst.nonce
        // Signed over the octets that came, extensions and all.
        let authMessage = SCRAMGrammar.authMessage(
            clientFirstBare: prepared.bare,
            serverFirst: challenge,
            clientFinalWithoutProof: withoutProof
        )
        let storedKey = self.hash.digest(keys.clientKey)
        let clientSignature = self.hash.authenticationCode(of: authMessage, key: storedKey)
        let proof = zip(keys.clientKey, clientSignature).map { $0 ^ $1 }
        self.state = .awaitingServerFinal(
            serverSignature: self.hash.authenticationCode(of: authMessage, key: keys.serverKey)
        )
        return .respond(withoutProof + Array(",p=".utf8) + SCRAMBase64.encode(proof))
    }

    private static func check(_ serverFinal: [UInt8], serverSignature: [UInt8]) -> ClientFailure? {
        do {
            let signature = try SCRAMServerFinal.signature(parsing: serverFinal)
            return ConstantTime.equals(signature, serverSignature) ? nil : ClientFailure(.serverNotAuthenticated)
        } catch {
            return error
        }
    }

    private mutating func fail(_ failure: ClientFailure) -> ClientStep {
        self.state = .failed
        return .failed(failure)
    }
}
