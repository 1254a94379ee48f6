package import DNS
package import GatepostModel
package import Logging
package import ServiceLifecycle
internal import Synchronization

/// Asks DNS for the records of keys that wait for it, and lets a key sign once its record is there. Says when a key's mail is gone.
package final class DKIMKeyWatcher: Service {
    private struct State {
        /// Of keys that wait, by ``DKIMKey/recordName``.
        var sightings: [String: DKIMKeyWatch.Sighting] = [:]
        var nextLooks: [String: Timestamp] = [:]
        /// Keys of which was said that they may be retired.
        var told: Set<String> = []
    }

    private let state = Mutex(State())
    private let store: any AccountStore
    private let queue: any QueueStore
    private let resolver: any Resolver
    private let clock: any WallClock
    private let toASCII: @Sendable (String) throws -> String
    private let changed: @Sendable () async -> Void
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger

    /// How often the keys are looked at; DNS is asked as ``DKIMKeyWatch/pause(age:)`` says.
    private static let interval = Duration.seconds(30)

    /// - Parameters:
    ///   - changed: Called after another key began to sign.
    ///   - sleep: Waits between two looks.
    package init(
        store: any AccountStore,
        queue: any QueueStore,
        resolver: any Resolver,
        clock: any WallClock,
        toASCII: @escaping @Sendable (String) throws -> String,
        changed: @escaping @Sendable () async -> Void,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        logger: Logger
    ) {
        self.store = store
        self.queue = queue
        self.resolver = resolver
        self.clock = clock
        self.toASCII = toASCII
        self.changed = changed
        self.sleep = sleep
        self.logger = logger
    }

    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    await self.look()
                    try await self.sleep(Self.interval)
                }
            }
        } catch is CancellationError {
            self.logger.debug("no longer watching DNS for keys")
        }
    }

    /// What DNS said about a key that waits, when it was last asked.
    package func sighting(of key: DKIMKey) -> DKIMKeyWatch.Sighting? {
        self.state.withLock { $0.sightings[key.recordName] }
    }

    /// Looks at all keys once.
    package func look() async {
        do {
            let keys = try await self.store.dkimKeys(of: nil)
            let now = self.clock.now()
            let waiting = keys.filter { $0.state == .pending }
            let names = Set(waiting.map(\.recordName))
            let due = self.state.withLock { state in
                state.sightings = state.sightings.filter { names.contains($0.key) }
                state.nextLooks = state.nextLooks.filter { names.contains($0.key) }
                return waiting.filter { now >= state.nextLooks[$0.recordName] ?? now }
            }
            for key in due { try await self.look(for: key, now) }
            try await self.tellOfMailGone(keys.filter { $0.state == .retiring }, now)
        } catch {
            self.logger.warning("DKIM keys could not be looked at", metadata: ["error": "\(error)"])
        }
    }

    private func look(for key: DKIMKey, _ now: Timestamp) async throws {
        let sighting: DKIMKeyWatch.Sighting
        do {
            let name = DKIMKey.recordName(selector: key.selector, domain: try self.toASCII(key.domain))
            sighting = await DKIMKeyWatch.look(for: key, at: name, in: self.resolver)
        } catch {
            sighting = .different("the domain cannot be looked up: \(error)")
        }
        self.state.withLock { state in
            state.sightings[key.recordName] = sighting
            state.nextLooks[key.recordName] = now + DKIMKeyWatch.pause(age: now - key.created)
        }
        guard sighting == .published else { return }
        let begins = try await self.store.changeDKIMKeys(of: key.domain) { $0.saw(key.selector, at: now) }
        guard begins else { return }
        self.logger.notice("a DKIM key is in DNS and signs from now on", metadata: Self.metadata(key))
        await self.changed()
    }

    private func tellOfMailGone(_ retiring: [DKIMKey], _ now: Timestamp) async throws {
        // The queue is counted through: only for those whose time is over.
        let silent = self.state.withLock { state in
            retiring.filter { key in
                !state.told.contains(key.recordName) && (key.neededUntil.map { now >= $0 } ?? false)
            }
        }
        guard !silent.isEmpty else { return }
        let oldest = try await self.queue.statistics().oldest
        for key in silent where key.isMailGone(oldestQueued: oldest, now: now) {
            self.state.withLock { _ = $0.told.insert(key.recordName) }
            var metadata = Self.metadata(key)
            metadata["command"] = "gatepost dkim retire \(key.domain) \(key.selector)"
            self.logger.notice("no mail is under way any more that a former DKIM key signed", metadata: metadata)
        }
    }

    private static func metadata(_ key: DKIMKey) -> Logger.Metadata {
        ["domain": "\(key.domain)", "selector": "\(key.selector)", "algorithm": "\(key.algorithm.rawValue)"]
    }
}
