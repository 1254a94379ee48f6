package import GatepostDelivery
package import GatepostModel
package import Logging
internal import SASL
package import SMTPServer

/// What stands behind a submission listener: who may log in, who may send as whom, and where accepted mail goes.
package struct SubmissionService: SessionService {
    /// What becomes of accepted mail.
    package enum Disposal: Sendable, Hashable {
        case deliver
        case hold
    }

    let authenticator: Authenticator
    let queue: any QueueStore
    let spool: SpoolDirectory
    let clock: any WallClock
    let hostname: String
    let disposal: Disposal
    /// Called after each commit: there is something to deliver.
    let queued: @Sendable () -> Void
    /// Who may send without AUTH; nil: nobody.
    let permits: RelayPermits?
    let counters: SubmissionCounters
    let logger: Logger

    package init(
        authenticator: Authenticator,
        queue: any QueueStore,
        spool: SpoolDirectory,
        clock: any WallClock,
        hostname: String,
        disposal: Disposal,
        permits: RelayPermits? = nil,
        counters: SubmissionCounters,
        logger: Logger,
        queued: @escaping @Sendable () -> Void
    ) {
        self.authenticator = authenticator
        self.queue = queue
        self.spool = spool
        self.clock = clock
        self.hostname = hostname
        self.disposal = disposal
        self.queued = queued
        self.permits = permits
        self.counters = counters
        self.logger = logger
    }

    package func makeResponder(for peer: SessionPeer) -> any SessionResponder {
        SubmissionResponder(service: self, peer: peer)
    }
}
