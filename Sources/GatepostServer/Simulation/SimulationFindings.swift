package import GatepostModel
internal import Synchronization

/// Where the effects of a simulated session end: nothing of it is kept, counted or told.
package final class SimulationFindings: AuditLog, MessageIntake {
    private struct State {
        var account: Account?
        var credential: Credential?
        var rule: String?
        var message: NewMessage?
        var limits: [SimulationReport.Limit] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Whom the login name means.
    var account: Account? { self.state.withLock { $0.account } }
    var credential: Credential? { self.state.withLock { $0.credential } }
    var message: NewMessage? { self.state.withLock { $0.message } }
    var limits: [SimulationReport.Limit] { self.state.withLock { $0.limits } }

    /// The rule of what was decided last.
    func takeRule() -> String? {
        self.state.withLock { state in
            defer { state.rule = nil }
            return state.rule
        }
    }

    func note(_ account: Account, _ credential: Credential?) {
        self.state.withLock { ($0.account, $0.credential) = (account, credential) }
    }

    func note(rule: String) { self.state.withLock { $0.rule = rule } }
    func note(message: NewMessage) { self.state.withLock { $0.message = message } }
    func note(limits: [SimulationReport.Limit]) { self.state.withLock { $0.limits = limits } }

    package func record(_ event: AuditEvent) {
        guard case .sending(let event) = event else { return }
        switch event.verdict {
        case .accepted: break
        case .held(let rule), .refused(let rule), .discarded(let rule): self.note(rule: rule)
        }
    }

    package func enqueue(_ messages: [NewMessage], sending: SendingChange?) async throws {
        // The first is the message, the others tell people about it.
        if let message = messages.first { self.note(message: message) }
    }

    package func recordDurably(_ event: AuditEvent) async throws { self.record(event) }
}
