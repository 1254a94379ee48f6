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
internal import SASL
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
        let http =
            self.configuration.authentication.oauth.isEmpty && self.relay?.oauth == nil ? nil : AsyncHTTPFetcher()
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
        let ticketPool = self.configuration.authentication.kerberos.map { _ in
            HashingPool(threads: limits.hashingThreads, queue: limits.hashingQueue)
        }
        let kerberos = try ticketPool.flatMap { try self.kerberos(pool: $0) }
        let directory = AccountDirectory(
            store: store,
            clock: clock,
            defaultDomain: self.configuration.authentication.defaultDomain,
            cache: self.configuration.authentication.cache
        )
        let uses = CredentialUses(store: store, logger: self.logger)
        let counters = SubmissionCounters()
        let audit = try self.openAudit(clock: clock, counters: counters)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let files = NIOThreadPool(numberOfThreads: 4)
        files.start()
        let signing = NIOThreadPool(numberOfThreads: System.coreCount)
        signing.start()
        let checkers = try self.makeCheckers(group)
        let relayLogin = self.relay.map { relay in
            RelayAccess(relay, data: self.configuration.data, logger: self.logger)
                .login(markKey: keyring.current.derived("relay login"), http: http, clock: clock)
        }
        let resolver = try UnboundResolver(options: .init(self.configuration.dns))
        let returnPaths = ReturnPaths { keyring.current.derived("return paths") }
        let signer = MailSigner(store: store, keyring: keyring, threads: signing, logger: self.logger)
        await signer.reload()
        let runner = try self.makeRunner(
            store: store,
            clock: clock,
            group: group,
            relayLogin: relayLogin,
            resolver: resolver,
            returnPaths: returnPaths,
            signer: signer
        )

        let authenticator = Authenticator(
            directory: directory,
            pool: pool,
            keyring: keyring,
            scramIterations: GatepostService.scramIterations,
            tokens: self.configuration.authentication.oauth.isEmpty
                ? nil
                : http.map { http in
                    BearerTokenVerifier(
                        issuers: self.configuration.authentication.oauth,
                        http: http,
                        clock: clock,
                        logger: self.logger,
                        canonical: { directory.address(of: $0) ?? $0 }
                    )
                },
            kerberos: kerberos,
            checkers: checkers,
            uses: uses,
            maximumPasswordAge: self.configuration.authentication.passwordPolicy.maximumAge
        )
        let loginGuard = LoginGuard(
            policy: self.configuration.lockoutPolicy(own: try GatepostService.interfaceAddresses()),
            clock: clock,
            logger: self.logger,
            tags: audit.tags,
            audit: audit.trail,
            history: try await LockoutHistory.read(audit.trail, now: started)
        )
        let permits = self.configuration.popBeforeSMTP.map { RelayPermits(duration: $0.duration, clock: clock) }
        let milterCounters = MilterCounters()
        let milters = MilterContext(
            filters: self.configuration.milters,
            hostname: self.configuration.hostname,
            maximumBodyOctets: max(
                self.configuration.submission.maximumMessageSize.octets,
                self.configuration.reception.maximumMessageSize.octets
            ),
            group: group,
            contents: ContentReader(spool: store.spoolDirectory, threads: files),
            spool: SpoolDirectory(path: store.spoolDirectory, threads: files),
            clock: clock,
            counters: milterCounters,
            logger: self.logger
        )
        let service = SubmissionService(
            authenticator: authenticator,
            loginGuard: loginGuard,
            queue: AliasedIntake(store: store, directory: store, rules: RecipientRules(self.configuration)),
            spool: SpoolDirectory(path: store.spoolDirectory, threads: files),
            clock: clock,
            hostname: self.configuration.hostname,
            disposal: self.isHolding ? .hold : .deliver,
            permits: permits,
            counters: counters,
            recorder: audit.recorder,
            audit: audit.trail,
            sending: SendingLedger(store: store, clock: clock, rules: .init(self.configuration)),
            postmaster: self.configuration.postmaster.map { .mailbox($0) } ?? .postmaster,
            milters: milters,
            signer: signer,
            logger: self.logger,
            queued: { runner.notify() }
        )
        let registry = SessionRegistry(
            maximumSessions: limits.connections,
            maximumSessionsPerAddress: limits.connectionsPerAddress,
            maximumArrivalsPerMinute: limits.connectionsPerMinute,
            unlimited: self.configuration.networks.allow
        )
        let pop3 = POP3Service(
            authenticator: authenticator,
            loginGuard: loginGuard,
            recorder: audit.recorder,
            inboxes: store,
            queue: store,
            contents: ContentReader(spool: store.spoolDirectory, threads: files),
            clock: clock,
            permits: permits,
            endsOnLogout: self.configuration.popBeforeSMTP?.endsOnLogout == true,
            logger: self.logger
        )
        let received = ReceptionCounters()
        var reception = self.reception(
            store: store,
            spool: SpoolDirectory(path: store.spoolDirectory, threads: files),
            resolver: resolver,
            returnPaths: returnPaths,
            clock: clock,
            counters: received,
            milters: milters,
            audit: audit.trail,
            queued: { runner.notify() }
        )
        reception.reports = ReceptionReports(
            settings: self.configuration.reports,
            store: store,
            contents: ContentReader(spool: store.spoolDirectory, threads: files),
            clock: clock,
            domains: { try await store.domains() }
        )
        let reporting = self.reportSenders(
            store: store,
            spool: SpoolDirectory(path: store.spoolDirectory, threads: files),
            resolver: resolver,
            clock: clock,
            sign: { await signer.signed($0) },
            queued: { runner.notify() }
        )
        let (listeners, addresses) = try await self.listen(
            try await self.listeners(store),
            service,
            pop3,
            reception,
            tls: tls,
            registry: registry,
            group: group,
            clock: clock,
            kerberos: kerberos
        )
        let sockets = try await self.openAuthenticationSockets(
            authenticator: authenticator,
            loginGuard: loginGuard,
            recorder: audit.recorder,
            clock: clock,
            group: group
        )
        let names = addresses + sockets.map { "\($0.kind.name) \($0.path)" }

        let watcher = DKIMKeyWatcher(
            store: store,
            queue: store,
            resolver: resolver,
            clock: clock,
            toASCII: { try IDNA.toASCII($0) },
            changed: { await signer.reload() },
            logger: self.logger
        )
        let administration = Administration(
            accounts: store,
            queue: store,
            inboxes: store,
            clock: clock,
            spool: store.spoolDirectory,
            masterKeys: Administration.MasterKeys(directory: self.configuration.data, keyring: keyring),
            defaultDomain: self.configuration.authentication.defaultDomain,
            host: DomainRecords.Host(self.configuration),
            policy: self.configuration.authentication.passwordPolicy,
            hooks: Administration.Hooks(
                accountChanged: { directory.accountChanged($0.address) },
                domainsChanged: {
                    directory.domainsChanged()
                    await signer.reload()
                },
                queueChanged: { runner.retryNow() },
                status: {
                    ServerStatus(
                        version: ProductVersion.current,
                        hostname: self.configuration.hostname,
                        processIdentifier: getpid(),
                        started: started.description,
                        listeners: names,
                        counters: self.counters(
                            counters,
                            received,
                            signer,
                            loginGuard,
                            registry,
                            runner,
                            store,
                            audit.trail
                        ).merging(milterCounters.all) { $1 },
                        relay: relayLogin?.refused.current.map { refused in
                            "refused the login \(refused.refusals) times, next try after \(refused.until): \(refused.words)"
                        }
                    )
                },
                beforeReport: { await uses.flush() },
                keysChanged: { await signer.reload() },
                sighting: { watcher.sighting(of: $0) }
            ),
            recipients: RecipientRules(self.configuration),
            loginGuard: loginGuard,
            sendingRules: .init(self.configuration),
            trail: audit.trail,
            simulate: { [simulator = self.simulator(service)] request in
                try await self.forecasting(
                    try await simulator.report(request),
                    of: request,
                    signer: signer,
                    resolver: resolver
                )
            }
        )
        let control = ControlService(
            administration: administration.with(store, ownAddresses: try GatepostService.interfaceAddresses()),
            dataDirectory: self.configuration.data,
            group: group,
            logger: self.logger
        )
        self.sayWhatIsInsecure()
        self.sayWhoFilters()
        try await self.sayWhoSendsWithoutTLS(authenticator)
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
                uses,
                watcher,
                Housekeeping(
                    trail: audit.trail,
                    retention: self.configuration.audit.retention,
                    sending: store,
                    reports: store,
                    reportRetention: self.configuration.reports.retention,
                    clock: clock,
                    logger: self.logger
                ),
                control,
                CertificateReload(loader: tlsLoader, source: tls, logger: self.logger),
                SubmissionListeners(
                    listeners: listeners,
                    registry: registry,
                    grace: limits.timeouts.shutdown,
                    logger: self.logger
                ),
            ] + reporting + sockets,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "gatepost.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        try await lifecycle.run()
        try await audit.trail.close()
        try await store.close()
        try await pool.shutdown()
        try await ticketPool?.shutdown()
        await checkers?.shutdown(logger: self.logger)
        try await files.shutdownGracefully()
        try await signing.shutdownGracefully()
        try await group.shutdownGracefully()
        self.logger.notice("stopped")
    }

    /// The keys for GSSAPI, where they are configured.
    private func kerberos(pool: HashingPool) throws -> KerberosLogin? {
        #if Kerberos
        guard let rules = self.configuration.authentication.kerberos else { return nil }
        do throws(SecurityContextFailure) {
            return try KerberosLogin(
                rules: rules,
                replayCache: self.configuration.data + "/kerberos.rcache",
                pool: pool
            )
        } catch {
            throw Failure(
                kind: .configuration,
                description: "\(rules.keytab) cannot be used: \(error)",
                hint: "gatepost config check tells more."
            )
        }
        #else
        return nil
        #endif
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

    var isHolding: Bool {
        if case .hold = self.configuration.delivery.route { true } else { false }
    }

    private var relay: Configuration.Relay? {
        if case .relay(let relay) = self.configuration.delivery.route { relay } else { nil }
    }

    private func makeRunner(
        store: SQLiteStore,
        clock: SystemClock,
        group: any EventLoopGroup,
        relayLogin: RelayLogin?,
        resolver: any DNS.Resolver,
        returnPaths: ReturnPaths,
        signer: MailSigner
    ) throws -> QueueRunner {
        var delivery = DeliveryConfiguration(
            self.configuration,
            spool: store.spoolDirectory,
            own: OwnAddresses(self.configuration, interfaces: try GatepostService.interfaceAddresses())
        )
        delivery.relayLogin = relayLogin
        delivery.sign = { await signer.signed($0) }
        delivery.senderBehind = { returnPaths.sender(behind: $0, secondsSince1970: clock.now().secondsSince1970) }
        return QueueRunner(
            store: store,
            configuration: delivery,
            resolver: resolver,
            localDomains: { Set(try await store.domains()) },
            toASCII: { try IDNA.toASCII($0) },
            group: group,
            clock: clock,
            logger: self.logger
        )
    }

    static func interfaceAddresses() throws -> Set<IPAddress> {
        Set(try System.enumerateDevices().compactMap { $0.address?.ipAddress.flatMap { IPAddress($0) } })
    }

    /// What tells what a session would come to, by the service of real ones.
    func simulator(_ service: SubmissionService) -> Simulator {
        Simulator(
            listeners: self.configuration.listeners.filter { $0.service == .submission || $0.service == .device }.map {
                wanted in
                let name = "\(wanted.service.rawValue):\(wanted.address.port)"
                return Simulator.Place(
                    listener: self.listenerConfiguration(wanted, name: name, kerberos: nil),
                    service: wanted.device.map { service.serving($0) } ?? service
                )
            },
            allowed: self.configuration.networks.allow,
            filters: self.configuration.milters.filter { $0.traffic.contains(.submission) }.map(\.name)
        )
    }

    /// What was asked for and weakens the server is said at every start.
    func sayWhatIsInsecure() {
        let authentication = self.configuration.authentication
        for listener in self.configuration.listeners where listener.tls == .none && listener.device == nil {
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
        for case .ldap(let ldap) in authentication.passwordCheckers.map(\.kind) where ldap.sendsClearText {
            self.logger.warning(
                "passwords go to a directory without TLS: everybody on the way can read them",
                metadata: ["url": "\(ldap.url)"]
            )
        }
    }
}
