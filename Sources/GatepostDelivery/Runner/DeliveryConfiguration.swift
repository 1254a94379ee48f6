package import GatepostModel
package import MailSyntax
package import SMTPClient

/// What the queue runner needs to know of the configuration, with limits that are not configurable beside it.
package struct DeliveryConfiguration: Sendable {
    /// For EHLO and for notifications.
    package var hostname: String
    /// The absolute path of the directory that holds large messages.
    package var spool: String
    package var delivery: Configuration.Delivery
    package var own: OwnAddresses
    /// The authorities that vouch for a relay.
    package var trustRoots: TrustRoots
    package var timeouts: SMTPClient.Timeouts
    /// After so long in the queue a sender is told of the delay.
    package var delayNotice: Duration = .seconds(4 * 3600)
    /// Messages leased at once.
    package var leaseLimit = 200
    /// Messages under way at most, waiting for their destination included.
    package var maximumInFlight = 10_000
    /// How long a lease holds unless it is settled.
    package var leaseDuration: Duration = .seconds(3600)
    /// The least time between two looks into the queue while there is something to do, so that they find more than one message each.
    package var leaseInterval: Duration = .milliseconds(5)
    /// The least time between two commits of outcomes, so that they hold more than one each. A crash repeats what was not committed.
    package var settleInterval: Duration = .milliseconds(5)
    /// How long a connection without work stays open.
    package var idleTime: Duration = .seconds(2)
    /// Transactions on one connection to a mail exchanger; to the relay or the local store ten times as many.
    package var transactionsPerConnection = 100
    /// Recipients of one transaction; every server takes 100 (RFC 5321 §4.5.3.1.8).
    package var recipientsPerTransaction = 100
    /// The longest time that a destination which does not answer is left alone.
    package var longestBackoff: Duration = .seconds(900)
    /// How long a relay with which no login is possible is left alone; one that refuses the login longer each time, see ``RefusedLogins``.
    package var loginCoolDown: Duration = .seconds(300)
    /// What the relay is logged in to with; nil takes user and password of the configuration.
    package var relayLogin: RelayLogin?
    /// Signs a notification before it is stored; gives it back as it was where there is no key.
    package var sign: @Sendable (NewMessage) async -> NewMessage = { $0 }
    /// Who is told of failures of received mail whose sender is not known to be one; nil: nobody.
    package var postmaster: Mailbox?
    /// Whose message went on under a return path of ours.
    package var senderBehind: @Sendable (Mailbox) -> Mailbox = { $0 }
    /// How long transactions may run on after ``QueueRunner/shutDown()``.
    package var shutdownTime: Duration

    package init(
        hostname: String,
        spool: String,
        delivery: Configuration.Delivery,
        own: OwnAddresses? = nil,
        trustRoots: TrustRoots = .system,
        timeouts: SMTPClient.Timeouts = SMTPClient.Timeouts(),
        shutdownTime: Duration = .seconds(30)
    ) {
        self.hostname = hostname
        self.spool = spool
        self.delivery = delivery
        self.own = own ?? OwnAddresses(names: [hostname.lowercased()])
        self.trustRoots = trustRoots
        self.timeouts = timeouts
        self.shutdownTime = shutdownTime
    }

    /// - Parameters:
    ///   - spool: The absolute path of the directory that holds large messages.
    ///   - own: By what this server recognises itself; see ``OwnAddresses/init(_:interfaces:)``.
    package init(_ configuration: Configuration, spool: String, own: OwnAddresses) {
        self.init(
            hostname: configuration.hostname,
            spool: spool,
            delivery: configuration.delivery,
            own: own,
            shutdownTime: configuration.limits.timeouts.shutdown
        )
        self.postmaster = configuration.postmaster
    }

    /// Whether nothing is delivered at all.
    var isHolding: Bool {
        if case .hold = self.delivery.route { true } else { false }
    }

    var schedule: RetrySchedule { self.delivery.retry }
}
