package import GatepostModel
internal import NIOPosix
package import SASL
internal import Synchronization

/// Threads that hash passwords, and a bounded line of those who wait for one.
///
/// Each login costs tens of milliseconds of a processor; without a bound, guessing would be a way to stop the server.
package final class HashingPool: Sendable {
    /// All threads work and the line is full: `454 4.7.0`.
    package struct Busy: Error, Sendable, Hashable {
        package init() {}
    }

    private let threads: NIOThreadPool
    private let limit: Int
    private let pending = Mutex(0)
    private let started = Mutex(0)

    /// - Parameters:
    ///   - threads: How many passwords are hashed at once.
    ///   - queue: How many more may wait.
    package init(threads: Int, queue: Int) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        self.limit = threads + queue
        self.threads.start()
    }

    /// Runs the work on one of the threads.
    ///
    /// - Throws: ``Busy`` at once, what the work throws, or `CancellationError`.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let isAdmitted = self.pending.withLock { pending in
            guard pending < self.limit else { return false }
            pending += 1
            return true
        }
        guard isAdmitted else { throw Busy() }
        self.started.withLock { $0 += 1 }
        defer { self.pending.withLock { $0 -= 1 } }
        return try await self.threads.runIfActive(work)
    }

    /// Whether the prepared password is the credential's.
    ///
    /// - Parameter credential: `nil` for an account that does not exist or has no password: takes as long and is `false`.
    package func verify(_ password: Secret, against credential: Credential?) async throws -> Bool {
        try await self.run { try StoredPassword.verify(password, against: credential) }
    }

    /// How many pieces of work were taken on since the start.
    package var total: Int { self.started.withLock { $0 } }

    /// How many passwords are being hashed or wait.
    package var load: Int { self.pending.withLock { $0 } }

    /// Ends the threads; work that waits is dropped.
    package func shutdown() async throws {
        try await self.threads.shutdownGracefully()
    }
}
