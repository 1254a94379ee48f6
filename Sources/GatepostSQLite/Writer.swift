internal import GatepostModel

/// The connection that writes, and what happens when it cannot.
///
/// `@unchecked Sendable`: used only on the serial queue of the ``CommitGroup`` that owns it.
final class Writer: @unchecked Sendable {
    /// What is to be done outside the database once the transaction is durable.
    struct Effects {
        /// Files of the spool that no message refers to any more.
        var filesToDelete: [String] = []
    }

    enum Failure: Error {
        /// An operation failed; the transaction was undone and the connection is sound.
        case operation(StoreError)
        /// The transaction as a whole failed.
        case commit(StoreError)
    }

    private let open: @Sendable () throws -> Connection
    private let afterCommit: @Sendable (Effects) -> Void
    private let checkpointPages: Int
    /// For tests: called before each commit, may throw in its place.
    private let fault: (@Sendable () throws -> Void)?
    private var connection: Connection
    /// A commit failed in a way that leaves open what is on the disk. Nothing is written until the log was emptied.
    private var needsRecovery = false
    private var isClosed = false

    /// - Parameter checkpointPages: The log is moved into the database when it has grown to so many pages.
    init(
        checkpointPages: Int,
        fault: (@Sendable () throws -> Void)? = nil,
        open: @escaping @Sendable () throws -> Connection,
        afterCommit: @escaping @Sendable (Effects) -> Void
    ) throws {
        self.checkpointPages = checkpointPages
        self.fault = fault
        self.open = open
        self.afterCommit = afterCommit
        self.connection = try open()
        self.connection.takeOver()
    }

    func transaction(_ body: (Connection, inout Effects) throws -> Void) throws(Failure) {
        guard !self.isClosed else { throw .commit(StoreError(.unavailable, "the store is closed")) }
        var effects = Effects()
        do {
            if self.needsRecovery { try self.recover() }
            try self.connection.begin()
        } catch {
            throw .commit(StoreError(any: error))
        }
        do {
            try body(self.connection, &effects)
        } catch {
            let error = StoreError(any: error)
            self.undo(after: error)
            throw self.needsRecovery ? .commit(error) : .operation(error)
        }
        do {
            try self.fault?()
            try self.connection.commit()
        } catch {
            let error = StoreError(any: error)
            self.undo(after: error)
            // A failed sync marks the pages clean that did not reach the disk, so that a second one on this descriptor would
            // succeed without them. And what a failed commit left in the log must not come to life at the next start: its
            // messages were refused, and their senders send them again.
            if error.code != .noSpace {
                self.needsRecovery = true
                // At once, so that a crash before the next commit finds an empty log; if the disk still refuses, the next one tries again.
                self.recoverIfPossible()
            }
            throw .commit(error)
        }
        if !effects.filesToDelete.isEmpty { self.afterCommit(effects) }
    }

    private func undo(after error: StoreError) {
        do {
            try self.connection.rollback()
        } catch {
            self.needsRecovery = true
        }
    }

    private func recoverIfPossible() {
        do {
            try self.recover()
        } catch {
            self.needsRecovery = true
        }
    }

    /// Takes a new connection and empties the log with it; its commits that were answered are synced, so nothing is lost.
    private func recover() throws {
        // Opened before the old one is closed: the last connection that closes would move the log by itself, and opening
        // again would read what the failed commit left there.
        let fresh = try self.open()
        try fresh.checkpoint(.truncate)
        fresh.takeOver()
        let old = self.connection
        self.connection = fresh
        self.needsRecovery = false
        try old.close()
    }

    /// - Returns: Whether the log was moved.
    func checkpointIfDue() -> Bool {
        guard !self.isClosed, !self.needsRecovery, self.connection.logPages >= self.checkpointPages else {
            return false
        }
        do {
            try self.connection.checkpoint(.passive)
            return true
        } catch {
            // What is committed is safe in the log, and the next commit tries again.
            return false
        }
    }

    /// Moves the whole log into the database and empties it, so that it holds no former content.
    func emptyLog() throws {
        guard !self.isClosed, !self.needsRecovery else { return }
        try self.connection.checkpoint(.truncate)
    }

    func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        do {
            try self.connection.close()
        } catch {
            // Nothing is lost: what was committed is in the log, which the next start reads.
            self.needsRecovery = true
        }
    }
}
