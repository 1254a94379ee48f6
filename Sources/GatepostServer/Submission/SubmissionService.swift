package import GatepostDelivery
package import GatepostModel
package import Logging
package import MailSyntax
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
    private(set) var queue: any MessageIntake
    let spool: SpoolDirectory
    let clock: any WallClock
    let hostname: String
    let disposal: Disposal
    /// Called after each commit: there is something to deliver.
    private(set) var queued: @Sendable () -> Void
    /// Who may send without AUTH; nil: nobody.
    private(set) var permits: RelayPermits?
    /// What the listener's devices may; nil: it is for everybody.
    private(set) var device: Configuration.Device?
    private(set) var counters: SubmissionCounters
    private(set) var recorder: LoginRecorder
    private(set) var audit: any AuditLog
    private(set) var sending: SendingLedger
    private(set) var deviceRates = DeviceRates()
    /// Who is told beside the account's owner that mail is held.
    let postmaster: ForwardPath
    /// nil: no filters are asked.
    private(set) var milters: MilterContext?
    private(set) var signer: MailSigner
    private(set) var logger: Logger

    package init(
        authenticator: Authenticator,
        loginGuard: LoginGuard,
        queue: any MessageIntake,
        spool: SpoolDirectory,
        clock: any WallClock,
        hostname: String,
        disposal: Disposal,
        permits: RelayPermits? = nil,
        counters: SubmissionCounters,
        recorder: LoginRecorder,
        audit: any AuditLog,
        sending: SendingLedger,
        postmaster: ForwardPath = .postmaster,
        milters: MilterContext? = nil,
        signer: MailSigner,
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
        self.sending = sending
        self.postmaster = postmaster
        self.milters = milters
        self.signer = signer
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

    /// The same, for a session whose effects end in `findings`: it decides as this one does, and nothing is kept, counted or told.
    func simulated(into findings: SimulationFindings) -> SubmissionService {
        var copy = self
        copy.queue = findings
        copy.audit = findings
        copy.queued = {}
        copy.counters = SubmissionCounters()
        copy.permits = nil
        copy.milters = nil
        copy.sending = self.sending.copy()
        copy.deviceRates = self.deviceRates.copy()
        copy.signer = self.signer.copy()
        copy.logger = Logger(label: "gatepost.simulation") { _ in SwiftLogNoOpLogHandler() }
        copy.recorder = LoginRecorder(trail: findings, counters: copy.counters, logger: copy.logger)
        return copy
    }
}
