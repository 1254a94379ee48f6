import Logging
import MailSyntax
import NIOPosix
import SMTP
import SMTPServer

/// A listener on loopback, on a port of the kernel's choice.
struct TestListener {
    let listener: Listener
    let registry: SessionRegistry
    let isImplicit: Bool

    static func start(
        _ session: ServerSessionConfiguration,
        service: any SessionService,
        timeouts: SessionTimeouts = SessionTimeouts(),
        denied: [IPNetwork] = [],
        registry: SessionRegistry = SessionRegistry(maximumSessions: 1000, maximumSessionsPerAddress: 1000),
        proxies: [IPNetwork] = [],
        forwarders: [IPNetwork] = []
    ) async throws -> TestListener {
        let listener = try await Listener.start(
            Listener.Configuration(
                name: "test",
                host: "127.0.0.1",
                port: 0,
                session: session,
                timeouts: timeouts,
                denied: denied,
                proxies: proxies,
                forwarders: forwarders
            ),
            service: service,
            tls: session.security == .none ? nil : try TestTLS.server.get(),
            registry: registry,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            now: { 1_790_000_000 }
        )
        return TestListener(listener: listener, registry: registry, isImplicit: session.security == .implicit)
    }

    /// - Parameter preamble: Sent one octet at a time, before TLS.
    func connect(autoRead: Bool = true, preamble: [UInt8] = []) async throws -> WireConnection {
        try await WireConnection.connect(
            port: self.listener.port,
            isImplicit: self.isImplicit,
            autoRead: autoRead,
            preamble: preamble
        )
    }

    func stop() async {
        await self.listener.stopAccepting()
    }
}
