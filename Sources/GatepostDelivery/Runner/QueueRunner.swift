package import DNS
package import GatepostModel
package import Logging
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Everything after `250`: takes what is due out of the queue and delivers it.
///
///     let runner = QueueRunner(store: store, configuration: …, resolver: resolver, localDomains: …, toASCII: IDNA.toASCII, group: group, …)
///     try await runner.run()         // until shutDown()
///     runner.notify()                // after each enqueue
///
/// What is delivered is settled afterwards, so that a crash repeats a delivery and never loses one.
package final class QueueRunner: Sendable {
    enum Order: Sendable {
        case work(Destination)
        case cancel
    }

    private struct State {
        var isShuttingDown = false
        /// Workers that run or are asked for.
        var workers = 0
        /// Whether the loop that leases has stopped all destinations.
        var isDrained = false
        /// Destinations are to be tried again at once.
        var isForgiving = false
    }

    let configuration: DeliveryConfiguration
    let router: Router
    let store: any QueueStore
    let localDomains: @Sendable () async throws -> Set<String>
    let clock: any WallClock
    let sleep: @Sendable (Duration) async throws -> Void
    let logger: Logger
    let inFlight = InFlight()
    let settler: Settler
    let reporter: DeliveryReporter
    let wake = WakeSignal()
    let agenda = Agenda()
    private let resolver: any DNS.Resolver
    private let group: any EventLoopGroup
    private let box = CounterBox()
    private let permits: ConnectionPermits
    private let content: ContentReader
    private let state = Mutex(State())
    private let orders: AsyncStream<Order>
    private let orderSource: AsyncStream<Order>.Continuation

    /// - Parameters:
    ///   - resolver: Answers for MX and addresses.
    ///   - localDomains: The domains whose mail goes to `delivery.local`; asked once per look into the queue.
    ///   - toASCII: A domain with U-labels to A-labels (RFC 5891).
    ///   - sleep: Waits; replaced by tests.
    package init(
        store: any QueueStore,
        configuration: DeliveryConfiguration,
        resolver: any DNS.Resolver,
        localDomains: @escaping @Sendable () async throws -> Set<String>,
        toASCII: @escaping @Sendable (String) throws -> String,
        group: any EventLoopGroup,
        clock: any WallClock,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        logger: Logger
    ) {
        self.configuration = configuration
        self.router = Router(configuration.delivery, toASCII: toASCII)
        self.store = store
        self.resolver = resolver
        self.localDomains = localDomains
        self.group = group
        self.clock = clock
        self.sleep = sleep
        self.logger = logger
        self.permits = ConnectionPermits(configuration.delivery.connections)
        self.content = ContentReader(spool: configuration.spool, threads: .singleton)
        let inFlight = self.inFlight
        let wake = self.wake
        let agenda = self.agenda
        (self.orders, self.orderSource) = AsyncStream.makeStream()
        self.settler = Settler(
            store: store,
            interval: configuration.settleInterval,
            sleep: sleep,
            logger: logger
        ) { entries in
            for entry in entries {
                for result in entry.results {
                    inFlight.end(result.message, CollectionOfOne(result.recipient))
                    if case .deferred(let next, _) = result.outcome { agenda.note(next) }
                }
                // Notifications are due at once.
                if !entry.notifications.isEmpty { agenda.notify() }
            }
            wake.set()
        }
        self.reporter = DeliveryReporter(
            rule: OutcomeRule(schedule: configuration.schedule, delayNotice: configuration.delayNotice),
            hostname: configuration.hostname,
            store: store,
            content: self.content,
            clock: clock,
            settler: self.settler,
            counters: self.box,
            sign: configuration.sign,
            postmaster: configuration.postmaster,
            senderBehind: configuration.senderBehind,
            logger: logger
        )
    }

    /// What was done so far.
    package var counters: DeliveryCounters { self.box.value }

    /// Messages leased and not settled yet.
    package var messagesInFlight: Int { self.inFlight.count }

    /// There is something new in the queue. Cheap, and may be called too often.
    package func notify() {
        self.agenda.notify()
        self.wake.set()
    }

    /// Like ``notify()``, and destinations that are left alone since they did not answer are tried again.
    package func retryNow() {
        self.state.withLock { $0.isForgiving = true }
        self.notify()
    }

    /// Takes nothing more up; ``run()`` returns when the running transactions are over, or their time is.
    package func shutDown() {
        self.state.withLock { $0.isShuttingDown = true }
        self.wake.set()
    }

    /// Delivers until ``shutDown()`` or cancellation, which cuts running transactions. Once only.
    package func run() async throws {
        // Not a child task, which would be cancelled with us: what peers have accepted must be recorded.
        let settling = Task {
            await self.settler.run()
            await self.releaseLeases()
        }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.lend() }
                for await order in self.orders {
                    switch order {
                    case .work(let destination): group.addTask { await destination.work() }
                    case .cancel: group.cancelAll()
                    }
                }
                group.cancelAll()
            }
        } onCancel: {
            self.shutDown()
        }
        self.settler.finish()
        await settling.value
    }

    // MARK: - For the lending loop

    var isShuttingDown: Bool { self.state.withLock(\.isShuttingDown) }

    /// Whether destinations are to be forgiven; asked once per wish.
    func takeForgiving() -> Bool {
        self.state.withLock { state in
            defer { state.isForgiving = false }
            return state.isForgiving
        }
    }

    func makeContext() -> DeliveryContext {
        DeliveryContext(
            configuration: self.configuration,
            store: self.store,
            resolver: self.resolver,
            group: self.group,
            clock: self.clock,
            sleep: self.sleep,
            logger: self.logger,
            counters: self.box,
            permits: self.permits,
            inFlight: self.inFlight,
            content: self.content,
            reporter: self.reporter,
            startWorker: { destination in
                self.state.withLock { $0.workers += 1 }
                self.orderSource.yield(.work(destination))
            },
            workerEnded: {
                let isOver = self.state.withLock { state in
                    state.workers -= 1
                    return state.isDrained && state.workers == 0
                }
                if isOver { self.orderSource.finish() }
            }
        )
    }

    /// No destination takes anything up any more.
    func drained() {
        let isOver = self.state.withLock { state in
            state.isDrained = true
            return state.workers == 0
        }
        if isOver { self.orderSource.finish() }
    }

    /// The time for a shutdown is over.
    func cutTransactions() {
        self.orderSource.yield(.cancel)
    }

    func releaseLeases() async {
        do {
            try await self.store.releaseLeases()
        } catch {
            // They run out, or the next start gives them back.
            self.logger.error("Leases cannot be given back", metadata: ["error": "\(error)"])
        }
    }
}
