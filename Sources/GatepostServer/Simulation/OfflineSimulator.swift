internal import DNSClient
internal import GatepostDelivery
internal import GatepostModel
internal import GatepostSQLite
internal import Logging
internal import NIOPosix

/// Simulates for a command that found no server running, on the stores that it opened.
///
/// What a server keeps in memory only, such as failures within the last minute, counts as nothing; locks are read from the audit trail as at a
/// start.
actor OfflineSimulator {
    private let configuration: Configuration
    private let store: SQLiteStore
    private let trail: SQLiteAuditTrail
    private let keyring: MasterKeyring
    private let clock: any WallClock
    private var simulator: Simulator?
    private var signer: MailSigner?
    /// Made with the simulator; most commands need neither.
    private var pool: HashingPool?
    private var threads: NIOThreadPool?

    init(
        configuration: Configuration,
        store: SQLiteStore,
        trail: SQLiteAuditTrail,
        keyring: MasterKeyring,
        clock: any WallClock
    ) {
        self.configuration = configuration
        self.store = store
        self.trail = trail
        self.keyring = keyring
        self.clock = clock
    }

    func report(_ request: SimulationRequest) async throws -> SimulationReport {
        let report = try await self.opened().report(request)
        guard let signer = self.signer else { return report }
        let host = GatepostService(
            configuration: self.configuration,
            logger: Logger(label: "gatepost.simulation") { _ in SwiftLogNoOpLogHandler() }
        )
        let resolver = request.asksDNS ? try UnboundResolver(options: .init(self.configuration.dns)) : nil
        let forecast = try await host.forecasting(report, of: request, signer: signer, resolver: resolver)
        await resolver?.close()
        return forecast
    }

    func close() async throws {
        try await self.pool?.shutdown()
        try await self.threads?.shutdownGracefully()
    }

    private func opened() async throws -> Simulator {
        if let simulator { return simulator }
        // What a session would say is in the report.
        let logger = Logger(label: "gatepost.simulation") { _ in SwiftLogNoOpLogHandler() }
        let directory = AccountDirectory(
            store: self.store,
            clock: self.clock,
            defaultDomain: self.configuration.authentication.defaultDomain,
            cache: .zero
        )
        let pool = HashingPool(threads: 1, queue: 1)
        self.pool = pool
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        self.threads = threads
        let signer = MailSigner(store: self.store, keyring: self.keyring, threads: threads, logger: logger)
        await signer.reload()
        self.signer = signer
        let counters = SubmissionCounters()
        let host = GatepostService(configuration: self.configuration, logger: logger)
        let service = SubmissionService(
            authenticator: Authenticator(
                directory: directory,
                pool: pool,
                keyring: self.keyring,
                scramIterations: GatepostService.scramIterations,
                maximumPasswordAge: self.configuration.authentication.passwordPolicy.maximumAge
            ),
            loginGuard: LoginGuard(
                policy: self.configuration.lockoutPolicy(own: try GatepostService.interfaceAddresses()),
                clock: self.clock,
                logger: logger,
                history: try await LockoutHistory.read(self.trail, now: self.clock.now())
            ),
            queue: self.store,
            spool: SpoolDirectory(path: self.store.spoolDirectory, threads: NIOThreadPool(numberOfThreads: 1)),
            clock: self.clock,
            hostname: self.configuration.hostname,
            disposal: host.isHolding ? .hold : .deliver,
            counters: counters,
            recorder: LoginRecorder(trail: self.trail, counters: counters, logger: logger),
            audit: self.trail,
            sending: SendingLedger(store: self.store, clock: self.clock, rules: .init(self.configuration)),
            signer: signer,
            logger: logger,
            queued: {}
        )
        let made = host.simulator(service)
        self.simulator = made
        return made
    }
}
