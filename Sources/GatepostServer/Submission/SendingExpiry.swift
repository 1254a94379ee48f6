package import GatepostModel
package import Logging
package import ServiceLifecycle

/// Drops what limits need no more: yesterday's counts, networks and recipients of long ago.
package struct SendingExpiry: Service {
    private static let interval = Duration.seconds(6 * 3600)

    private let store: any SendingStore
    private let clock: any WallClock
    private let logger: Logger

    package init(store: any SendingStore, clock: any WallClock, logger: Logger) {
        self.store = store
        self.clock = clock
        self.logger = logger
    }

    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    await self.expire()
                    try await Task.sleep(for: SendingExpiry.interval)
                }
            }
        } catch is CancellationError {
            self.logger.debug("expiry of sending records ended")
        }
    }

    private func expire() async {
        do {
            try await self.store.expireSending(now: self.clock.now())
        } catch {
            self.logger.error("old sending records could not be removed", metadata: ["error": "\(error)"])
        }
    }
}
