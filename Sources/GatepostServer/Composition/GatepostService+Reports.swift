internal import DNS
internal import GatepostDelivery
internal import GatepostModel
internal import GatepostSQLite
internal import ServiceLifecycle

extension GatepostService {
    /// What sends aggregate reports; nothing unless the configuration turns it on.
    func reportSenders(
        store: SQLiteStore,
        spool: SpoolDirectory,
        resolver: any Resolver,
        clock: SystemClock,
        sign: @escaping AggregateReportSender.Signing,
        queued: @escaping @Sendable () -> Void
    ) -> [any Service] {
        guard self.configuration.reports.sendAggregate else { return [] }
        return [
            AggregateReportSender(
                reports: store,
                queue: store,
                spool: spool,
                resolver: resolver,
                clock: clock,
                identity: .init(hostname: self.configuration.hostname, settings: self.configuration.reports),
                route: self.isHolding ? .hold : .deliver,
                sign: sign,
                logger: self.logger,
                queued: queued
            )
        ]
    }
}
