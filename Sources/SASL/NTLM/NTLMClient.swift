/// The client's side of NTLM (MS-NLMP, MS-SMTPNTLM): NTLMv2 responses only.
///
/// The server proves nothing, as in every NTLM exchange without a session layer.
struct NTLMClient: ClientMechanism {
    private struct Account {
        var name: String
        var password: String
    }

    private enum State {
        case unusable
        /// → `negotiated`
        case ready(Account)
        /// The NEGOTIATE is sent or, where the protocol could not carry it, still to be sent. → `authenticated`, `finished`
        case started(Account)
        case negotiated(Account)
        case authenticated
        case finished
    }

    private var state: State
    private let clientChallenge: [UInt8]
    private let negotiate = NTLMNegotiate(flags: [
        .unicode, .requestTarget, .ntlm, .alwaysSign, .extendedSessionSecurity, .targetInformation, .key128, .key56,
    ])

    var name: MechanismName { .ntlm }

    /// - Parameter nonce: Its first eight octets are the client's challenge.
    init(credentials: ClientCredentials, nonce: [UInt8]) {
        self.clientChallenge = Array(nonce.prefix(8))
        do {
            let name = try credentials.preparedAuthenticationIdentity()
            let password = try credentials.password.preparedPassword()
            guard !credentials.asksForOtherIdentity,
                let text = password.withUnsafeBytes({ String(validating: $0, as: UTF8.self) })
            else {
                self.state = .unusable
                return
            }
            self.state = .ready(Account(name: name, password: text))
        } catch {
            self.state = .unusable
        }
    }

    mutating func start() -> InitialResponse {
        guard case .ready(let account) = self.state else { return .absent }
        self.state = .started(account)
        return .present(self.negotiate.octets)
    }

    mutating func received(challenge message: [UInt8]) -> ClientStep {
        switch self.state {
        case .unusable:
            return .failed(ClientFailure(.unusableCredentials))
        case .ready(let account):
            self.state = .negotiated(account)
            return .respond(self.negotiate.octets)
        case .started(let account) where message.isEmpty:
            self.state = .negotiated(account)
            return .respond(self.negotiate.octets)
        case .started(let account), .negotiated(let account):
            guard let challenge = NTLMChallenge(parsing: message), challenge.flags.contains(.unicode) else {
                return self.fail(.malformedChallenge)
            }
            self.state = .authenticated
            return .respond(self.authenticate(account, challenge))
        case .authenticated, .finished:
            return self.fail(.outOfSequence)
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        let state = self.state
        self.state = .finished
        switch (state, finalData) {
        case (.authenticated, nil), (.authenticated, .some([])):
            return .succeeded
        case (.unusable, _), (.ready, _), (.started, _), (.negotiated, _), (.authenticated, _), (.finished, _):
            return .failed(ClientFailure(.outOfSequence))
        }
    }

    private func authenticate(_ account: Account, _ challenge: NTLMChallenge) -> [UInt8] {
        let (userName, domain) = NTLMName.split(
            account.name,
            fallback: UTF16LE.decode(challenge.targetName) ?? ""
        )
        let domainOctets = UTF16LE.encode(domain)
        var targetInformation = challenge.targetInformation ?? NTLMTargetInformation()
        let timestamp = targetInformation[.timestamp].flatMap { $0.count == 8 ? $0 : nil }
        // Always with a MIC, though MS-NLMP §3.1.5.1.2 asks for one only where the server sent its time: whoever can change the
        // challenge could take the time out. A server that knows no MIC does not look.
        let flags = targetInformation.flags | NTLMTargetInformation.hasIntegrityCode
        targetInformation.pairs.removeAll { $0.attribute == .flags }
        targetInformation.pairs.append(
            .init(attribute: .flags, value: (0..<4).map { UInt8(truncatingIfNeeded: flags >> (8 * UInt32($0))) })
        )
        // MS-NLMP §2.2.2.7. Without the server's time there is none: a mechanism has no clock.
        let blob: [UInt8] =
            [1, 1, 0, 0, 0, 0, 0, 0] + (timestamp ?? Array(repeating: 0, count: 8)) + self.clientChallenge
            + [0, 0, 0, 0] + targetInformation.encode() + [0, 0, 0, 0]
        let v2Hash = NTLMKeys.v2Hash(
            ntHash: NTLMKeys.ntHash(password: account.password),
            userName: userName,
            domain: domainOctets
        )
        let proof = NTLMKeys.v2Proof(v2Hash: v2Hash, serverChallenge: challenge.serverChallenge, blob: blob)
        // Zeros where the server sent its time (MS-NLMP §3.1.5.1.2).
        let lmResponse =
            timestamp != nil
            ? Array(repeating: 0, count: 24)
            : NTLMKeys.lmV2Response(
                v2Hash: v2Hash,
                serverChallenge: challenge.serverChallenge,
                clientChallenge: self.clientChallenge
            )

        var writer = NTLMWriter(type: 3, headerOctets: NTLMAuthenticate.integrityCodeRange.upperBound)
        writer.appendField(lmResponse)
        writer.appendField(proof + blob)
        writer.appendField(domainOctets)
        writer.appendField(UTF16LE.encode(userName))
        writer.appendField([])
        writer.appendField([])
        writer.append(challenge.flags.intersection(self.negotiate.flags).rawValue)
        var message = writer.message
        let code = NTLMKeys.integrityCode(
            sessionKey: NTLMKeys.v2SessionKey(v2Hash: v2Hash, proof: proof),
            negotiate: self.negotiate.octets,
            challenge: challenge.octets,
            authenticate: message
        )
        message.replaceSubrange(NTLMAuthenticate.integrityCodeRange, with: code)
        return message
    }

    private mutating func fail(_ reason: ClientFailure.Reason) -> ClientStep {
        self.state = .finished
        return .failed(ClientFailure(reason))
    }
}
