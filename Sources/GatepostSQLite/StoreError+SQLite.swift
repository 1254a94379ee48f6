internal import GRDB
internal import GRDBSQLite
internal import GatepostModel

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension StoreError {
    /// What SQLite's result code means for those who asked.
    ///
    /// - Parameters:
    ///   - code: Extended result code.
    ///   - systemError: `errno` of the failed call, 0 when there was none: SQLite reports a full disk as an I/O error when
    ///     it is a sync or a shared-memory file that fails.
    init(sqliteCode code: Int32, systemError: Int32, message: String) {
        switch code & 0xff {
        case SQLITE_FULL:
            self.init(.noSpace, message)
        case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT,
            SQLITE_CANTOPEN where systemError == ENOSPC || systemError == EDQUOT:
            self.init(.noSpace, message)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self.init(.damaged, message)
        default:
            self.init(.unavailable, "\(message) (SQLite code \(code))")
        }
    }

    /// The last error of a connection.
    init(connection: OpaquePointer) {
        self.init(
            sqliteCode: sqlite3_extended_errcode(connection),
            systemError: sqlite3_system_errno(connection),
            message: String(cString: sqlite3_errmsg(connection))
        )
    }

    /// Whatever went wrong on the way to the database.
    init(any error: any Error) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            self.init(
                sqliteCode: error.extendedResultCode.rawValue,
                systemError: 0,
                message: error.message ?? error.description
            )
        default:
            self.init(.unavailable, "\(error)")
        }
    }
}
