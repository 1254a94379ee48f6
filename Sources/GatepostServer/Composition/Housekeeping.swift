internal import GatepostModel
package import Logging
package import ServiceLifecycle

/// Drops what need not be kept any more: at the start, and every few hours.
package struct Housekeeping: Service {
    private static let interval = Duration.seconds(6 * 3600)

    let trail: any AuditTrail
    let retention: AuditRetention
    let sending: any SendingStore
    let reports: any ReportStore
    let reportRetention: Duration
    let clock: any WallClock
    let logger: Logger

    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    await self.expireAudit()
                    await self.expireSending()
                    await self.expireReports()
                    try await Task.sleep(for: Housekeeping.interval)
                }
            }
        } catch is CancellationError {
            self.logger.debug("housekeeping ended")
        }
    }

    private func expireAudit() async {
        do {
            let count = try await self.trail.expire(self.retention, now: self.clock.now())
            if count > 0 { self.logger.info("audit records expired", metadata: ["records": "\(count)"]) }
        } catch {
            self.logger.warning("audit records not expired", metadata: ["error": "\(error)"])
        }
    }

    /// Yesterday's counts, networks and recipients of long ago.
    private func expireSending() async {
        do {
            try await self.sending.expireSending(now: self.clock.now())
        } catch {
            self.logger.warning("old sending records not removed", metadata: ["error": "\(error)"])
        }
    }

    private func expireReports() async {
        do {
            try await self.reports.expireReports(before: self.clock.now() - self.reportRetention)
        } catch {
            self.logger.warning("old reports not removed", metadata: ["error": "\(error)"])
        }
    }
}
