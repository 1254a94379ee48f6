internal import GRDB
internal import GRDBSQLite
internal import GatepostModel

/// One connection to the database, with its prepared statements. GRDB opens, configures and migrates it.
///
/// `@unchecked Sendable`: used by one thread at a time, the one that its owner (``CommitGroup`` or ``Reader``) runs on its serial queue.
final class Connection: @unchecked Sendable {
    /// How a connection is opened.
    struct Configuration: Sendable {
        var path: String
        var isReadOnly: Bool
        /// Octets of a page; only counts when the database is made.
        var pageOctets: Int
        /// The most memory for pages.
        var cacheKibibytes: Int
        var busyTimeoutSeconds: Double
        /// Limits the database's growth, for tests of a full disk.
        var maximumPageCount: Int?
        /// Whether what is deleted is overwritten at whatever cost.
        var erasesDeleted = false
    }

    let database: DatabaseQueue
    private let handle: OpaquePointer
    /// By the address of the statement's text, which is a literal and so never moves.
    private var statements: [UnsafePointer<UInt8>: PreparedStatement] = [:]
    /// Of the texts that are put together, of which there are a few dozen.
    private var composed: [String: PreparedStatement] = [:]
    /// Pages in the write-ahead log after the last commit.
    private(set) var logPages = 0

    init(_ settings: Configuration) throws {
        var configuration = GRDB.Configuration()
        configuration.readonly = settings.isReadOnly
        configuration.busyMode = .timeout(settings.busyTimeoutSeconds)
        configuration.allowsUnsafeTransactions = true
        configuration.label = settings.isReadOnly ? "gatepost.reader" : "gatepost.writer"
        configuration.prepareDatabase { database in
            if !settings.isReadOnly {
                try database.execute(sql: "PRAGMA page_size = \(settings.pageOctets)")
                try database.execute(sql: "PRAGMA journal_mode = WAL")
                // The commit that a 250 waits for survives a power cut: WAL with NORMAL would not (RFC 5321 §4.2.5 makes us responsible).
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // Checkpoints are ours, after those who waited for the commit were told.
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
                try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
                // Debian's default overwrites what is deleted, at twice the writing; FAST does so where it costs none.
                try database.execute(sql: "PRAGMA secure_delete = \(settings.erasesDeleted ? "ON" : "FAST")")
                if let limit = settings.maximumPageCount {
                    try database.execute(sql: "PRAGMA max_page_count = \(limit)")
                }
            }
            try database.execute(sql: "PRAGMA cache_size = -\(settings.cacheKibibytes)")
            try database.execute(sql: "PRAGMA mmap_size = 0")
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
        }
        let database = try DatabaseQueue(path: settings.path, configuration: configuration)
        guard let handle = database.inDatabase({ $0.sqliteConnection }) else {
            throw StoreError(.unavailable, "the database closed while it was opened")
        }
        self.database = database
        self.handle = handle
    }

    /// The statement for a literal SQL text, prepared once.
    func statement(_ sql: StaticString) throws -> PreparedStatement {
        if let statement = self.statements[sql.utf8Start] { return statement }
        let statement = try PreparedStatement(connection: self.handle, sql: sql)
        self.statements[sql.utf8Start] = statement
        return statement
    }

    /// The statement for a text that is put together from literal parts, prepared once.
    func statement(text: String) throws -> PreparedStatement {
        if let statement = self.composed[text] { return statement }
        let statement = try PreparedStatement(connection: self.handle, text: text)
        self.composed[text] = statement
        return statement
    }

    /// Of all statements together.
    var fullScanSteps: Int { self.statements.values.reduce(0) { $0 + $1.fullScanSteps } }

    /// Rows that the last statement inserted, updated or deleted.
    var changes: Int { Int(sqlite3_changes(self.handle)) }
    /// The key of the last inserted row.
    var lastInsertedKey: Int64 { sqlite3_last_insert_rowid(self.handle) }

    // MARK: Transactions

    func begin() throws { try self.statement("BEGIN IMMEDIATE").run() }

    func commit() throws { try self.statement("COMMIT").run() }

    /// Undoes the transaction if there is one: SQLite rolls back by itself after some failures.
    func rollback() throws {
        guard sqlite3_get_autocommit(self.handle) == 0 else { return }
        try self.statement("ROLLBACK").run()
    }

    /// What `body` reads belongs to one moment.
    func reading<Value>(_ body: (Connection) throws -> Value) throws -> Value {
        try self.statement("BEGIN DEFERRED").run()
        do {
            let value = try body(self)
            try self.commit()
            return value
        } catch {
            try self.rollback()
            throw error
        }
    }

    // MARK: The write-ahead log

    enum Checkpoint {
        /// As much as readers allow, without waiting.
        case passive
        /// Everything, and the log is emptied.
        case truncate
    }

    /// Moves the log into the database.
    ///
    /// - Returns: Pages that the log holds and those of them that are in the database now.
    @discardableResult
    func checkpoint(_ mode: Checkpoint) throws -> (log: Int, done: Int) {
        var log: Int32 = 0
        var done: Int32 = 0
        let mode = mode == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
        guard sqlite3_wal_checkpoint_v2(self.handle, nil, mode, &log, &done) == SQLITE_OK else {
            throw StoreError(connection: self.handle)
        }
        return (Int(log), Int(done))
    }

    /// Ends GRDB's part: from here on all statements are ours. Makes ``logPages`` follow the commits.
    func takeOver() {
        // GRDB's hooks tell its observers of commits, and expect that the statements went through GRDB.
        sqlite3_commit_hook(self.handle, nil, nil)
        sqlite3_rollback_hook(self.handle, nil, nil)
        sqlite3_update_hook(self.handle, nil, nil)
        sqlite3_set_authorizer(self.handle, nil, nil)
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            self.handle,
            { context, _, _, pages in
                if let context {
                    Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().logPages = Int(pages)
                }
                return SQLITE_OK
            },
            context
        )
    }

    func close() throws {
        self.statements.removeAll()
        self.composed.removeAll()
        sqlite3_wal_hook(self.handle, nil, nil)
        try self.database.close()
    }
}
