package import Logging
package import SMTPServer
package import ServiceLifecycle

/// The bound listeners: serves until shutdown, then lets transactions finish.
package struct SubmissionListeners: Service {
    /// One bound socket.
    package enum Bound: Sendable {
        case smtp(Listener)
        case pop3(POP3Listener)

        var port: Int {
            switch self {
            case .smtp(let listener): listener.port
            case .pop3(let listener): listener.port
            }
        }

        func stopAccepting() async {
            switch self {
            case .smtp(let listener): await listener.stopAccepting()
            case .pop3(let listener): await listener.stopAccepting()
            }
        }
    }

    private let listeners: [Bound]
    private let registry: SessionRegistry
    private let grace: Duration
    private let logger: Logger

    package init(listeners: [Bound], registry: SessionRegistry, grace: Duration, logger: Logger) {
        self.listeners = listeners
        self.registry = registry
        self.grace = grace
        self.logger = logger
    }

    package func run() async throws {
        do {
            try await gracefulShutdown()
        } catch is CancellationError {
            self.logger.debug("listeners cancelled")
        }
        for listener in self.listeners { await listener.stopAccepting() }
        self.logger.notice("stopped accepting; finishing sessions", metadata: ["sessions": "\(self.registry.count)"])
        await self.registry.shutDown(within: self.grace)
    }
}
