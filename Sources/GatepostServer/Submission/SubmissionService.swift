package import GatepostDelivery
package import GatepostModel
package import Logging
internal import SASL
package import SMTP
package import SMTPServer

/// What stands behind a submission listener: who may log in, who may send as whom, and where accepted mail goes.
package struct SubmissionService: SessionService {
    /// What becomes of accepted mail.
    package enum Disposal: Sendable, Hashable {
        case deliver
        case hold
    }

    let authenticator: Authenticator
    let loginGuard: LoginGuard
    let queue: any QueueStore
    let spool: SpoolDirectory
    let clock: any WallClock
    let hostname: String
    let disposal: Disposal
    /// Called after each commit: there is something to deliver.
    let queued: @Sendable () -> Void
    /// Who may send without AUTH; nil: nobody.
    private(set) var permits: RelayPermits?
    /// What the listener's devices may; nil: it is for everybody.
    private(set) var device: Configuration.Device?
    let counters: SubmissionCounters
    let recorder: LoginRecorder
    let audit: any AuditLog
    let rates = CredentialRates()
    let logger: Logger

    package init(
        authenticator: Authenticator,
        loginGuard: LoginGuard,
        queue: any QueueStore,
        spool: SpoolDirectory,
        clock: any WallClock,
        hostname: String,
        disposal: Disposal,
        permits: RelayPermits? = nil,
        counters: SubmissionCounters,
        recorder: LoginRecorder,
        audit: any AuditLog,
        logger: Logger,
        queued: @escaping @Sendable () -> Void
    ) {
        self.authenticator = authenticator
        self.loginGuard = loginGuard
        self.queue = queue
        self.spool = spool
        self.clock = clock
        self.hostname = hostname
        self.disposal = disposal
        self.queued = queued
        self.permits = permits
        self.counters = counters
        self.recorder = recorder
        self.audit = audit
        self.logger = logger
    }

    /// The same for a listener of devices: what is counted is shared.
    package func serving(_ device: Configuration.Device) -> SubmissionService {
        var service = self
        service.device = device
        service.permits = nil
        return service
    }

    /// Whether the address can stand for AUTH.
    var authorizesByAddress: Bool { self.permits != nil || self.device?.account != nil }

    package func refusal(for peer: SessionPeer) -> Reply? {
        self.loginGuard.refusal(for: peer.address)
    }

    package func makeResponder(for peer: SessionPeer) -> any SessionResponder {
        SubmissionResponder(service: self, peer: peer)
    }
}
