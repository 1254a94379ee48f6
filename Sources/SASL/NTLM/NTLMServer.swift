/// The server's side of NTLM (MS-NLMP, MS-SMTPNTLM).
///
/// ```
/// C: AUTH NTLM
/// S: 334
/// C: TlRMTVNTUAABAAAA…      NEGOTIATE
/// S: 334 TlRMTVNTUAACAAAA…  CHALLENGE
/// C: TlRMTVNTUAADAAAA…      AUTHENTICATE
/// S: 235 2.7.0 Authentication successful
/// ```
struct NTLMServer: ServerMechanism {
    private enum State {
        /// → `ready`, `challenged`, `finished`
        case idle
        /// The client owes its NEGOTIATE. → `challenged`, `finished`
        case ready
        /// The client owes its AUTHENTICATE. → `asked`, `finished`
        case challenged(NTLMNegotiate, NTLMChallenge)
        /// The shared secret is being looked up. → `finished`
        case asked(NTLMNegotiate, NTLMChallenge, NTLMAuthenticate, authenticationIdentity: String)
        case finished
    }

    /// What is agreed to if the client wants it.
    private static let understood: NTLMFlags = [
        .ntlm, .alwaysSign, .extendedSessionSecurity, .key128, .key56,
    ]

    private var state: State = .idle
    private let serverChallenge: [UInt8]
    private let hostname: String
    private let secondsSince1970: Int64
    private let allowsNTLMv1: Bool

    var name: MechanismName { .ntlm }

    /// - Parameters:
    ///   - nonce: Its first eight octets are the challenge.
    ///   - hostname: For the target information.
    ///   - allowsNTLMv1: Whether responses of 24 octets are looked at.
    init(nonce: [UInt8], hostname: String, secondsSince1970: Int64, allowsNTLMv1: Bool) {
        self.serverChallenge = Array(nonce.prefix(8))
        self.hostname = hostname
        self.secondsSince1970 = secondsSince1970
        self.allowsNTLMv1 = allowsNTLMv1
    }

    mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        guard case .idle = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        switch initialResponse {
        case .absent, .present([]):
            self.state = .ready
            return .challenge([])
        case .present(let message):
            return self.negotiate(message)
        }
    }

    mutating func received(response: [UInt8]) -> ServerStep {
        switch self.state {
        case .ready:
            return self.negotiate(response)
        case .challenged(let negotiate, let challenge):
            return self.authenticate(response, negotiate, challenge)
        case .idle, .asked, .finished:
            return self.fail(ServerFailure(.outOfSequence))
        }
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        guard case .asked(let negotiate, let challenge, let authenticate, let identity) = self.state else {
            return self.fail(ServerFailure(.outOfSequence))
        }
        guard case .sharedSecret(let secret) = answer else {
            return self.fail(ServerFailure(.unexpectedAnswer, authenticationIdentity: identity))
        }
        // The same work whether there is a secret or not.
        let password = (secret ?? Secret("no secret")).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        let verdict = self.verify(authenticate, negotiate, challenge, password: password ?? "")
        guard let secret, !secret.isEmpty, password != nil else {
            return self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: identity))
        }
        if let verdict {
            return self.fail(ServerFailure(verdict, authenticationIdentity: identity))
        }
        self.state = .finished
        return .succeeded(AuthenticatedIdentity(authenticationIdentity: identity), finalData: nil)
    }

    private mutating func negotiate(_ message: [UInt8]) -> ServerStep {
        guard let negotiate = NTLMNegotiate(parsing: message) else { return self.fail(ServerFailure(.malformed)) }
        let target = NTLMName.target(hostname: self.hostname)
        // Unicode where both are offered or neither is; target information always, or some clients go no further and
        // others fall back to NTLMv1.
        let isUnicode = negotiate.flags.contains(.unicode) || !negotiate.flags.contains(.oem)
        var flags = negotiate.flags.intersection(Self.understood)
        flags.formUnion([.ntlm, .requestTarget, .targetTypeServer, .targetInformation, isUnicode ? .unicode : .oem])
        let challenge = NTLMChallenge(
            flags: flags,
            targetName: isUnicode ? UTF16LE.encode(target) : Array(target.utf8),
            serverChallenge: self.serverChallenge,
            targetInformation: self.targetInformation(target: target)
        )
        self.state = .challenged(negotiate, challenge)
        return .challenge(challenge.octets)
    }

    private func targetInformation(target: String) -> NTLMTargetInformation {
        let host = self.hostname.isEmpty ? "localhost" : String(self.hostname.prefix(255))
        let domain = host.split(separator: ".", maxSplits: 1).dropFirst().first.map(String.init) ?? host
        return NTLMTargetInformation([
            .init(attribute: .domainName, value: UTF16LE.encode(target)),
            .init(attribute: .computerName, value: UTF16LE.encode(target)),
            .init(attribute: .dnsDomainName, value: UTF16LE.encode(domain)),
            .init(attribute: .dnsComputerName, value: UTF16LE.encode(host)),
            // A client that sees the time adds a MIC over all three messages (MS-NLMP §3.1.5.1.2).
            .init(attribute: .timestamp, value: FileTime.encode(secondsSince1970: self.secondsSince1970)),
        ])
    }

    private mutating func authenticate(
        _ message: [UInt8],
        _ negotiate: NTLMNegotiate,
        _ challenge: NTLMChallenge
    ) -> ServerStep {
        guard
            let authenticate = NTLMAuthenticate(
                parsing: message,
                agreedOnUnicode: challenge.flags.contains(.unicode)
            )
        else { return self.fail(ServerFailure(.malformed)) }
        let identity: String
        do {
            // Each part by itself too: a name that is empty but for its domain is none.
            _ = try Identity.prepare(authenticate.userName.utf8)
            identity = try Identity.prepare(
                NTLMName.identity(userName: authenticate.userName, domain: authenticate.domain).utf8
            )
        } catch {
            return self.fail(ServerFailure(.malformed))
        }
        if case .v1 = authenticate.response, !self.allowsNTLMv1 {
            return self.fail(ServerFailure(.ntlmV1NotAllowed, authenticationIdentity: identity))
        }
        self.state = .asked(negotiate, challenge, authenticate, authenticationIdentity: identity)
        return .question(
            .sharedSecret(SharedSecretQuestion(mechanism: self.name, authenticationIdentity: identity))
        )
    }

    /// - Returns: Why not; `nil` where the response is right.
    private func verify(
        _ authenticate: NTLMAuthenticate,
        _ negotiate: NTLMNegotiate,
        _ challenge: NTLMChallenge,
        password: String
    ) -> ServerFailure.Reason? {
        let ntHash = NTLMKeys.ntHash(password: password)
        switch authenticate.response {
        case .v1(let response):
            return self.isRight(response, lmResponse: authenticate.lmResponse, ntHash: ntHash) ? nil : .wrongCredentials
        case .v2(let proof, let blob, let targetInformation):
            let v2Hash = NTLMKeys.v2Hash(
                ntHash: ntHash,
                userName: authenticate.userName,
                domain: authenticate.domainOctets
            )
            let expected = NTLMKeys.v2Proof(v2Hash: v2Hash, serverChallenge: self.serverChallenge, blob: blob)
            guard ConstantTime.equals(expected, proof) else { return .wrongCredentials }
            guard targetInformation.flags & NTLMTargetInformation.hasIntegrityCode != 0 else { return nil }
            guard let integrityCode = authenticate.integrityCode else { return .messagesAltered }
            var sessionKey = NTLMKeys.v2SessionKey(v2Hash: v2Hash, proof: proof)
            if authenticate.flags.contains(.keyExchange) {
                guard authenticate.encryptedSessionKey.count == 16 else { return .messagesAltered }
                sessionKey = RC4.apply(key: sessionKey, to: authenticate.encryptedSessionKey)
            }
            let expectedCode = NTLMKeys.integrityCode(
                sessionKey: sessionKey,
                negotiate: negotiate.octets,
                challenge: challenge.octets,
                authenticate: authenticate.withoutIntegrityCode
            )
            return ConstantTime.equals(expectedCode, integrityCode) ? nil : .messagesAltered
        }
    }

    /// Whether the 24 octets are the NTLMv1 response, or the NTLM2 session one where the LM response has the form of that: the
    /// client's challenge and zeros.
    private func isRight(_ response: [UInt8], lmResponse: [UInt8], ntHash: [UInt8]) -> Bool {
        var isRight = ConstantTime.equals(
            NTLMKeys.v1Response(hash: ntHash, challenge: self.serverChallenge),
            response
        )
        if lmResponse.count == 24, lmResponse.dropFirst(8).allSatisfy({ $0 == 0 }) {
            let challenge = NTLMKeys.sessionChallenge(
                serverChallenge: self.serverChallenge,
                clientChallenge: lmResponse.prefix(8)
            )
            if ConstantTime.equals(NTLMKeys.v1Response(hash: ntHash, challenge: challenge), response) {
                isRight = true
            }
        }
        return isRight
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
