package import DNS
package import GatepostDelivery
package import GatepostModel
package import Logging
package import MailSyntax
internal import MessageAuthentication
internal import MessageReports
internal import SMTP
package import ServiceLifecycle

/// Sends the domains that received mail claimed to be from their aggregate report of each day that is over (RFC 9990).
package struct AggregateReportSender: Service {
    /// Signs a message for its author's domain; as it was when there is no key for it.
    package typealias Signing = @Sendable (NewMessage) async -> NewMessage

    /// Who sends, and as whom.
    package struct Identity: Sendable {
        /// The host: the Submitter.
        package var hostname: String
        package var organization: String
        package var from: Mailbox

        package init(hostname: String, settings: Configuration.Reports) {
            self.hostname = hostname
            self.organization = settings.organization ?? hostname
            self.from = settings.sender(hostname: hostname)
        }
    }

    private static let interval = Duration.seconds(3600)
    /// How many days are worked off at once.
    private static let batch = 500
    /// A day whose destinations could not be looked up is tried again for so many days.
    private static let patience: Int64 = 3

    let reports: any ReportStore
    let queue: any MessageIntake
    let spool: SpoolDirectory
    let resolver: any Resolver
    let clock: any WallClock
    let identity: Identity
    let route: MessageRoute
    let sign: Signing
    let logger: Logger
    let queued: @Sendable () -> Void

    package init(
        reports: any ReportStore,
        queue: any MessageIntake,
        spool: SpoolDirectory,
        resolver: any Resolver,
        clock: any WallClock,
        identity: Identity,
        route: MessageRoute,
        sign: @escaping Signing = { $0 },
        logger: Logger,
        queued: @escaping @Sendable () -> Void
    ) {
        self.reports = reports
        self.queue = queue
        self.spool = spool
        self.resolver = resolver
        self.clock = clock
        self.identity = identity
        self.route = route
        self.sign = sign
        self.logger = logger
        self.queued = queued
    }

    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    do {
                        try await self.sendDue()
                    } catch let error as StoreError {
                        self.logger.warning("aggregate reports not sent", metadata: ["error": "\(error)"])
                    }
                    try await Task.sleep(for: AggregateReportSender.interval)
                }
            }
        } catch is CancellationError {
            self.logger.debug("sending of aggregate reports ended")
        }
    }

    /// Queues the reports of all days that are over.
    ///
    /// A report is queued before its observations are dropped: a crash in between sends it twice, with the same name and number, by which
    /// its reader knows it.
    ///
    /// - Returns: How many were queued.
    @discardableResult
    package func sendDue() async throws -> Int {
        let today = self.clock.now().secondsSince1970 / 86_400
        var count = 0
        for day in try await self.reports.observedDays(before: today, limit: AggregateReportSender.batch) {
            guard let mail = try await self.reports.observations(of: day) else { continue }
            switch try await self.send(mail, day) {
            case .queued: count += 1
            case .later where today - day.day <= AggregateReportSender.patience: continue
            case .later, .unwanted: break
            }
            try await self.reports.removeObservations(of: day)
        }
        if count > 0 { self.queued() }
        return count
    }

    private enum Result {
        case queued
        case later
        case unwanted
    }

    private func send(_ mail: ObservedMail, _ day: ObservedDay) async throws -> Result {
        guard let record = DMARC.Record(parsing: mail.record), let report = self.report(mail, record, day) else {
            return .unwanted
        }
        let destinations = await DMARC.reportDestinations(
            of: record,
            at: day.domain,
            resolver: self.resolver,
            clock: ContinuousClock()
        )
        if destinations.addresses.isEmpty {
            self.logger.info(
                "aggregate report not sent",
                metadata: [
                    "domain": "\(day.domain)",
                    "refused": "\(destinations.refused.map { "\($0.key): \($0.value)" }.joined(separator: "; "))",
                ]
            )
            return destinations.isIncomplete ? .later : .unwanted
        }
        let now = self.clock.now()
        var message = AggregateReportMail(
            report: report,
            submitter: self.identity.hostname,
            from: self.identity.from,
            recipients: destinations.addresses.map(\.mailbox),
            date: now.secondsSince1970
        )
        // Limits count what is transported.
        let size = message.octets.count
        message.recipients = destinations.addresses.filter { $0.maximumOctets.map { size <= $0 } ?? true }
            .map(\.mailbox)
        guard !message.recipients.isEmpty else {
            self.logger.info(
                "aggregate report larger than wanted",
                metadata: ["domain": "\(day.domain)", "octets": "\(size)"]
            )
            return .unwanted
        }
        try await self.enqueue(message.octets, message, now)
        return .queued
    }

    /// nil without a row that can be read.
    private func report(_ mail: ObservedMail, _ record: DMARC.Record, _ day: ObservedDay) -> AggregateReport? {
        let records = mail.rows.compactMap { row -> AggregateReport.Record? in
            do throws(ReportError) {
                var record = try AggregateReport.Record(parsing: row.row)
                record.count = row.count
                return record
            } catch {
                self.logger.error("an observation cannot be read", metadata: ["error": "\(error)"])
                return nil
            }
        }
        guard !records.isEmpty else { return nil }
        let begin = day.day * 86_400
        return AggregateReport(
            metadata: .init(
                organization: self.identity.organization,
                email: self.identity.from.description,
                identifier: "\(begin).\(day.domain)@\(self.identity.hostname)",
                begin: begin,
                end: begin + 86_399
            ),
            policy: .init(domain: day.domain, record: record),
            records: records
        )
    }

    private func enqueue(_ octets: [UInt8], _ mail: AggregateReportMail, _ now: Timestamp) async throws {
        let identifier = MessageIdentifier(created: now, random: RandomOctets.make(9))
        var content = MessageContent.inline(octets)
        if octets.count > MessageContent.maximumInlineOctets {
            let file = try await self.spool.makeFile(for: identifier)
            try await file.write(octets)
            try await file.finish()
            content = .file(name: file.name, octets: octets.count)
        }
        let message = NewMessage(
            identifier: identifier,
            // Its domain is what SPF proves; a report that cannot be delivered needs no notification.
            envelope: Envelope(reversePath: .mailbox(mail.from)),
            recipients: mail.recipients.map { EnvelopeRecipient(forwardPath: .mailbox($0), notify: .never) },
            content: content,
            received: now,
            route: self.route,
            holdReason: self.route == .hold ? "delivery-route" : nil,
            subject: mail.subject
        )
        try await self.queue.enqueue([await self.sign(message)], sending: nil)
    }
}
