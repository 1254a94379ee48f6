internal import DNS
internal import DNSClient
internal import GatepostDelivery
package import GatepostModel
internal import GatepostSQLite
internal import Glibc
package import Logging
internal import MailSyntax
internal import NIOCore
internal import NIOPosix
internal import POP3
internal import SASL
internal import SMTP
internal import SMTPServer
internal import ServiceLifecycle
internal import UnixSignals

/// The whole server of one configuration: who implements which protocol, in which order things start and stop.
package struct GatepostService: Sendable {
    /// Why the server does not start.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            /// An address is taken, or needs a right that the process lacks.
            case cannotListen
            /// A certificate or key cannot be used.
            case configuration
        }

        package var kind: Kind
        package var description: String
        /// What to do about it.
        package var hint: String?
    }

    /// How SCRAM credentials are made, and what a fake one says.
    package static let scramIterations = PasswordDerivation.scramIterations

    let configuration: Configuration
    let logger: Logger

    package init(configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT: then refuses new sessions, lets transactions finish, and returns.
    ///
    /// - Parameter whenReady: Called once all listeners are bound, with what is listened on.
    /// - Throws: ``Failure``, `StoreError`, `MasterKey.Failure`.
    package func run(whenReady: @Sendable ([String]) throws -> Void = { _ in }) async throws {
        signal(SIGPIPE, SIG_IGN)
        let http = self.configuration.authentication.oauth.isEmpty ? nil : AsyncHTTPFetcher()
        do {
            try await self.run(http: http, whenReady: whenReady)
        } catch {
            try await http?.shutdown()
            throw error
        }
        try await http?.shutdown()
    }

    private func run(http: AsyncHTTPFetcher?, whenReady: @Sendable ([String]) throws -> Void) async throws {
        let clock = SystemClock()
        let started = clock.now()
        let store = try await SQLiteStore.open(dataDirectory: self.configuration.data)
        if try await MasterKeyRotation.finish(inDirectory: self.configuration.data, store: store) {
            self.logger.notice("finished the rotation of the master key that was interrupted")
        }
        let keyring = MasterKeyring(try MasterKey.open(inDirectory: self.configuration.data))
        let tlsLoader = TLSContextLoader(self.configuration.tls)
        let tls: TLSContextSource
        do {
            tls = TLSContextSource(try tlsLoader.load())
        } catch {
            throw Failure(kind: .configuration, description: "\(error)", hint: "gatepost config check tells more.")
        }
        let limits = self.configuration.limits
        let pool = HashingPool(threads: limits.hashingThreads, queue: limits.hashingQueue)
        let directory = AccountDirectory(
            store: store,
            clock: clock,
            defaultDomain: self.configuration.authentication.defaultDomain,
            cache: self.configuration.authentication.cache
        )
        let counters = SubmissionCounters()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let files = NIOThreadPool(numberOfThreads: 4)
        files.start()
        let checkers = try self.makeCheckers(group)
        let runner = try self.makeRunner(store: store, clock: clock, group: group)

        let authenticator = Authenticator(
            directory: directory,
            pool: pool,
            keyring: keyring,
            scramIterations: GatepostService.scramIterations,
            tokens: http.map { http in
                BearerTokenVerifier(
                    issuers: self.configuration.authentication.oauth,
                    http: http,
                    clock: clock,
                    logger: self.logger,
                    canonical: { directory.address(of: $0) ?? $0 }
                )
            },
            checkers: checkers
        )
        let permits = self.configuration.popBeforeSMTP.map { RelayPermits(duration: $0.duration, clock: clock) }
        let service = SubmissionService(
            authenticator: authenticator,
            queue: store,
            spool: SpoolDirectory(path: store.spoolDirectory, threads: files),
            clock: clock,
            hostname: self.configuration.hostname,
            disposal: self.isHolding ? .hold : .deliver,
            permits: permits,
            counters: counters,
            logger: self.logger,
            queued: { runner.notify() }
        )
        let registry = SessionRegistry(
            maximumSessions: limits.connections,
            maximumSessionsPerAddress: limits.connectionsPerAddress,
            unlimited: self.configuration.networks.allow
        )
        let pop3 = POP3Service(
            authenticator: authenticator,
            counters: counters,
            inboxes: store,
            queue: store,
            contents: ContentReader(spool: store.spoolDirectory, threads: files),
            clock: clock,
            permits: permits,
            endsOnLogout: self.configuration.popBeforeSMTP?.endsOnLogout == true,
            logger: self.logger
        )
        let (listeners, addresses) = try await self.listen(
            service,
            pop3,
            tls: tls,
            registry: registry,
            group: group,
            clock: clock
        )
        let sockets = try await self.openAuthenticationSockets(
            authenticator: authenticator,
            counters: counters,
            clock: clock,
            group: group
        )
        let names = addresses + sockets.map { "\($0.kind.name) \($0.path)" }

        let administration = Administration(
            accounts: store,
            queue: store,
            inboxes: store,
            clock: clock,
            spool: store.spoolDirectory,
            masterKeys: Administration.MasterKeys(directory: self.configuration.data, keyring: keyring),
            defaultDomain: self.configuration.authentication.defaultDomain,
            hooks: Administration.Hooks(
                accountChanged: { directory.accountChanged($0.address) },
                domainsChanged: { directory.domainsChanged() },
                queueChanged: { runner.retryNow() },
                status: {
                    ServerStatus(
                        version: ProductVersion.current,
                        hostname: self.configuration.hostname,
                        processIdentifier: getpid(),
                        started: started.description,
                        listeners: names,
                        counters: self.counters(counters, registry, runner, store)
                    )
                }
            )
        )
        let control = ControlService(
            administration: administration,
            dataDirectory: self.configuration.data,
            group: group,
            logger: self.logger
        )
        self.sayWhatIsInsecure()
        self.logger.notice(
            "ready",
            metadata: ["listeners": "\(names.joined(separator: ", "))", "hostname": "\(self.configuration.hostname)"]
        )
        try whenReady(names)

        // Shut down in reverse: first the listeners, so that nothing new comes, last the runner, which delivers what came.
        let lifecycle = ServiceGroup(
            services: [
                QueueRunnerService(runner: runner),
                SpoolSweep(store: store, started: started, logger: self.logger),
                control,
                CertificateReload(loader: tlsLoader, source: tls, logger: self.logger),
                SubmissionListeners(
                    listeners: listeners,
                    registry: registry,
                    grace: limits.timeouts.shutdown,
                    logger: self.logger
                ),
            ] + sockets,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "gatepost.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        try await lifecycle.run()
        try await store.close()
        try await pool.shutdown()
        try await checkers?.shutdown()
        try await files.shutdownGracefully()
        try await group.shutdownGracefully()
        self.logger.notice("stopped")
    }

    private func makeCheckers(_ group: any EventLoopGroup) throws -> PasswordCheckers? {
        do {
            return try PasswordCheckers.make(
                self.configuration.authentication.passwordCheckers,
                group: group,
                logger: self.logger
            )
        } catch {
            throw Failure(
                kind: .configuration,
                description: "authentication.passwordCheckers: \(error)",
                hint: "Debian's packages are libpam0g and libldap-2.5-0."
            )
        }
    }

    private var isHolding: Bool {
        if case .hold = self.configuration.delivery.route { true } else { false }
    }

    private func makeRunner(store: SQLiteStore, clock: SystemClock, group: any EventLoopGroup) throws -> QueueRunner {
        var options = UnboundResolver.Options()
        if let servers = self.configuration.dns.servers {
            options.servers = .forward(
                servers.map { UnboundResolver.Server(address: $0.address.description, port: $0.port) }
            )
        }
        options.validatesDNSSEC = self.configuration.dns.dnssec
        let delivery = DeliveryConfiguration(
            self.configuration,
            spool: store.spoolDirectory,
            own: OwnAddresses(self.configuration, interfaces: try GatepostService.interfaceAddresses())
        )
        return QueueRunner(
            store: store,
            configuration: delivery,
            resolver: try UnboundResolver(options: options),
            localDomains: { Set(try await store.domains()) },
            toASCII: { try IDNA.toASCII($0) },
            group: group,
            clock: clock,
            logger: self.logger
        )
    }

    private static func interfaceAddresses() throws -> Set<IPAddress> {
        Set(try System.enumerateDevices().compactMap { $0.address?.ipAddress.flatMap { IPAddress($0) } })
    }

    private func listen(
        _ service: SubmissionService,
        _ pop3: POP3Service,
        tls: TLSContextSource,
        registry: SessionRegistry,
        group: any EventLoopGroup,
        clock: SystemClock
    ) async throws -> (listeners: [SubmissionListeners.Bound], names: [String]) {
        var listeners: [SubmissionListeners.Bound] = []
        var names: [String] = []
        for wanted in self.configuration.listeners {
            let name = "\(wanted.service.rawValue):\(wanted.address.port)"
            let listener: SubmissionListeners.Bound
            do {
                switch wanted.service {
                case .submission:
                    listener = .smtp(
                        try await Listener.start(
                            self.listenerConfiguration(wanted, name: name),
                            service: service,
                            tls: tls,
                            registry: registry,
                            group: group,
                            logger: self.logger,
                            now: { clock.now().secondsSince1970 }
                        )
                    )
                case .pop3:
                    listener = .pop3(
                        try await POP3Listener.start(
                            self.pop3Configuration(wanted, name: name),
                            service: pop3,
                            tls: tls,
                            registry: registry,
                            group: group
                        )
                    )
                }
            } catch {
                throw Failure(
                    kind: .cannotListen,
                    description: "cannot listen on \(wanted.address): \(error)",
                    hint: wanted.address.port < 1024
                        ? "Ports below 1024 need root or CAP_NET_BIND_SERVICE (see etc/gatepost.service); gatepost dev needs neither."
                        : "Another program may hold the port: ss -ltnp shows which."
                )
            }
            listeners.append(listener)
            names.append("\(wanted.service.rawValue) \(wanted.address.address):\(listener.port) \(wanted.tls.rawValue)")
        }
        return (listeners, names)
    }

    private func listenerConfiguration(_ wanted: Configuration.Listener, name: String) -> Listener.Configuration {
        let security: ServerSessionConfiguration.Security =
            switch wanted.tls {
            case .starttls: .startTLS
            case .implicit: .implicit
            case .none: .none
            }
        let limits = self.configuration.limits
        return Listener.Configuration(
            name: name,
            host: wanted.address.address.description,
            port: wanted.address.port,
            session: ServerSessionConfiguration(
                hostname: self.configuration.hostname,
                service: .submission,
                security: security,
                mechanisms: self.configuration.authentication.mechanisms,
                allowsClearTextWithoutTLS: self.configuration.authentication.cleartextWithoutTLS
                    && wanted.address.isLoopback,
                allowsNTLMv1: self.configuration.authentication.ntlmV1,
                authorizesByAddress: self.configuration.popBeforeSMTP != nil,
                maximumMessageOctets: self.configuration.submission.maximumMessageSize.octets,
                maximumRecipients: self.configuration.submission.maximumRecipients,
                maximumBadCommands: limits.badCommands,
                maximumAuthenticationFailures: limits.authenticationAttempts
            ),
            timeouts: SessionTimeouts(
                command: limits.timeouts.command,
                data: limits.timeouts.data,
                tlsHandshake: limits.timeouts.tlsHandshake
            ),
            denied: self.configuration.networks.deny
        )
    }

    private func pop3Configuration(_ wanted: Configuration.Listener, name: String) -> POP3Listener.Configuration {
        let security: POP3SessionConfiguration.Security =
            switch wanted.tls {
            case .starttls: .startTLS
            case .implicit: .implicit
            case .none: .none
            }
        let limits = self.configuration.limits
        return POP3Listener.Configuration(
            name: name,
            host: wanted.address.address.description,
            port: wanted.address.port,
            session: POP3SessionConfiguration(
                hostname: self.configuration.hostname,
                security: security,
                mechanisms: self.configuration.authentication.mechanisms,
                allowsClearTextWithoutTLS: self.configuration.authentication.cleartextWithoutTLS
                    && wanted.address.isLoopback,
                allowsNTLMv1: self.configuration.authentication.ntlmV1,
                maximumAuthenticationFailures: limits.authenticationAttempts,
                maximumBadCommands: limits.badCommands
            ),
            denied: self.configuration.networks.deny
        )
    }

    /// What was asked for and weakens the server is said at every start.
    private func sayWhatIsInsecure() {
        let authentication = self.configuration.authentication
        for listener in self.configuration.listeners where listener.tls == .none {
            self.logger.warning("a listener speaks no TLS", metadata: ["address": "\(listener.address)"])
        }
        if authentication.cleartextWithoutTLS {
            self.logger.warning("passwords are accepted without TLS on loopback listeners")
        }
        if let permits = self.configuration.popBeforeSMTP {
            self.logger.warning(
                "after a POP3 login everybody at that address may send as the account without AUTH",
                metadata: ["for": "\(DurationText.format(permits.duration))"]
            )
        }
        let legacy = authentication.mechanisms.filter { [.cramMD5, .digestMD5, .ntlm].contains($0) }
        if !legacy.isEmpty {
            let names = legacy.map(\.description).joined(separator: ", ")
            self.logger.warning(
                "mechanisms are offered that need passwords which the server can read",
                metadata: ["mechanisms": "\(names)"]
            )
        }
        if authentication.ntlmV1, authentication.mechanisms.contains(.ntlm) {
            self.logger.warning("NTLMv1 responses are accepted, which are weak")
        }
    }

    private func counters(
        _ submission: SubmissionCounters,
        _ registry: SessionRegistry,
        _ runner: QueueRunner,
        _ store: SQLiteStore
    ) -> [String: Int] {
        let delivery = runner.counters
        let commits = store.commitStatistics
        return [
            "sessions": registry.count,
            "loginsSucceeded": submission.succeededLogins,
            "loginsRefused": submission.refusedLogins,
            "messagesAccepted": submission.acceptedMessages,
            "messagesRefused": submission.refusedMessages,
            "messagesInFlight": runner.messagesInFlight,
            "recipientsDelivered": delivery.delivered,
            "recipientsDeferred": delivery.deferred,
            "recipientsFailed": delivery.failed,
            "notificationsSent": delivery.notifications,
            "connectionsOut": delivery.connections,
            "transactionsOut": delivery.transactions,
            "transactionsReused": delivery.reused,
            "storeCommits": commits.commits,
            "storeOperations": commits.operations,
            "storeFailures": commits.failedCommits,
        ]
    }
}
