public import MailSyntax
public import NIOCore
internal import NIOPosix
public import SMTP

public import struct Logging.Logger

/// One listening socket and its sessions.
public struct Listener: Sendable {
    /// What to bind, and how its sessions behave.
    public struct Configuration: Sendable {
        /// Shown in logs: `submission:587`.
        public var name: String
        /// An IP address.
        public var host: String
        public var port: Int
        public var session: ServerSessionConfiguration
        public var timeouts: SessionTimeouts
        /// Addresses that are turned away at connect, unless the registry has them as unlimited.
        public var denied: [IPNetwork]
        /// All that may connect, even where the registry has more as unlimited; nil: everybody.
        public var clients: [IPNetwork]?
        /// Proxies: what connects from there must begin with a ``ProxyHeader``, and what connects from elsewhere may not.
        public var proxies: [IPNetwork]
        /// Proxies that may name their client with XCLIENT.
        public var forwarders: [IPNetwork]

        public init(
            name: String,
            host: String,
            port: Int,
            session: ServerSessionConfiguration,
            timeouts: SessionTimeouts = SessionTimeouts(),
            denied: [IPNetwork] = [],
            clients: [IPNetwork]? = nil,
            proxies: [IPNetwork] = [],
            forwarders: [IPNetwork] = []
        ) {
            self.name = name
            self.host = host
            self.port = port
            self.session = session
            self.timeouts = timeouts
            self.denied = denied
            self.clients = clients
            self.proxies = proxies
            self.forwarders = forwarders
        }

        /// Whether the listener is for others only.
        func isStranger(_ peer: SessionPeer) -> Bool {
            guard let clients = self.clients else { return false }
            guard let address = peer.address else { return true }
            return !clients.contains { $0.contains(address) }
        }

        /// Why a peer is turned away at connect for where it is; nil: it is not.
        ///
        /// - Parameter isUnlimited: The address is free of limits (``SessionRegistry/unlimited``).
        public func refusal(for peer: SessionPeer, service: any SessionService, isUnlimited: Bool) -> Reply? {
            if self.isStranger(peer) { return .addressDenied }
            guard let address = peer.address, !isUnlimited else { return nil }
            if self.denied.contains(where: { $0.contains(address) }) { return .addressDenied }
            return service.refusal(for: peer)
        }
    }

    private let channel: any Channel
    /// The port in use: the configured one, or the kernel's choice for 0.
    public let port: Int

    /// Binds and begins to accept.
    ///
    /// - Parameters:
    ///   - tls: Needed unless the security is `none`.
    ///   - now: Seconds since 1970, for mechanisms whose challenge holds the time.
    /// - Throws: The system's error when the address cannot be bound.
    public static func start(
        _ configuration: Configuration,
        service: any SessionService,
        tls: TLSContextSource?,
        registry: SessionRegistry,
        group: any EventLoopGroup,
        logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) async throws -> Listener {
        precondition(tls != nil || configuration.session.security == .none, "a listener with TLS needs a certificate")
        let shared = SessionChannelHandler.Shared(
            configuration: configuration.session,
            timeouts: configuration.timeouts,
            tls: tls,
            logger: logger,
            now: now
        )
        let intake = ConnectionIntake(
            configuration: configuration,
            shared: shared,
            service: service,
            registry: registry
        )
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            // Without it the TLS session tickets and the next reply wait 40 ms for each other (Nagle and delayed ACK).
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 1024, maximum: 65_536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try intake.accept(channel) }
            }
            .bind(host: configuration.host, port: configuration.port)
            .get()
        return Listener(channel: channel, port: channel.localAddress?.port ?? configuration.port)
    }

    /// Stops accepting; open sessions go on.
    public func stopAccepting() async {
        self.channel.close(mode: .all, promise: nil)
        await withCheckedContinuation { continuation in
            self.channel.closeFuture.whenComplete { _ in continuation.resume() }
        }
    }
}
