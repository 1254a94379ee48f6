internal import GRDBSQLite
internal import GatepostModel

/// A prepared statement that is bound, run and reset many times.
///
/// A layer of a few lines over SQLite's own calls: the queue runs six statements a message, and values that pass through `Row` and
/// `DatabaseValue` would cost more than SQLite itself. Belongs to one ``Connection`` and is used where that is.
final class PreparedStatement {
    private let statement: OpaquePointer
    private let connection: OpaquePointer

    convenience init(connection: OpaquePointer, sql: StaticString) throws {
        try self.init(
            connection: connection,
            utf8: UnsafeBufferPointer(start: sql.utf8Start, count: sql.utf8CodeUnitCount)
        )
    }

    /// For statements that are put together from literal parts; values are bound all the same.
    convenience init(connection: OpaquePointer, text: String) throws {
        let octets = Array(text.utf8)
        // A designated initializer cannot run inside the closure, so the octets are copied to where they stay.
        let utf8 = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: octets.count)
        defer { utf8.deallocate() }
        _ = utf8.initialize(from: octets)
        try self.init(connection: connection, utf8: UnsafeBufferPointer(utf8))
    }

    private init(connection: OpaquePointer, utf8: UnsafeBufferPointer<UInt8>) throws {
        var statement: OpaquePointer?
        let code = utf8.withMemoryRebound(to: CChar.self) {
            sqlite3_prepare_v3(
                connection,
                $0.baseAddress,
                Int32($0.count),
                UInt32(SQLITE_PREPARE_PERSISTENT),
                &statement,
                nil
            )
        }
        guard code == SQLITE_OK, let statement else { throw StoreError(connection: connection) }
        self.statement = statement
        self.connection = connection
    }

    deinit {
        sqlite3_finalize(self.statement)
    }

    // MARK: Binding; parameters count from 1

    func bind(_ index: Int32, _ value: Int64) {
        sqlite3_bind_int64(self.statement, index, value)
    }

    func bind(_ index: Int32, _ value: Int) {
        sqlite3_bind_int64(self.statement, index, Int64(value))
    }

    func bind(_ index: Int32, _ value: Bool) {
        sqlite3_bind_int64(self.statement, index, value ? 1 : 0)
    }

    func bindNull(_ index: Int32) {
        sqlite3_bind_null(self.statement, index)
    }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { self.bind(index, value) } else { self.bindNull(index) }
    }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else { return self.bindNull(index) }
        text.withUTF8 { utf8 in
            _ = utf8.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text(self.statement, index, $0.baseAddress, Int32($0.count), Self.copied)
            }
        }
    }

    /// For octets of a few dozen; SQLite copies them.
    func bind(_ index: Int32, _ octets: [UInt8]?) {
        guard let octets else { return self.bindNull(index) }
        octets.withUnsafeBytes { self.bind(index, $0, lifetime: Self.copied) }
    }

    /// Binds large octets without a copy, runs the statement, and lets go of them.
    func run(binding octets: [UInt8], at index: Int32) throws {
        try octets.withUnsafeBytes { buffer in
            self.bind(index, buffer, lifetime: nil)
            defer { self.bindNull(index) }
            try self.run()
        }
    }

    private func bind(_ index: Int32, _ buffer: UnsafeRawBufferPointer, lifetime: sqlite3_destructor_type?) {
        if let base = buffer.baseAddress, !buffer.isEmpty {
            sqlite3_bind_blob64(self.statement, index, base, UInt64(buffer.count), lifetime)
        } else {
            sqlite3_bind_zeroblob(self.statement, index, 0)
        }
    }

    /// `SQLITE_TRANSIENT`, a macro that Swift cannot import.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    // MARK: Running

    /// Runs to the end and resets.
    func run() throws {
        while try self.step() {}
        self.reset()
    }

    /// Runs, and says whether it failed because a row with this key exists; any other failure is thrown.
    func runUnlessKeyExists() throws -> Bool {
        let code = sqlite3_step(self.statement)
        if code == SQLITE_DONE {
            self.reset()
            return true
        }
        let extended = sqlite3_extended_errcode(self.connection)
        let error = StoreError(connection: self.connection)
        self.reset()
        guard extended == SQLITE_CONSTRAINT | (6 << 8) || extended == SQLITE_CONSTRAINT | (8 << 8) else { throw error }
        return false
    }

    /// The first row, made into a value; nil when there is none.
    func first<Value>(_ value: (PreparedStatement) throws -> Value) throws -> Value? {
        defer { self.reset() }
        guard try self.step() else { return nil }
        return try value(self)
    }

    /// Every row, made into a value.
    func all<Value>(_ value: (PreparedStatement) throws -> Value) throws -> [Value] {
        defer { self.reset() }
        var values: [Value] = []
        while try self.step() { values.append(try value(self)) }
        return values
    }

    /// Every row in turn, until `body` returns false. What it reads with ``rawOctets(_:)`` is lent until then.
    func each(_ body: (PreparedStatement) throws -> Bool) throws {
        defer { self.reset() }
        while try self.step(), try body(self) {}
    }

    private func step() throws -> Bool {
        switch sqlite3_step(self.statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = StoreError(connection: self.connection)
            self.reset()
            throw error
        }
    }

    private func reset() {
        sqlite3_reset(self.statement)
    }

    /// Rows that were stepped over for want of an index since the statement was made; for tests of what a login costs.
    var fullScanSteps: Int { Int(sqlite3_stmt_status(self.statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0)) }

    // MARK: Columns of the current row; they count from 0

    func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(self.statement, column) }
    func int(_ column: Int32) -> Int { Int(truncatingIfNeeded: self.int64(column)) }
    func bool(_ column: Int32) -> Bool { self.int64(column) != 0 }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(self.statement, column) == SQLITE_NULL }
    func optionalInt64(_ column: Int32) -> Int64? { self.isNull(column) ? nil : self.int64(column) }

    func text(_ column: Int32) -> String {
        guard let pointer = sqlite3_column_text(self.statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(self.statement, column))
        return String(decoding: UnsafeBufferPointer(start: pointer, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { self.isNull(column) ? nil : self.text(column) }

    func octets(_ column: Int32) -> [UInt8] {
        guard let pointer = sqlite3_column_blob(self.statement, column) else { return [] }
        let count = Int(sqlite3_column_bytes(self.statement, column))
        return Array(UnsafeRawBufferPointer(start: pointer, count: count))
    }

    func optionalOctets(_ column: Int32) -> [UInt8]? { self.isNull(column) ? nil : self.octets(column) }

    /// The octets of a text or blob without a copy, valid until the next step; nil for null.
    func rawOctets(_ column: Int32) -> UnsafeRawBufferPointer? {
        guard !self.isNull(column) else { return nil }
        let pointer = sqlite3_column_blob(self.statement, column)
        return UnsafeRawBufferPointer(start: pointer, count: Int(sqlite3_column_bytes(self.statement, column)))
    }
}
