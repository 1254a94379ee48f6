internal import GatepostModel
internal import GatepostSQLite
package import Logging
package import ServiceLifecycle

/// Removes once, after the start, the spool files that a crash left behind.
package struct SpoolSweep: Service {
    let store: SQLiteStore
    let started: Timestamp
    let logger: Logger

    package func run() async throws {
        do {
            let count = try await self.store.sweepSpool(olderThan: self.started)
            if count > 0 { self.logger.notice("removed leftovers of unfinished mail", metadata: ["files": "\(count)"]) }
        } catch {
            self.logger.warning("spool not swept", metadata: ["error": "\(error)"])
        }
        try await gracefulShutdown()
    }
}
