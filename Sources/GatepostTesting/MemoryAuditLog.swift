package import GatepostModel
internal import Synchronization

/// An audit trail in memory.
package final class MemoryAuditLog: AuditLog {
    private let state = Mutex<[AuditEvent]>([])

    package init() {}

    package var events: [AuditEvent] { self.state.withLock { $0 } }

    package func record(_ event: AuditEvent) {
        self.state.withLock { $0.append(event) }
    }

    package func recordDurably(_ event: AuditEvent) async throws {
        self.record(event)
    }
}
