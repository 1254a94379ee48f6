internal import GatepostDelivery
package import ServiceLifecycle

/// The queue runner under the server's life cycle.
package struct QueueRunnerService: Service {
    let runner: QueueRunner

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await self.runner.run()
        } onGracefulShutdown: {
            self.runner.shutDown()
        }
        // A service that ends early would end the server; only a shutdown ends this one.
        try await gracefulShutdown()
    }
}
