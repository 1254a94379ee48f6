package import GatepostDelivery
package import GatepostModel
package import Logging
package import MailSyntax
package import NIOCore
internal import NIOPosix
internal import NIOSSL
package import POP3
internal import SMTP
package import SMTPServer

/// What stands behind a POP3 listener: the same logins as SMTP's, sandbox inboxes as maildrops, and permits to send.
package struct POP3Service: Sendable {
    let authenticator: Authenticator
    let loginGuard: LoginGuard
    let recorder: LoginRecorder
    let inboxes: any SandboxStore
    let queue: any QueueStore
    let contents: ContentReader
    let clock: any WallClock
    /// nil: logging in opens nothing.
    let permits: RelayPermits?
    /// QUIT ends the permit.
    let endsOnLogout: Bool
    let logger: Logger

    package init(
        authenticator: Authenticator,
        loginGuard: LoginGuard,
        recorder: LoginRecorder,
        inboxes: any SandboxStore,
        queue: any QueueStore,
        contents: ContentReader,
        clock: any WallClock,
        permits: RelayPermits?,
        endsOnLogout: Bool,
        logger: Logger
    ) {
        self.authenticator = authenticator
        self.loginGuard = loginGuard
        self.recorder = recorder
        self.inboxes = inboxes
        self.queue = queue
        self.contents = contents
        self.clock = clock
        self.permits = permits
        self.endsOnLogout = endsOnLogout
        self.logger = logger
    }
}

/// One POP3 socket and its sessions.
package struct POP3Listener: Sendable {
    /// What to bind, and how its sessions behave.
    package struct Configuration: Sendable {
        /// Shown in logs: `pop3:995`.
        package var name: String
        /// An IP address.
        package var host: String
        package var port: Int
        package var session: POP3SessionConfiguration
        /// At least ten minutes (RFC 1939 §3).
        package var silence: Duration
        /// Addresses that are turned away at connect.
        package var denied: [IPNetwork]

        package init(
            name: String,
            host: String,
            port: Int,
            session: POP3SessionConfiguration,
            silence: Duration = .seconds(600),
            denied: [IPNetwork] = []
        ) {
            self.name = name
            self.host = host
            self.port = port
            self.session = session
            self.silence = silence
            self.denied = denied
        }

        /// Whether the address is neither denied nor banned.
        func admits(_ address: IPAddress?, _ loginGuard: LoginGuard, _ registry: SessionRegistry) -> Bool {
            guard let address, !registry.isUnlimited(address) else { return true }
            return !self.denied.contains { $0.contains(address) } && loginGuard.refusal(for: address) == nil
        }
    }

    private let channel: any Channel
    /// The port in use: the configured one, or the kernel's choice for 0.
    package let port: Int

    /// Binds and begins to accept.
    ///
    /// - Throws: The system's error when the address cannot be bound.
    package static func start(
        _ configuration: Configuration,
        service: POP3Service,
        tls: TLSContextSource,
        registry: SessionRegistry,
        group: any EventLoopGroup
    ) async throws -> POP3Listener {
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let address = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }?.unmapped
                    // Before TLS nothing can be said there, and what is closed at once costs least.
                    guard configuration.admits(address, service.loginGuard, registry) else {
                        return channel.close(promise: nil)
                    }
                    guard registry.admit(channel, from: address) == .admitted else {
                        return channel.close(promise: nil)
                    }
                    channel.closeFuture.whenComplete { _ in registry.remove(channel) }
                    let pipeline = channel.pipeline.syncOperations
                    if configuration.session.security == .implicit {
                        try pipeline.addHandler(NIOSSLServerHandler(context: tls.current.context))
                    }
                    try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(configuration.silence)))
                    try pipeline.addHandler(POP3EventHandler(logger: service.logger))
                    let connection = POP3Connection(
                        channel: try NIOAsyncChannel(wrappingChannelSynchronously: channel),
                        address: address,
                        configuration: configuration,
                        service: service,
                        tls: tls
                    )
                    Task { await connection.run() }
                }
            }
            .bind(host: configuration.host, port: configuration.port)
            .get()
        return POP3Listener(channel: channel, port: channel.localAddress?.port ?? configuration.port)
    }

    /// Stops accepting; open sessions go on.
    package func stopAccepting() async {
        self.channel.close(mode: .all, promise: nil)
        await withCheckedContinuation { continuation in
            self.channel.closeFuture.whenComplete { _ in continuation.resume() }
        }
    }
}
