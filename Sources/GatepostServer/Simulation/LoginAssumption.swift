internal import GatepostModel
internal import MailSyntax
internal import SASL
internal import SMTP
internal import SMTPServer

/// A login whose secret is taken as right: everything else about it is looked at as in any login, and nothing is counted.
struct LoginAssumption: Sendable {
    let service: SubmissionService
    let findings: SimulationFindings
    let responder: SubmissionResponder
    let peer: SessionPeer

    /// - Parameter credential: The name of an app password; nil: the main password.
    func answer(account loginName: String, credential: String?, _ facts: SessionFacts) async -> SessionAnswer {
        do {
            let verdict = try await self.verdict(loginName, credential, facts)
            if case .refused(let reason, _) = verdict { self.findings.note(rule: reason.rawValue) }
            return self.responder.answer(verdict)
        } catch {
            self.findings.note(rule: AuthenticationReason.backendDown.rawValue)
            return .refused(.authenticationUnavailable)
        }
    }

    private func verdict(
        _ loginName: String,
        _ name: String?,
        _ facts: SessionFacts
    ) async throws -> LoginExchange.Verdict {
        let authenticator = self.service.authenticator
        let generation = authenticator.generation
        let origin = LoginExchange.Origin(
            address: self.peer.address,
            listener: self.peer.listener,
            isTLS: facts.isTLS,
            tlsVersion: facts.tlsVersion,
            clientName: facts.clientName
        )
        let found = try await authenticator.directory.account(loginName: loginName)
        var credential = found?.credentials.first { $0.kind == .password }
        if let name { credential = found?.credentials.first { $0.kind == .appPassword && $0.name == name } }
        if let account = found { self.findings.note(account, credential) }
        let attempt = self.service.loginGuard.attempt(
            nil,
            by: .plain,
            account: found?.address ?? authenticator.directory.address(of: loginName),
            from: origin
        )
        if case .refused(_, let reason) = self.service.loginGuard.admission(of: attempt) {
            let isSpared = reason.spares && credential?.kind == .appPassword && found?.isEnabled == true
            if !isSpared { return Self.refused(reason == .tooManyFailures ? .tooMany : .locked) }
        }
        guard let account = found else { return Self.refused(authenticator.absence(of: loginName)) }
        guard account.isEnabled else { return Self.refused(.disabled) }
        guard let credential else {
            // No such app password: whatever was typed would be wrong.
            return Self.refused(.wrongPassword)
        }
        if let objection = authenticator.objection(to: credential, of: account, peer: origin.peer) {
            return Self.refused(objection)
        }
        if let objection = self.responder.objection(to: account, with: credential) { return Self.refused(objection) }
        return .accepted(account, credential, generation: generation)
    }

    /// A login that the session itself refuses, before a secret is looked at.
    func noticed(_ notice: AuthenticationNotice) {
        self.findings.note(rule: notice.reason.rawValue)
    }

    private static func refused(_ reason: AuthenticationReason) -> LoginExchange.Verdict {
        // There is nothing to look up: no login happened.
        .refused(reason, AuthenticationReference(random: []))
    }
}
