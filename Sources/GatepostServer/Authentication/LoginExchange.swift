internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import SASL
internal import SMTP
internal import Synchronization

/// The accounts' side of one login at a time, whatever protocol carries it: answers what the mechanism asks, and judges at the end.
///
/// One thing is asked at a time, so the lock is never contended.
final class LoginExchange: Sendable {
    /// Where a login comes from, for the log.
    struct Origin: Sendable {
        /// nil: this host.
        var address: IPAddress?
        /// The listener's or the socket's name.
        var listener: String
        var isTLS: Bool
        /// What only this protocol knows.
        var details: Logger.Metadata = [:]

        var addressText: String { self.address.map { "\($0)" } ?? "local" }
    }

    /// The answer for the mechanism, at once or later; nil when it cannot be had now.
    enum Answer: Sendable {
        case now(ServerAnswer)
        case later(@Sendable () async -> ServerAnswer?)
    }

    enum Verdict: Sendable {
        /// Logged in; `generation` is that of the accounts when this one was looked up.
        case accepted(Account, generation: UInt64)
        /// The client is told no more than the reference, but for a password that proved right and must be changed.
        case refused(Authenticator.Refusal, AuthenticationReference)
    }

    /// How far a mechanism got.
    enum Progress: Sendable {
        /// The client owes a response to this.
        case challenge([UInt8])
        case ended(AuthenticationOutcome.Result, finalData: [UInt8]?)
        /// The store, the pool or an issuer cannot answer now.
        case unavailable
    }

    private struct State {
        /// Whose secret the exchange under way is checked against.
        var finding: Authenticator.Finding?
        var loginName = ""
        var generation: UInt64 = 0
    }

    private let authenticator: Authenticator
    private let counters: SubmissionCounters
    private let logger: Logger
    private let state = Mutex(State())

    init(authenticator: Authenticator, counters: SubmissionCounters, logger: Logger) {
        self.authenticator = authenticator
        self.counters = counters
        self.logger = logger
    }

    /// Whom the client claims to be, as far as it said; empty before.
    var loginName: String { self.state.withLock { $0.loginName } }

    /// Answers a mechanism's question.
    ///
    /// - Parameters:
    ///   - certificate: The verified client certificate in DER.
    ///   - peer: For other password stores.
    func answer(_ question: ServerQuestion, certificate: [UInt8]?, peer: LoginPeer) -> Answer {
        let generation = self.authenticator.generation
        self.state.withLock { state in
            state.loginName = question.authenticationIdentity
            state.generation = generation
        }
        if let finding = self.authenticator.findingNow(question) { return .now(self.found(finding)) }
        return .later {
            do {
                return self.found(try await self.authenticator.finding(question, certificate: certificate, peer: peer))
            } catch {
                self.logger.warning(
                    "login could not be checked",
                    metadata: [
                        "reason": "backend-down", "account": "\(question.authenticationIdentity)", "error": "\(error)",
                    ]
                )
                return nil
            }
        }
    }

    private func found(_ finding: Authenticator.Finding) -> ServerAnswer {
        self.state.withLock { $0.finding = finding }
        return finding.answer
    }

    /// Answers the mechanism's questions until its client has its turn or it comes to its end.
    func run(_ mechanism: inout any ServerMechanism, from first: ServerStep, peer: LoginPeer) async -> Progress {
        var step = first
        while true {
            switch step {
            case .challenge(let octets):
                return .challenge(octets)
            case .succeeded(let identity, let finalData):
                return .ended(.succeeded(identity), finalData: finalData)
            case .failed(let failure):
                return .ended(.failed(failure), finalData: nil)
            case .question(let question):
                switch self.answer(question, certificate: nil, peer: peer) {
                case .now(let answer):
                    step = mechanism.received(answer)
                case .later(let work):
                    guard let answer = await work() else { return .unavailable }
                    step = mechanism.received(answer)
                }
            }
        }
    }

    /// Judges, counts and logs a mechanism that came to its end.
    ///
    /// - Parameter objection: Why this account may not log in here although it proved who it is.
    func conclude(
        _ outcome: AuthenticationOutcome,
        from origin: Origin,
        objection: (Account) -> Authenticator.Refusal? = { _ in nil }
    ) -> Verdict {
        let (finding, loginName, generation) = self.state.withLock { state in
            defer { state.finding = nil }
            return (state.finding, state.loginName, state.generation)
        }
        let refusal: Authenticator.Refusal
        switch outcome.result {
        case .succeeded(let identity):
            if let account = finding?.account, finding?.refusal == nil {
                if !self.authenticator.mayAct(account, as: identity.authorizationIdentity) {
                    refusal = .notAuthorized
                } else if let objection = objection(account) {
                    refusal = objection
                } else {
                    self.accepted(account, outcome.mechanism, origin)
                    return .accepted(account, generation: generation)
                }
            } else {
                refusal = finding?.refusal ?? .unknownAccount
            }
        case .failed(let failure):
            switch failure.reason {
            case .malformed: refusal = .malformed
            case .channelBindingMismatch: refusal = .channelBinding
            case .ntlmV1NotAllowed: refusal = .mechanismRefused
            default: refusal = finding?.refusal ?? .wrongPassword
            }
        }
        var origin = origin
        if let checker = finding?.checker { origin.details["checker"] = "\(checker)" }
        return .refused(
            refusal,
            self.refuse(refusal, loginName: loginName, mechanism: outcome.mechanism, from: origin)
        )
    }

    private func accepted(_ account: Account, _ mechanism: MechanismName, _ origin: Origin) {
        self.counters.loginSucceeded()
        self.logger.info(
            "login",
            metadata: [
                "account": "\(account.address)", "mechanism": "\(mechanism)", "ip": "\(origin.addressText)",
                "listener": "\(origin.listener)", "tls": "\(origin.isTLS)",
            ]
        )
    }

    /// Counts and logs a refusal.
    func refuse(
        _ refusal: Authenticator.Refusal,
        loginName: String = "",
        mechanism: MechanismName,
        from origin: Origin
    ) -> AuthenticationReference {
        let reference = AuthenticationReference(random: RandomOctets.make(5))
        self.counters.loginRefused()
        let metadata: Logger.Metadata = [
            "reason": "\(refusal.rawValue)", "ref": "\(reference)", "account": "\(loginName)",
            "mechanism": "\(mechanism)", "ip": "\(origin.addressText)", "listener": "\(origin.listener)",
            "tls": "\(origin.isTLS)",
        ]
        self.logger.notice("login refused", metadata: metadata.merging(origin.details) { $1 })
        return reference
    }
}

extension AuthenticationReference {
    /// What a client whose login was refused reads: the same for every cause.
    var refusal: String { "Authentication failed (ref \(self))" }
}
