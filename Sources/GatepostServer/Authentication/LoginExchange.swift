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
    /// Where a login comes from.
    struct Origin: Sendable {
        /// nil: this host.
        var address: IPAddress?
        /// The listener's or the socket's name.
        var listener: String
        var isTLS: Bool
        /// Such as `1.3`; nil where it is not known.
        var tlsVersion: String?
        /// What the client calls itself.
        var clientName: String?
        /// What only this protocol knows.
        var details: Logger.Metadata = [:]

        var peer: LoginPeer { LoginPeer(address: self.address.map { "\($0)" }, isTLS: self.isTLS) }
    }

    /// The answer for the mechanism, at once or later; nil when it cannot be had now.
    enum Answer: Sendable {
        case now(ServerAnswer)
        case later(@Sendable () async -> ServerAnswer?)
    }

    enum Verdict: Sendable {
        /// Logged in; `generation` is that of the accounts when this one was looked up.
        ///
        /// The credential is nil for a ticket, a token or a certificate.
        case accepted(Account, Credential?, generation: UInt64)
        /// The client is told no more than the reference, but where the refusal ``GatepostModel/AuthenticationReason/isToldToHolder``.
        case refused(AuthenticationReason, AuthenticationReference)
    }

    /// How a login ended, and what has to happen before the client is told.
    struct Conclusion: Sendable {
        var verdict: Verdict
        var ending: Lockout.Ending
        /// Whether ``LoginExchange/settle(_:)`` has anything to do.
        var isImmediate: Bool { self.ending.locks.isEmpty && self.ending.delay == .zero }
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
        /// As lockout counts it; nil before a question was asked.
        var attempt: LoginAttempt?
        var isLocked = false
    }

    private let authenticator: Authenticator
    private let loginGuard: LoginGuard
    private let recorder: LoginRecorder
    private let logger: Logger
    private let state = Mutex(State())

    init(authenticator: Authenticator, loginGuard: LoginGuard, recorder: LoginRecorder, logger: Logger) {
        self.authenticator = authenticator
        self.loginGuard = loginGuard
        self.recorder = recorder
        self.logger = logger
    }

    /// Whom the client claims to be, as far as it said; empty before.
    var loginName: String { self.state.withLock { $0.loginName } }

    /// Answers a mechanism's question, if lockout lets it be looked at.
    ///
    /// - Parameter certificate: The verified client certificate in DER.
    func answer(
        _ question: ServerQuestion,
        by mechanism: MechanismName,
        certificate: [UInt8]?,
        from origin: Origin
    ) -> Answer {
        let generation = self.authenticator.generation
        let loginName = question.authenticationIdentity
        // Tokens, tickets and certificates are not guessed, and whom they are for is known only once they were looked at.
        let attempt =
            mechanism.isGuessable
            ? nil : self.loginGuard.attempt(question, by: mechanism, account: nil, from: origin)
        self.state.withLock { state in
            state.loginName = loginName
            state.generation = generation
            state.attempt = attempt
            state.isLocked = false
        }
        if mechanism.isGuessable, case .address(let account) = self.authenticator.subjectNow(of: loginName),
            self.admission(of: question, by: mechanism, account: account, from: origin) == nil,
            let finding = self.authenticator.findingNow(question, peer: origin.peer)
        {
            return .now(self.found(finding))
        }
        return .later {
            do {
                return self.found(try await self.finding(question, mechanism, certificate, origin))
            } catch {
                let reference = self.refuse(.backendDown, mechanism: mechanism, from: origin)
                self.logger.warning(
                    "login could not be checked",
                    metadata: ["ref": "\(reference)", "error": "\(error)"]
                )
                return nil
            }
        }
    }

    private func finding(
        _ question: ServerQuestion,
        _ mechanism: MechanismName,
        _ certificate: [UInt8]?,
        _ origin: Origin
    ) async throws -> Authenticator.Finding {
        guard mechanism.isGuessable else {
            return try await self.authenticator.finding(question, certificate: certificate, peer: origin.peer)
        }
        let account = try await self.authenticator.subject(of: question.authenticationIdentity)
        if let reason = self.admission(of: question, by: mechanism, account: account, from: origin) {
            return try await self.authenticator.lockedFinding(question, because: reason, peer: origin.peer)
        }
        return try await self.authenticator.finding(question, certificate: certificate, peer: origin.peer)
    }

    /// Why the attempt is not looked at; nil: it is.
    private func admission(
        of question: ServerQuestion,
        by mechanism: MechanismName,
        account: String?,
        from origin: Origin
    ) -> LockReason? {
        let attempt = self.loginGuard.attempt(question, by: mechanism, account: account, from: origin)
        var reason: LockReason?
        if case .refused(_, let because) = self.loginGuard.admission(of: attempt) {
            reason = because
        }
        self.state.withLock { state in
            state.attempt = attempt
            state.isLocked = reason != nil
        }
        return reason
    }

    private func found(_ finding: Authenticator.Finding) -> ServerAnswer {
        self.state.withLock { $0.finding = finding }
        return finding.answer
    }

    /// Answers the mechanism's questions until its client has its turn or it comes to its end.
    func run(
        _ mechanism: inout any ServerMechanism,
        named name: MechanismName,
        from first: ServerStep,
        of origin: Origin
    ) async -> Progress {
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
                switch self.answer(question, by: name, certificate: nil, from: origin) {
                case .now(let answer):
                    step = mechanism.received(answer)
                case .later(let work):
                    guard let answer = await work() else { return .unavailable }
                    step = mechanism.received(answer)
                }
            }
        }
    }

    /// Judges, counts, logs and records a mechanism that came to its end. The client is told after ``settle(_:)``.
    ///
    /// - Parameter objection: Why this account may not log in here although it proved who it is.
    func conclude(
        _ outcome: AuthenticationOutcome,
        from origin: Origin,
        objection: (Account, Credential?) -> AuthenticationReason? = { _, _ in nil }
    ) -> Conclusion {
        let (finding, generation, asked, isLocked) = self.takeState()
        var attempt = asked ?? self.loginGuard.attempt(nil, by: outcome.mechanism, account: nil, from: origin)
        if asked == nil, case .failed(let failure) = outcome.result, let name = failure.authenticationIdentity {
            // As far as the message was understood.
            attempt.loginName = name
            if case .address(let account) = self.authenticator.subjectNow(of: name) { attempt.account = account }
        }
        var origin = origin
        if let checker = finding?.checker { origin.details["checker"] = "\(checker)" }
        if let detail = finding?.detail { origin.details["detail"] = "\(detail)" }
        // Whom a token, a ticket or a certificate is for is known only now.
        attempt.account = attempt.account ?? finding?.account?.address
        var reason =
            self.refusal(outcome, finding, origin, objection) ?? (finding?.account == nil ? .unknownAccount : nil)
        if isLocked, reason == .wrongPassword { reason = .locked }
        guard reason == nil, let account = finding?.account else {
            let reason = reason ?? .unknownAccount
            if reason == .oldPassword { attempt.credential = outcome.alternative ?? finding?.former?.id }
            return self.refused(reason, attempt, origin, self.loginGuard.ended(attempt, .refused(reason)))
        }
        let credential = LoginExchange.credential(finding, label: outcome.alternative)
        attempt.account = account.address
        attempt.credential = credential?.id
        let ending = self.loginGuard.ended(attempt, .succeeded, isGuessable: credential?.kind == .password)
        guard ending.result == .succeeded else { return self.refused(.locked, attempt, origin, ending) }
        self.accepted(account, credential, attempt, origin)
        return Conclusion(verdict: .accepted(account, credential, generation: generation), ending: ending)
    }

    private func takeState() -> (Authenticator.Finding?, generation: UInt64, LoginAttempt?, isLocked: Bool) {
        self.state.withLock { state in
            defer {
                state.finding = nil
                state.attempt = nil
                state.isLocked = false
            }
            return (state.finding, state.generation, state.attempt, state.isLocked)
        }
    }

    /// Makes durable what the login led to, and holds a guesser's answer back.
    func settle(_ conclusion: Conclusion) async {
        await self.loginGuard.settle(conclusion.ending)
    }

    /// Why the login is refused; nil: it is not.
    private func refusal(
        _ outcome: AuthenticationOutcome,
        _ finding: Authenticator.Finding?,
        _ origin: Origin,
        _ objection: (Account, Credential?) -> AuthenticationReason?
    ) -> AuthenticationReason? {
        switch outcome.result {
        case .succeeded(let identity):
            guard let account = finding?.account, finding?.refusal == nil else {
                return finding?.refusal ?? .unknownAccount
            }
            let credential = LoginExchange.credential(finding, label: identity.alternative)
            return self.refusal(account, credential, identity, origin) ?? objection(account, credential)
        case .failed(let failure):
            switch failure.reason {
            case .malformed: return .malformed
            case .latin1: return .latin1
            case .channelBindingMismatch: return .channelBinding
            case .ntlmV1NotAllowed: return .mechanismRefused
            default: return self.refusal(failure, finding, origin)
            }
        }
    }

    private func refused(
        _ reason: AuthenticationReason,
        _ attempt: LoginAttempt,
        _ origin: Origin,
        _ ending: Lockout.Ending
    ) -> Conclusion {
        let reference = self.recorder.record(attempt, .refused(reason), details: origin.details)
        return Conclusion(verdict: .refused(reason, reference), ending: ending)
    }

    private static func credential(_ finding: Authenticator.Finding?, label: Int64?) -> Credential? {
        guard let label else { return finding?.credential }
        return finding?.account?.credentials.first { $0.id == label }
    }

    /// Why somebody who proved a credential is not let in.
    private func refusal(
        _ account: Account,
        _ credential: Credential?,
        _ identity: AuthenticatedIdentity,
        _ origin: Origin
    ) -> AuthenticationReason? {
        guard self.authenticator.mayAct(account, as: identity.authorizationIdentity) else { return .notAuthorized }
        guard let credential else { return nil }
        return self.authenticator.objection(to: credential, of: account, peer: origin.peer)
    }

    /// Why a proof failed. What only the holder of a right secret is told is never the reason here.
    private func refusal(
        _ failure: ServerFailure,
        _ finding: Authenticator.Finding?,
        _ origin: Origin
    ) -> AuthenticationReason {
        if let refusal = finding?.refusal, refusal == .locked || refusal == .tooMany { return refusal }
        if let label = failure.alternative, let account = finding?.account {
            guard let credential = account.credentials.first(where: { $0.id == label }) else { return .oldPassword }
            return self.authenticator.objection(to: credential, of: account, peer: origin.peer) ?? .wrongPassword
        }
        guard let refusal = finding?.refusal, !refusal.isToldToHolder else { return .wrongPassword }
        return refusal
    }

    private func accepted(
        _ account: Account,
        _ credential: Credential?,
        _ attempt: LoginAttempt,
        _ origin: Origin
    ) {
        var details = origin.details
        if let credential {
            self.authenticator.noteUse(of: credential, from: origin.address)
            if credential.kind != .password { details["credential"] = "\(credential.name)" }
        }
        if !attempt.loginName.isEmpty {
            details["name"] = "\(self.authenticator.form(of: attempt.loginName, for: account).rawValue)"
        }
        _ = self.recorder.record(attempt, .succeeded, details: details)
    }

    /// Records a refusal that came before or beside the mechanism's end.
    func refuse(
        _ reason: AuthenticationReason,
        mechanism: MechanismName,
        from origin: Origin
    ) -> AuthenticationReference {
        let (finding, _, asked, _) = self.takeState()
        var attempt = asked ?? self.loginGuard.attempt(nil, by: mechanism, account: nil, from: origin)
        attempt.account = attempt.account ?? finding?.account?.address
        return self.recorder.record(attempt, .refused(reason), details: origin.details)
    }
}

extension AuthenticationOutcome {
    /// The label of the key that a proof was of, where there were several.
    fileprivate var alternative: Int64? {
        switch self.result {
        case .succeeded(let identity): identity.alternative
        case .failed(let failure): failure.alternative
        }
    }
}

extension AuthenticationReference {
    /// What a client whose login was refused reads: the same for every cause.
    var refusal: String { "Authentication failed (ref \(self))" }
}

extension AuthenticationNotice {
    /// What is recorded.
    var reason: AuthenticationReason {
        switch self.cause {
        case .notOffered: .mechanismRefused
        case .noCertificate: .certificateUnknown
        case .encryptionRequired: .tlsRequired
        case .malformed: .malformed
        case .cancelled: .cancelled
        case .tooManyFailures: .tooMany
        }
    }
}
