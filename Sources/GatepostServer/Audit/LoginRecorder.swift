package import GatepostModel
package import Logging
internal import SASL
internal import Synchronization

/// Keeps every login in the audit trail and in the log, under one reference.
package final class LoginRecorder: Sendable {
    private let trail: any AuditLog
    private let counter = Mutex(RepeatCounter())
    private let counters: SubmissionCounters
    private let logger: Logger

    package init(
        trail: any AuditLog,
        counters: SubmissionCounters,
        logger: Logger
    ) {
        self.trail = trail
        self.counters = counters
        self.logger = logger
    }

    /// - Parameter details: What only this protocol knows, for the log.
    /// - Returns: What the login can be looked up by.
    package func record(
        _ attempt: LoginAttempt,
        _ result: LoginResult,
        details: Logger.Metadata = [:]
    ) -> AuthenticationReference {
        let reference = AuthenticationReference(random: RandomOctets.make(5))
        var event = AuthenticationEvent(attempt: attempt, result: result, reference: reference)
        switch result {
        case .succeeded:
            self.counters.loginSucceeded()
            // What proved right leaves no trace that a wrong one could be compared with.
            event.attempt.secretTag = nil
        case .refused:
            self.counters.loginRefused()
            if let tag = attempt.secretTag {
                event.repeats = self.counter.withLock {
                    $0.count(account: attempt.account ?? attempt.loginName, tag: tag, now: attempt.time)
                }
            }
        }
        self.trail.record(.authentication(event))
        let level: Logger.Level = event.reason == nil ? .info : .notice
        self.logger.log(
            level: level,
            "auth",
            metadata: LoginRecorder.metadata(event).merging(details) { own, _ in own }
        )
        return reference
    }

    /// The log line's values; ``LogLine`` knows their order.
    package static func metadata(_ event: AuthenticationEvent) -> Logger.Metadata {
        let attempt = event.attempt
        var metadata: Logger.Metadata = [
            "result": event.reason == nil ? "ok" : "fail",
            "account": "\(attempt.account ?? (attempt.loginName.isEmpty ? "-" : attempt.loginName))",
            "mech": "\(attempt.mechanism)",
            "ip": "\(attempt.address.map { "\($0)" } ?? "local")",
            "listener": "\(attempt.listener)",
            "tls": "\(attempt.tls ?? "none")",
            "helo": "\(attempt.clientName ?? "-")",
            "ref": "\(event.reference)",
        ]
        if let reason = event.reason { metadata["reason"] = "\(reason.rawValue)" }
        if let tag = attempt.secretTag {
            metadata["secret"] = "\(SecretTag.text(tag))"
            metadata["repeat"] = "\(event.repeats)"
        }
        return metadata
    }
}
