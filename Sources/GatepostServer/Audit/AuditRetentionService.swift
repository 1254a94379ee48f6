package import GatepostModel
package import Logging
package import ServiceLifecycle

/// Drops what the trail need not keep any more: at the start, and every few hours.
package struct AuditRetentionService: Service {
    private static let interval = Duration.seconds(6 * 3600)

    private let trail: any AuditTrail
    private let retention: AuditRetention
    private let clock: any WallClock
    private let logger: Logger

    package init(trail: any AuditTrail, retention: AuditRetention, clock: any WallClock, logger: Logger) {
        self.trail = trail
        self.retention = retention
        self.clock = clock
        self.logger = logger
    }

    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    await self.expire()
                    try await Task.sleep(for: AuditRetentionService.interval)
                }
            }
        } catch is CancellationError {
            self.logger.debug("audit retention ended")
        }
    }

    private func expire() async {
        do {
            let count = try await self.trail.expire(self.retention, now: self.clock.now())
            if count > 0 { self.logger.info("audit records expired", metadata: ["records": "\(count)"]) }
        } catch {
            self.logger.warning("audit records not expired", metadata: ["error": "\(error)"])
        }
    }
}
