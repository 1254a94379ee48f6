internal import Glibc
internal import Logging
package import NIOCore
internal import NIOPosix
package import ServiceLifecycle
internal import Synchronization

/// A Unix socket at which other servers ask about their clients' logins.
package struct AuthenticationSocket: Service {
    package enum Kind: Sendable, Hashable {
        /// For Postfix (`smtpd_sasl_type = dovecot`) and Exim (`driver = dovecot`).
        case dovecot
        /// For Cyrus SASL (`pwcheck_method: saslauthd`).
        case saslauthd

        package var name: String {
            switch self {
            case .dovecot: DovecotAuthHandler.name
            case .saslauthd: SaslauthdHandler.name
            }
        }
    }

    /// Each process of a mail server keeps one; Postfix has 100 at most unless told otherwise.
    static let maximumConnections = 1_000

    package let kind: Kind
    package let path: String
    private let channel: any Channel
    private let file: LocalSocket.Identity
    private let connections: Connections
    private let logger: Logger

    /// Binds and begins to accept.
    ///
    /// - Parameters:
    ///   - path: Absolute. A socket there that nobody serves any more is removed; anything else is left alone.
    ///   - mode: Who may connect, as permissions to write.
    /// - Throws: `LocalFile.Failure`, ``LocalSocket/Obstacle``, and the system's error when the path cannot be bound.
    package static func open(
        _ kind: Kind,
        path: String,
        mode: UInt32,
        context: AuthenticationSocketContext,
        group: any EventLoopGroup
    ) async throws -> AuthenticationSocket {
        try LocalFile.makeDirectory(LocalFile.directory(of: path), mode: 0o755)
        try LocalSocket.removeStale(path)
        let connections = Connections(maximum: Self.maximumConnections)
        // Bound here and not by NIO, which would remove whatever is at the path when it closes.
        let descriptor = try LocalSocket.bind(path, mode: mode)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard connections.admit(channel) else {
                        context.logger.warning(
                            "too many authentication connections",
                            metadata: ["listener": "\(kind.name)"]
                        )
                        channel.close(promise: nil)
                        return
                    }
                    channel.closeFuture.whenComplete { _ in connections.remove(channel) }
                    switch kind {
                    case .dovecot: try channel.pipeline.syncOperations.addHandler(DovecotAuthHandler(context))
                    case .saslauthd: try channel.pipeline.syncOperations.addHandler(SaslauthdHandler(context))
                    }
                }
            }
            .withBoundSocket(descriptor)
            .get()
        do throws(LocalFile.Failure) {
            return AuthenticationSocket(
                kind: kind,
                path: path,
                channel: channel,
                file: try LocalSocket.identity(of: path),
                connections: connections,
                logger: context.logger
            )
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    /// Serves until shutdown; then what is under way ends as if the connection were lost, which mail servers take for temporary trouble.
    package func run() async throws {
        do {
            try await gracefulShutdown()
        } catch is CancellationError {
            self.logger.debug("authentication socket cancelled", metadata: ["path": "\(self.path)"])
        }
        await self.close()
    }

    /// Stops accepting, ends all connections and removes the socket.
    package func close() async {
        LocalSocket.remove(self.path, ifStill: self.file)
        let channels = [self.channel] + self.connections.end()
        for channel in channels { channel.close(promise: nil) }
        for channel in channels {
            await withCheckedContinuation { continuation in
                channel.closeFuture.whenComplete { _ in continuation.resume() }
            }
        }
    }
}

/// The open connections of a socket.
private final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isEnded = false
    }

    private let maximum: Int
    private let state = Mutex(State())

    init(maximum: Int) {
        self.maximum = maximum
    }

    func admit(_ channel: any Channel) -> Bool {
        self.state.withLock { state in
            guard !state.isEnded, state.channels.count < self.maximum else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    func remove(_ channel: any Channel) {
        self.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
    }

    /// Admits nobody any more.
    func end() -> [any Channel] {
        self.state.withLock { state in
            state.isEnded = true
            return Array(state.channels.values)
        }
    }
}
