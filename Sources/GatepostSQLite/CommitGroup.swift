internal import Dispatch
internal import GatepostModel
internal import Synchronization

/// The only writer. Operations that wait at the same time share one transaction, and so one sync.
///
/// While a commit waits for the disk, further operations collect; the next commit takes all of them. When one of them fails, the
/// transaction is undone and each is run alone, so that only the bad one fails.
final class CommitGroup: Sendable {
    /// What the writer did so far.
    struct Statistics: Sendable {
        var commits = 0
        var operations = 0
        var largestGroup = 0
        /// Commits that failed, each followed by a new connection.
        var failedCommits = 0
        var checkpoints = 0
    }

    private struct State: Sendable {
        var waiting: [any PendingOperation] = []
        var isDraining = false
        var isClosed = false
        var statistics = Statistics()
    }

    /// The most operations in one transaction: bounds what a failure runs again, and the first one's wait.
    private static let maximumGroup = 256

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "gatepost.store.writer", qos: .userInitiated)
    private let writer: Writer

    init(writer: Writer) {
        self.writer = writer
    }

    var statistics: Statistics { self.state.withLock { $0.statistics } }

    /// Runs `body` in a transaction and returns once that is durable.
    ///
    /// `body` may run twice, when another operation made the first transaction fail; it has no effect outside the database but
    /// what it leaves in ``Writer/Effects``.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (Connection, inout Writer.Effects) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            self.submit(Operation(body: body, continuation: continuation))
        }
    }

    private func submit(_ operation: any PendingOperation) {
        enum Next {
            case refuse
            case drain
            case wait
        }
        let next = self.state.withLock { state -> Next in
            guard !state.isClosed else { return .refuse }
            state.waiting.append(operation)
            if state.isDraining { return .wait }
            state.isDraining = true
            return .drain
        }
        switch next {
        case .refuse: operation.fail(StoreError(.unavailable, "the store is closed"))
        case .drain: self.queue.async { self.drain() }
        case .wait: break
        }
    }

    private func drain() {
        while true {
            let group = self.state.withLock { state -> [any PendingOperation] in
                guard !state.waiting.isEmpty else {
                    state.isDraining = false
                    return []
                }
                if state.waiting.count <= Self.maximumGroup {
                    defer { state.waiting = [] }
                    return state.waiting
                }
                let group = Array(state.waiting.prefix(Self.maximumGroup))
                state.waiting.removeFirst(Self.maximumGroup)
                return group
            }
            guard !group.isEmpty else { return }
            self.commit(group)
            if self.writer.checkpointIfDue() {
                self.state.withLock { $0.statistics.checkpoints += 1 }
            }
        }
    }

    private func commit(_ group: [any PendingOperation]) {
        do throws(Writer.Failure) {
            try self.writer.transaction { connection, effects in
                for operation in group { try operation.run(connection, &effects) }
            }
            self.count(group.count)
            for operation in group { operation.succeed() }
        } catch {
            self.failed(group, error)
        }
    }

    private func failed(_ group: [any PendingOperation], _ failure: Writer.Failure) {
        switch failure {
        case .operation(let error) where group.count == 1:
            group[0].fail(error)
        case .operation:
            for operation in group { self.commit([operation]) }
        case .commit(let error):
            self.state.withLock { $0.statistics.failedCommits += 1 }
            for operation in group { operation.fail(error) }
        }
    }

    private func count(_ operations: Int) {
        self.state.withLock { state in
            state.statistics.commits += 1
            state.statistics.operations += operations
            state.statistics.largestGroup = max(state.statistics.largestGroup, operations)
        }
    }

    /// Lets what waits finish, refuses what comes later, and closes the connection.
    func close() async {
        self.state.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            // Behind the drain that may be under way, since the queue is serial.
            self.queue.async {
                self.drain()
                self.writer.close()
                continuation.resume()
            }
        }
    }
}

/// An operation with the type of its result erased.
private protocol PendingOperation: Sendable {
    func run(_ connection: Connection, _ effects: inout Writer.Effects) throws
    func succeed()
    func fail(_ error: StoreError)
}

/// `@unchecked Sendable`: handed from the caller to the writer's queue by the group's lock, and touched only there from then on.
private final class Operation<Value: Sendable>: PendingOperation, @unchecked Sendable {
    private let body: @Sendable (Connection, inout Writer.Effects) throws -> Value
    private let continuation: CheckedContinuation<Value, any Error>
    private var value: Value?

    init(
        body: @escaping @Sendable (Connection, inout Writer.Effects) throws -> Value,
        continuation: CheckedContinuation<Value, any Error>
    ) {
        self.body = body
        self.continuation = continuation
    }

    func run(_ connection: Connection, _ effects: inout Writer.Effects) throws {
        self.value = try self.body(connection, &effects)
    }

    func succeed() {
        guard let value = self.value else {
            return self.continuation.resume(throwing: StoreError(.unavailable, "the operation was not run"))
        }
        self.continuation.resume(returning: value)
    }

    func fail(_ error: StoreError) {
        self.continuation.resume(throwing: error)
    }
}
