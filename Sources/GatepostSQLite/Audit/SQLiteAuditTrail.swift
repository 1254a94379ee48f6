internal import Dispatch
package import GatepostModel
internal import Synchronization

/// The audit trail in a database of its own, `audit.db`, so that its commits are not those that mail waits for.
///
/// Events are collected for a moment and written together by a thread of their own; who records one pays a lock and an append. What
/// comes faster than the disk takes it is counted, and a gap record says how much was lost. The caller holds the data directory's lock.
package final class SQLiteAuditTrail: AuditTrail {
    package struct Options: Sendable {
        /// How long events wait for others to be written with.
        package var delay = Duration.milliseconds(100)
        /// The most events that wait; the next ones are lost, and counted.
        package var maximumWaiting = 16_384
        /// How long to wait after a failed commit.
        package var retryDelay = Duration.seconds(1)
        package var checkpointPages = 2000
        package var busyTimeoutSeconds = 5.0
        /// Called before each commit, may throw in its place; for tests of failing disks.
        package var commitFault: (@Sendable () throws -> Void)?

        package init() {}
    }

    /// What the writer did since the trail was opened.
    package struct Statistics: Hashable, Sendable, Codable {
        package var records = 0
        package var commits = 0
        package var failedCommits = 0
        /// Events that were lost.
        package var lost = 0
    }

    private struct Waiting: Sendable {
        var event: AuditEvent
        /// Whoever waits until it is durable.
        var continuation: CheckedContinuation<Void, any Error>?
    }

    private struct State: Sendable {
        var waiting: [Waiting] = []
        /// Lost, and not said in the trail yet.
        var gap: GapEvent?
        var isScheduled = false
        /// Somebody waits, or there is a whole group: write at once.
        var isUrgent = false
        /// A commit failed: the next try is at its time, and not whenever somebody records.
        var isBackingOff = false
        var isClosed = false
        var statistics = Statistics()

        mutating func lose(_ time: Timestamp, until end: Timestamp? = nil, count: Int = 1) {
            if let gap = self.gap {
                self.gap = GapEvent(
                    time: max(gap.time, end ?? time),
                    since: min(gap.since, time),
                    count: gap.count + count
                )
            } else {
                self.gap = GapEvent(time: end ?? time, since: time, count: count)
            }
        }
    }

    /// The most events in one transaction.
    private static let maximumGroup = 512

    /// What did not fit at the end of the chain when it was opened. The chain goes on from what is there, and its next record says so.
    package let faultAtOpen: AuditFault?

    let key: AuditKey
    let headFile: AuditHeadFile
    let reader: Reader
    /// For a verification, which takes seconds.
    let longReader: Reader
    let clock: any WallClock
    private let options: Options
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "gatepost.audit.writer", qos: .utility)
    private let appender: AuditAppender
    private let arrivals = ArrivalSignal()

    /// Opens the trail of a data directory, and makes it where there is none.
    ///
    /// - Throws: ``StoreError``.
    package static func open(
        dataDirectory: String,
        key: AuditKey,
        clock: any WallClock,
        options: Options = Options()
    ) throws -> SQLiteAuditTrail {
        do {
            return try SQLiteAuditTrail(dataDirectory: dataDirectory, key: key, clock: clock, options: options)
        } catch {
            throw StoreError(any: error)
        }
    }

    private init(dataDirectory: String, key: AuditKey, clock: any WallClock, options: Options) throws {
        try Spool.make(dataDirectory)
        let settings = Connection.Configuration(
            path: dataDirectory + "/audit.db",
            isReadOnly: false,
            pageOctets: 4096,
            cacheKibibytes: 2048,
            busyTimeoutSeconds: options.busyTimeoutSeconds,
            maximumPageCount: nil,
            erasesDeleted: true
        )
        try makePrivateFile(settings.path)
        let writer = try Writer(
            checkpointPages: options.checkpointPages,
            fault: options.commitFault,
            open: {
                let connection = try Connection(settings)
                try AuditSchema.migrate(connection)
                return connection
            },
            afterCommit: { _ in }
        )
        self.key = key
        self.clock = clock
        self.options = options
        self.headFile = AuditHeadFile(directory: dataDirectory)
        self.appender = AuditAppender(key: key, writer: writer, headFile: self.headFile)
        self.faultAtOpen = try self.appender.open()
        var reading = settings
        reading.cacheKibibytes = 1024
        self.reader = try Reader(reading, label: "gatepost.audit.reader")
        self.longReader = try Reader(reading, label: "gatepost.audit.verification")
    }

    package var publicKey: [UInt8] { self.key.publicKey }

    package var statistics: Statistics { self.state.withLock { $0.statistics } }

    // MARK: Recording

    package func record(_ event: AuditEvent) {
        self.add(Waiting(event: event, continuation: nil))
    }

    package func recordDurably(_ event: AuditEvent) async throws {
        try await withCheckedThrowingContinuation { continuation in
            self.add(Waiting(event: event, continuation: continuation))
        }
    }

    private func add(_ waiting: Waiting) {
        enum Next {
            case nothing
            case soon
            case now
            case refuse
        }
        let next = self.state.withLock { state -> Next in
            guard !state.isClosed else { return .refuse }
            guard state.waiting.count < self.options.maximumWaiting else {
                state.statistics.lost += 1
                state.lose(waiting.event.time)
                return .refuse
            }
            state.waiting.append(waiting)
            let isGroup = state.waiting.count >= Self.maximumGroup && !state.isBackingOff
            let isUrgent = waiting.continuation != nil || isGroup
            defer { state.isScheduled = true }
            if isUrgent, !state.isUrgent {
                state.isUrgent = true
                return .now
            }
            return state.isScheduled ? .nothing : .soon
        }
        switch next {
        case .nothing: break
        case .soon: self.schedule(after: self.options.delay)
        case .now: self.queue.async { self.drain() }
        case .refuse:
            waiting.continuation?.resume(
                throwing: StoreError(.unavailable, "the audit trail is closed or cannot keep up")
            )
        }
    }

    private func schedule(after delay: Duration) {
        self.queue.asyncAfter(deadline: .now() + .milliseconds(Int(delay.wholeMilliseconds))) {
            self.state.withLock { $0.isBackingOff = false }
            self.drain()
        }
    }

    /// Writes what is waiting; on the queue.
    private func drain() {
        while true {
            let (group, gap) = self.state.withLock { state -> ([Waiting], GapEvent?) in
                let group = Array(state.waiting.prefix(Self.maximumGroup))
                state.waiting.removeFirst(group.count)
                if state.waiting.isEmpty { state.isUrgent = false }
                if group.isEmpty, state.gap == nil { state.isScheduled = false }
                defer { state.gap = nil }
                return (group, state.gap)
            }
            guard !group.isEmpty || gap != nil else { return }
            let events = group.map(\.event) + (gap.map { [AuditEvent.gap($0)] } ?? [])
            do {
                try self.appender.append(events, now: self.clock.now())
            } catch {
                return self.failed(group, gap, StoreError(any: error))
            }
            self.state.withLock { state in
                state.statistics.records += events.count
                state.statistics.commits += 1
            }
            for waiting in group { waiting.continuation?.resume() }
            self.arrivals.notify()
        }
    }

    /// Who waits is told; the rest is tried again later.
    private func failed(_ group: [Waiting], _ gap: GapEvent?, _ error: StoreError) {
        let isClosed = self.state.withLock { state in
            state.statistics.failedCommits += 1
            let kept = group.filter { $0.continuation == nil }
            if let gap { state.lose(gap.since, until: gap.time, count: gap.count) }
            let room = max(0, self.options.maximumWaiting - state.waiting.count)
            for lost in kept.dropFirst(room) {
                state.statistics.lost += 1
                state.lose(lost.event.time)
            }
            state.waiting.insert(contentsOf: kept.prefix(room), at: 0)
            state.isUrgent = false
            state.isBackingOff = true
            return state.isClosed
        }
        for waiting in group { waiting.continuation?.resume(throwing: error) }
        if !isClosed { self.schedule(after: self.options.retryDelay) }
    }

    package func flush() async throws {
        try await self.perform { _ in }
    }

    /// Runs `body` on the writer's queue, after what is waiting was written.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (AuditAppender) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async {
                self.drain()
                continuation.resume(with: Result { try body(self.appender) }.mapError { StoreError(any: $0) })
            }
        }
    }

    // MARK: Waiting

    package func lastSequence() async throws -> Int64 {
        try await self.perform { $0.lastSequence }
    }

    package func waitForRecords(after sequence: Int64, timeout: Duration) async throws {
        let arrivals = self.arrivals.arrivals()
        guard try await self.lastSequence() <= sequence else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in arrivals where try await self.lastSequence() > sequence { return }
            }
            group.addTask { try await Task.sleep(for: timeout) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Writes what is waiting, refuses what comes later, and closes the database.
    package func close() async throws {
        try await self.reader.close()
        try await self.longReader.close()
        let isFirst = self.state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        await withCheckedContinuation { continuation in
            self.queue.async {
                self.drain()
                self.appender.close()
                continuation.resume()
            }
        }
    }
}
