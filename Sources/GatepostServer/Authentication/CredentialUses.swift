package import GatepostModel
package import Logging
package import ServiceLifecycle
internal import Synchronization

/// Notes when credentials let somebody in, and writes the notes down now and then: a login waits for no disk.
///
/// A crash loses the notes of some seconds, nothing else.
package final class CredentialUses: Service, Sendable {
    private let store: any CredentialStore
    private let interval: Duration
    private let logger: Logger
    /// The latest of each credential: bounded by their number, and by ``maximumPending`` in an attack on the memory.
    private let pending = Mutex<[Int64: CredentialUse]>([:])

    private static let maximumPending = 100_000

    package init(store: any CredentialStore, interval: Duration = .seconds(20), logger: Logger) {
        self.store = store
        self.interval = interval
        self.logger = logger
    }

    package func note(_ use: CredentialUse) {
        self.pending.withLock { pending in
            guard pending[use.credential] != nil || pending.count < CredentialUses.maximumPending else { return }
            pending[use.credential] = use
        }
    }

    /// Writes down what was noted, in one transaction.
    package func flush() async {
        let uses = self.pending.withLock { pending in
            defer { pending.removeAll(keepingCapacity: true) }
            return Array(pending.values)
        }
        guard !uses.isEmpty else { return }
        do {
            try await self.store.recordUses(uses)
        } catch {
            self.logger.warning("last uses of credentials were not kept", metadata: ["error": "\(error)"])
            // For the next time, unless there is news.
            self.pending.withLock { pending in
                for use in uses where pending[use.credential] == nil { pending[use.credential] = use }
            }
        }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: self.interval)
                } catch {
                    break  // Shutdown.
                }
                await self.flush()
            }
        }
        await self.flush()
    }
}
