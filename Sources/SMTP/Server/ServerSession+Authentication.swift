internal import MailSyntax
public import SASL

extension ServerSession {
    /// The mechanisms that may be used now, in the configured order.
    ///
    /// Over STARTTLS listeners none before TLS: what follows the login is mail in the clear.
    public var offeredMechanisms: [MechanismName] {
        guard self.configuration.service == .submission else { return [] }
        if self.isTLS { return self.configuration.mechanisms.filter(self.isUsable) }
        switch self.configuration.security {
        case .implicit, .startTLS: return []
        case .none:
            return self.configuration.mechanisms.filter {
                self.isUsable($0) && (self.configuration.allowsClearTextWithoutTLS || !$0.revealsPassword)
            }
        }
    }

    /// Whether the connection has what the mechanism rests on.
    private func isUsable(_ name: MechanismName) -> Bool {
        if name.bindsToChannel { return !self.tlsFacts.channelBindings.isEmpty }
        return name == .external ? self.tlsFacts.hasClientCertificate : true
    }

    mutating func receivedAuth(
        _ name: MechanismName,
        initialResponse text: [UInt8]?,
        seed: () -> ExchangeSeed
    ) -> ServerAction {
        guard self.configuration.service == .submission, !self.configuration.mechanisms.isEmpty else {
            return self.refuseCommand(.notImplemented)
        }
        guard self.account == nil else { return self.refuseCommand(.secondAuthentication) }
        guard self.transaction == nil else { return self.refuseCommand(.authenticationInTransaction) }
        guard self.configuration.mechanisms.contains(name) else { return self.refuseCommand(.unknownMechanism) }
        let offered = self.offeredMechanisms
        guard offered.contains(name) else {
            return self.refuseCommand(self.isTLS ? .unknownMechanism : .encryptionRequired)
        }
        guard self.clientName != nil else { return self.refuseCommand(.sendGreetingFirst) }
        guard self.authenticationFailures < self.configuration.maximumAuthenticationFailures else {
            self.state = .closed
            return .close(.tooManyFailures)
        }
        let response: InitialResponse
        switch text {
        case nil: response = .absent
        case [UInt8(ascii: "=")]: response = .present([])
        case .some(let encoded):
            guard let decoded = Base64.decode(encoded) else { return self.refuseCommand(.badBase64) }
            response = .present(decoded)
        }
        let fresh = seed()
        guard
            let made = ServerMechanisms.make(
                name,
                context: ServerMechanismContext(
                    nonce: fresh.nonce,
                    hostname: self.configuration.hostname,
                    secondsSince1970: fresh.secondsSince1970,
                    channelBindings: self.tlsFacts.channelBindings,
                    offersChannelBinding: offered.contains { $0.bindsToChannel },
                    allowsNTLMv1: self.configuration.allowsNTLMv1
                )
            )
        else { return self.refuseCommand(.unknownMechanism) }
        // SMTP has no field for data with success.
        var mechanism = FinalDataAsChallenge(made)
        let step = mechanism.received(response)
        self.mechanism = mechanism
        self.mechanismName = name
        return self.take(step)
    }

    mutating func receivedResponse(_ line: UnsafeRawBufferPointer) -> ServerAction {
        if line.count == 1, line.first == UInt8(ascii: "*") {
            self.mechanism = nil
            self.state = .command
            return self.refuseCommand(.cancelled)
        }
        guard let response = Base64.decode(line) else {
            self.mechanism = nil
            self.state = .command
            return self.refuseCommand(.badBase64)
        }
        guard let step = self.mechanism?.received(response: response) else {
            self.state = .command
            return self.refuseCommand(.malformedResponse)
        }
        return self.take(step)
    }

    mutating func receivedAuthenticationAnswer(_ answer: SessionAnswer) -> ServerAction {
        switch answer {
        case .authentication(let answer):
            guard let step = self.mechanism?.received(answer) else { return .reply(.authenticationUnavailable) }
            return self.take(step)
        case .refused(let reply):
            self.mechanism = nil
            if !reply.isTransient { self.authenticationFailures += 1 }
            return .reply(reply)
        default:
            self.mechanism = nil
            return .reply(.authenticationUnavailable)
        }
    }

    mutating func receivedAuthenticationVerdict(_ answer: SessionAnswer, isMalformed: Bool) -> ServerAction {
        self.mechanism = nil
        switch answer {
        case .authenticated(let account):
            self.account = account
            return .reply(.authenticationSucceeded)
        case .refused(let reply):
            if !reply.isTransient { self.authenticationFailures += 1 }
            return .reply(isMalformed ? .malformedResponse : reply)
        default:
            return .reply(.authenticationUnavailable)
        }
    }

    private mutating func take(_ step: ServerStep) -> ServerAction {
        switch step {
        case .challenge(let octets):
            self.state = .exchange
            return .reply(.challenge(octets))
        case .question(let question):
            return self.ask(.authentication(question), .authentication)
        case .succeeded(let identity, _):
            return self.finish(.succeeded(identity), isMalformed: false)
        case .failed(let failure):
            return self.finish(.failed(failure), isMalformed: failure.isMalformed)
        }
    }

    private mutating func finish(_ result: AuthenticationOutcome.Result, isMalformed: Bool) -> ServerAction {
        guard let name = self.mechanismName else {
            self.state = .command
            return .reply(.authenticationUnavailable)
        }
        return self.ask(
            .authenticationEnded(AuthenticationOutcome(mechanism: name, result: result)),
            .authenticationEnded(isMalformed: isMalformed)
        )
    }
}

extension Reply {
    /// `334` with a base64 challenge (RFC 4954 §4).
    static func challenge(_ octets: [UInt8]) -> Reply {
        Reply(334, nil, String(decoding: Base64.encode(octets), as: UTF8.self))
    }
}
