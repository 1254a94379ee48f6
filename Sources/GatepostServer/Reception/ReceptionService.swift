package import DNS
package import GatepostDelivery
package import GatepostModel
package import Logging
package import MailSyntax
package import SMTPServer
internal import Synchronization

/// What stands behind a reception listener: whose mail is taken, how it is judged, and where it goes.
package struct ReceptionService: SessionService {
    /// What becomes of mail that was accepted.
    package struct Delivery: Sendable {
        /// There is a store of mailboxes for accounts that are no sandbox.
        package var hasLocalStore: Bool
        /// Nothing is delivered: the configuration holds all mail.
        package var isHolding: Bool

        package init(hasLocalStore: Bool, isHolding: Bool) {
            self.hasLocalStore = hasLocalStore
            self.isHolding = isHolding
        }
    }

    /// What first tries were seen, of all sessions.
    final class SharedGreylist: Sendable {
        private let state: Mutex<Greylist>

        init(_ rules: Configuration.Reception.Greylisting) {
            self.state = Mutex(Greylist(rules))
        }

        func decide(origin: String, sender: String, recipient: String, now: Timestamp) -> Greylist.Decision {
            self.state.withLock { $0.decide(origin: origin, sender: sender, recipient: recipient, now: now) }
        }
    }

    let directory: any RecipientDirectory
    let recipients: RecipientRules
    let rules: Configuration.Reception
    let queue: any MessageIntake
    let spool: SpoolDirectory
    let resolver: any Resolver
    /// Measures the time that questions to DNS may take.
    let ticks: any Clock<Duration>
    let clock: any WallClock
    let hostname: String
    let delivery: Delivery
    let returnPaths: ReturnPaths
    /// Networks without limits: no lists, no greylisting.
    let trusted: [IPNetwork]
    let greylist: SharedGreylist?
    let counters: ReceptionCounters
    /// nil: no filters are asked.
    let milters: MilterContext?
    let audit: any AuditLog
    let logger: Logger
    /// nil: no reports are read or sent.
    package var reports: ReceptionReports?
    /// Called after each commit: there is something to deliver.
    let queued: @Sendable () -> Void

    package init(
        directory: any RecipientDirectory,
        recipients: RecipientRules,
        rules: Configuration.Reception,
        queue: any MessageIntake,
        spool: SpoolDirectory,
        resolver: any Resolver,
        ticks: any Clock<Duration> = ContinuousClock(),
        clock: any WallClock,
        hostname: String,
        delivery: Delivery,
        returnPaths: ReturnPaths,
        trusted: [IPNetwork] = [],
        counters: ReceptionCounters = ReceptionCounters(),
        milters: MilterContext? = nil,
        audit: any AuditLog,
        logger: Logger,
        queued: @escaping @Sendable () -> Void
    ) {
        self.directory = directory
        self.recipients = recipients
        self.rules = rules
        self.queue = queue
        self.spool = spool
        self.resolver = resolver
        self.ticks = ticks
        self.clock = clock
        self.hostname = hostname
        self.delivery = delivery
        self.returnPaths = returnPaths
        self.trusted = trusted
        self.greylist = rules.greylisting.map { SharedGreylist($0) }
        self.counters = counters
        self.milters = milters
        self.audit = audit
        self.logger = logger
        self.queued = queued
    }

    package func makeResponder(for peer: SessionPeer) -> any SessionResponder {
        ReceptionResponder(service: self, peer: peer)
    }
}
