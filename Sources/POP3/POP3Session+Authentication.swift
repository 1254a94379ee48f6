internal import MailSyntax
internal import SASL
public import SMTP

extension POP3Session {
    /// The mechanisms that may be used now, in the configured order.
    var offeredMechanisms: [MechanismName] {
        self.configuration.mechanisms.filter { name in
            if name.bindsToChannel { return self.isTLS && !self.channelBindings.isEmpty }
            if name == .gssapi, self.configuration.makeSecurityContext == nil { return false }
            if name == .external { return self.isTLS && self.hasClientCertificate }
            guard !self.isTLS else { return true }
            switch self.configuration.security {
            case .startTLS, .implicit: return false
            case .none: return self.configuration.allowsClearTextWithoutTLS || !name.revealsPassword
            }
        }
    }

    /// USER and PASS are a password in clear text like PLAIN and LOGIN.
    var offersUserPass: Bool {
        self.offeredMechanisms.contains { $0 == .plain || $0 == .login }
    }

    mutating func receivedUser(_ name: [UInt8]) -> POP3Action {
        guard self.offersUserPass else {
            guard self.isTLS else { return self.refuse(.encryptionRequired, .login, .encryptionRequired) }
            return self.refuse(.badSequence, .login, .notOffered)
        }
        self.userName = name
        // The same whether or not there is such an account.
        return .send(POP3Reply.ok("Password, please").octets)
    }

    /// LOGIN's exchange with both its answers at hand.
    mutating func receivedPass(_ password: Secret, seed: () -> ExchangeSeed) -> POP3Action {
        guard let userName = self.userName, self.offersUserPass else { return self.refuse(.badSequence) }
        self.userName = nil
        guard let refusal = self.begin(.login, seed: seed) else {
            let step = self.mechanism?.received(.present(userName))
            guard case .challenge = step else { return self.take(step) }
            return self.take(self.mechanism?.received(response: password.octets))
        }
        return refusal
    }

    mutating func receivedAuth(
        _ name: MechanismName?,
        initialResponse text: [UInt8]?,
        seed: () -> ExchangeSeed
    ) -> POP3Action {
        let offered = self.offeredMechanisms
        guard let name else {
            return .send(POP3Session.multiline("Mechanisms follow", offered.map(\.description)))
        }
        guard offered.contains(name) else {
            let isKnown = self.configuration.mechanisms.contains(name)
            if isKnown, !self.isTLS { return self.refuse(.encryptionRequired, name, .encryptionRequired) }
            let cause: AuthenticationNotice.Cause = isKnown && name == .external ? .noCertificate : .notOffered
            return self.refuse(.error("No such mechanism"), name, cause)
        }
        let response: InitialResponse
        switch text {
        case nil: response = .absent
        case [UInt8(ascii: "=")]: response = .present([])
        case .some(let encoded):
            guard let decoded = Base64.decode(encoded) else { return self.refuse(.badBase64, name, .malformed) }
            response = .present(decoded)
        }
        return self.begin(name, seed: seed) ?? self.take(self.mechanism?.received(response))
    }

    /// Makes the mechanism; nil when it is ready, else what to do instead.
    private mutating func begin(_ name: MechanismName, seed: () -> ExchangeSeed) -> POP3Action? {
        guard self.authenticationFailures < self.configuration.maximumAuthenticationFailures else {
            self.authenticationNotice = AuthenticationNotice(mechanism: name, cause: .tooManyFailures)
            return self.end(with: .tooManyFailures)
        }
        let fresh = seed()
        let context = ServerMechanismContext(
            nonce: fresh.nonce,
            hostname: self.configuration.hostname,
            secondsSince1970: fresh.secondsSince1970,
            channelBindings: self.channelBindings,
            offersChannelBinding: self.offeredMechanisms.contains { $0.bindsToChannel },
            allowsNTLMv1: self.configuration.allowsNTLMv1,
            securityContext: name == .gssapi ? self.configuration.makeSecurityContext?() : nil
        )
        guard let mechanism = ServerMechanisms.make(name, context: context) else {
            return self.refuse(.error("No such mechanism"))
        }
        // POP3 has no field for data with success either (RFC 5034 §4).
        self.mechanism = FinalDataAsChallenge(mechanism)
        self.mechanismName = name
        return nil
    }

    mutating func receivedResponse(_ line: UnsafeRawBufferPointer) -> POP3Action {
        self.state = .command
        if line.count == 1, line.first == UInt8(ascii: "*") {
            self.mechanism = nil
            return self.refuse(.cancelled, self.mechanismName, .cancelled)
        }
        guard let response = Base64.decode(line) else {
            self.mechanism = nil
            return self.refuse(.badBase64, self.mechanismName, .malformed)
        }
        return self.take(self.mechanism?.received(response: response))
    }

    mutating func receivedAuthenticationAnswer(_ answer: POP3Answer) -> POP3Action {
        switch answer {
        case .authentication(let answer):
            return self.take(self.mechanism?.received(answer))
        case .refused(let reply):
            return self.failed(with: reply)
        default:
            self.mechanism = nil
            return .send(POP3Reply.unavailable.octets)
        }
    }

    mutating func receivedVerdict(_ answer: POP3Answer, isMalformed: Bool) -> POP3Action {
        switch answer {
        case .authenticated(let maildrop):
            self.mechanism = nil
            self.maildrop = maildrop
            let count = maildrop.messages.count
            return .send(POP3Reply.ok("Logged in, \(count) \(count == 1 ? "message" : "messages")").octets)
        case .refused(let reply):
            return self.failed(with: isMalformed ? .malformed : reply)
        default:
            self.mechanism = nil
            return .send(POP3Reply.unavailable.octets)
        }
    }

    /// Refuses a login about which the service is not asked, and tells it.
    private mutating func refuse(
        _ reply: POP3Reply,
        _ name: MechanismName?,
        _ cause: AuthenticationNotice.Cause
    ) -> POP3Action {
        self.authenticationNotice = name.map { AuthenticationNotice(mechanism: $0, cause: cause) }
        return self.refuse(reply)
    }

    /// Takes what there is to tell the service about a login that it was not asked about.
    public mutating func takeAuthenticationNotice() -> AuthenticationNotice? {
        defer { self.authenticationNotice = nil }
        return self.authenticationNotice
    }

    /// What is told when the connection ends now: an exchange under way was given up.
    public var noticeAtEnd: AuthenticationNotice? {
        guard case .exchange = self.state, let name = self.mechanismName else { return nil }
        return AuthenticationNotice(mechanism: name, cause: .cancelled)
    }

    private mutating func failed(with reply: POP3Reply) -> POP3Action {
        self.mechanism = nil
        if reply.code != .temporary { self.authenticationFailures += 1 }
        return .send(reply.octets)
    }

    private mutating func take(_ step: ServerStep?) -> POP3Action {
        switch step {
        case .challenge(let octets):
            self.state = .exchange
            return .send(Array("+ ".utf8) + Base64.encode(octets) + Array("\r\n".utf8))
        case .question(let question):
            return self.ask(.authentication(question), .authentication)
        case .succeeded(let identity, _):
            return self.finish(.succeeded(identity), isMalformed: false)
        case .failed(let failure):
            return self.finish(.failed(failure), isMalformed: failure.isMalformed)
        case nil:
            return .send(POP3Reply.unavailable.octets)
        }
    }

    private mutating func finish(_ result: POP3AuthenticationResult, isMalformed: Bool) -> POP3Action {
        guard let name = self.mechanismName else { return .send(POP3Reply.unavailable.octets) }
        return self.ask(.authenticationEnded(name, result), .authenticationEnded(isMalformed: isMalformed))
    }
}
