package import GatepostModel
internal import Synchronization

/// Accounts, queue and sandbox inboxes in one SQLite database: the store that needs no other server.
///
/// One connection writes (``CommitGroup``), two read: one for what sessions and deliveries wait for, one for what people ask, so that
/// a long list holds up nobody. The data directory holds `gatepost.db` with its log, `gatepost.lock` and `spool/`.
package final class SQLiteStore: Sendable {
    package struct Options: Sendable {
        /// Octets of a database page; only counts when the database is made.
        package var pageOctets = 4096
        /// The log is moved into the database when it has grown to so many pages.
        package var checkpointPages = 4000
        /// How long to wait for another process that holds the database's lock.
        package var busyTimeoutSeconds = 5.0
        /// Limits the growth of the database; for tests of a full disk.
        package var maximumPageCount: Int?
        /// Called before each commit, may throw in its place; for tests of failing disks.
        package var commitFault: (@Sendable () throws -> Void)?

        package init() {}
    }

    /// What the writer did since the store was opened.
    package struct CommitStatistics: Hashable, Sendable, Codable {
        /// Durable commits, one sync each.
        package var commits = 0
        /// Operations in them.
        package var operations = 0
        /// The most operations that one commit carried.
        package var largestGroup = 0
        package var failedCommits = 0
        package var checkpoints = 0
    }

    package let dataDirectory: String
    /// Where the files of ``MessageContent/file(name:octets:)`` lie.
    package var spoolDirectory: String { self.spool.directory }

    let writer: CommitGroup
    /// For look-ups that somebody waits for.
    let reader: Reader
    /// For lists and statistics.
    let listReader: Reader
    let spool: Spool
    let inboxSignal = ArrivalSignal()
    private let lock: DataDirectoryLock

    /// Opens the store of a data directory, which is made if it is not there, and makes due again what a former process had leased.
    ///
    /// - Throws: ``StoreError``; `inUse` when another process has the directory.
    package static func open(dataDirectory: String, options: Options = Options()) async throws -> SQLiteStore {
        let store: SQLiteStore
        do {
            store = try SQLiteStore(dataDirectory: dataDirectory, options: options)
        } catch {
            throw StoreError(any: error)
        }
        do {
            try await store.releaseLeases()
        } catch  where (error as? StoreError)?.code == .noSpace {
            // Logins work without space; the leases end by themselves.
        }
        return store
    }

    private init(dataDirectory: String, options: Options) throws {
        try Spool.make(dataDirectory)
        self.dataDirectory = dataDirectory
        self.lock = try DataDirectoryLock(directory: dataDirectory)
        let spool = try Spool(directory: dataDirectory + "/spool")
        self.spool = spool
        let settings = Connection.Configuration(
            path: dataDirectory + "/gatepost.db",
            isReadOnly: false,
            pageOctets: options.pageOctets,
            cacheKibibytes: 4096,
            busyTimeoutSeconds: options.busyTimeoutSeconds,
            maximumPageCount: options.maximumPageCount
        )
        try makePrivateFile(settings.path)
        let writer = try Writer(
            checkpointPages: options.checkpointPages,
            fault: options.commitFault,
            open: {
                let connection = try Connection(settings)
                try Schema.migrate(connection)
                return connection
            },
            afterCommit: { effects in spool.delete(effects.filesToDelete) }
        )
        self.writer = CommitGroup(writer: writer)
        var reading = settings
        reading.cacheKibibytes = 1024
        self.reader = try Reader(reading, label: "gatepost.store.reader")
        self.listReader = try Reader(reading, label: "gatepost.store.lists")
    }

    package var commitStatistics: CommitStatistics {
        let statistics = self.writer.statistics
        var result = CommitStatistics()
        result.commits = statistics.commits
        result.operations = statistics.operations
        result.largestGroup = statistics.largestGroup
        result.failedCommits = statistics.failedCommits
        result.checkpoints = statistics.checkpoints
        return result
    }

    /// Deletes files of the spool that no message refers to and that are older than the start: what a crash left behind.
    ///
    /// - Parameter start: When this process began; younger files may belong to messages that are being received.
    /// - Returns: How many files were deleted.
    package func sweepSpool(olderThan start: Timestamp) async throws -> Int {
        let names = try await self.listReader.readOne { connection in
            Set(try connection.statement("SELECT file FROM message WHERE file IS NOT NULL").all { $0.text(0) })
        }
        return try self.spool.sweep(keeping: names, olderThan: start)
    }

    /// Lets running operations finish, refuses new ones, and closes the database.
    package func close() async throws {
        try await self.reader.close()
        try await self.listReader.close()
        await self.writer.close()
        self.lock.release()
    }
}
