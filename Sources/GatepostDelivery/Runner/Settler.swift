internal import GatepostModel
internal import Logging
internal import Synchronization

/// Records outcomes: while one commit is under way, further outcomes collect and share the next.
///
/// Workers do not wait for it. A crash before the commit repeats these deliveries and loses none (at least once).
final class Settler: Sendable {
    /// What belongs into one commit: the outcomes of one transaction and the notifications about them.
    struct Entry: Sendable {
        var results: [RecipientResult]
        var notifications: [NewMessage] = []
    }

    private struct State {
        var entries: [Entry] = []
        var isFinished = false
        var isFailing = false
    }

    /// Entries of one commit at most.
    private static let maximumEntries = 256
    /// Once finished, so many failures in a row are the end of trying.
    private static let lastTries = 5

    private let state = Mutex(State())
    private let wake = WakeSignal()
    private let store: any QueueStore
    private let interval: Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let settled: @Sendable (_ entries: [Entry]) -> Void

    /// - Parameters:
    ///   - interval: The least time between two commits.
    ///   - settled: Called after each commit.
    init(
        store: any QueueStore,
        interval: Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        logger: Logger,
        settled: @escaping @Sendable (_ entries: [Entry]) -> Void
    ) {
        self.store = store
        self.interval = interval
        self.sleep = sleep
        self.logger = logger
        self.settled = settled
    }

    /// Whether the store refuses what it is given, so that nothing new should be begun.
    var isFailing: Bool { self.state.withLock(\.isFailing) }

    func add(_ entry: Entry) {
        self.state.withLock { $0.entries.append(entry) }
        self.wake.set()
    }

    /// Nothing more will be added: ``run()`` returns after the last commit.
    func finish() {
        self.state.withLock { $0.isFinished = true }
        self.wake.set()
    }

    func run() async {
        var limit = Self.maximumEntries
        var failures = 0
        while true {
            let batch = self.take(limit)
            guard !batch.isEmpty else {
                if self.state.withLock({ $0.isFinished && $0.entries.isEmpty }) { return }
                await self.wake.wait()
                continue
            }
            do {
                try await self.store.settle(batch.flatMap(\.results), notifications: batch.flatMap(\.notifications))
                failures = 0
                limit = min(limit * 2, Self.maximumEntries)
                self.state.withLock { $0.isFailing = false }
                self.settled(batch)
                if batch.count < limit { await self.pause(self.interval) }
            } catch {
                failures += 1
                self.logger.error(
                    "Outcomes of deliveries cannot be recorded",
                    metadata: ["error": "\(error)", "entries": "\(batch.count)"]
                )
                // Smaller commits, and the refused entries last: if it is one of them that cannot be stored, the others get through.
                limit = max(1, limit / 2)
                let isOver = self.state.withLock { state in
                    state.entries += batch
                    state.isFailing = true
                    return state.isFinished && failures >= Self.lastTries
                }
                if isOver {
                    self.logger.error("Outcomes of deliveries are lost: these messages will be delivered again")
                    return
                }
                await self.pause(.seconds(1))
            }
        }
    }

    private func take(_ limit: Int) -> [Entry] {
        self.state.withLock { state in
            let batch = Array(state.entries.prefix(limit))
            state.entries.removeFirst(batch.count)
            return batch
        }
    }

    private func pause(_ duration: Duration) async {
        // Nothing to wait for once no more comes.
        guard duration > .zero, !self.state.withLock({ $0.isFinished && !$0.isFailing }) else { return }
        do {
            try await self.sleep(duration)
        } catch {
            // Cancelled: try again at once; `lastTries` bounds it.
        }
    }
}
