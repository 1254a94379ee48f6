import Foundation
import GRDB
import GatepostModel
import GatepostSQLite

extension AuditTrailTests {
    static func withDatabase(_ directory: String, _ body: (Database) throws -> Void) throws {
        let queue = try DatabaseQueue(path: directory + "/audit.db")
        try queue.write { try body($0) }
        try queue.close()
    }

    /// What somebody who has the file may do with it.
    static func runSQL(_ directory: String, _ sql: String) async throws {
        try Self.withDatabase(directory) { try $0.execute(sql: sql) }
    }

    private static func octets(_ row: Row, _ name: String) -> [UInt8]? {
        (row[name] as Data?).map { Array($0) }
    }

    private static func fields(_ row: Row) -> AuditFields {
        AuditFields(
            kind: AuditEvent.Kind(rawValue: row["kind"]) ?? .gap,
            time: Timestamp(milliseconds: row["time"]),
            reason: row["reason"],
            reference: row["reference"],
            detail: Self.octets(row, "detail") ?? [],
            account: row["account"],
            address: Self.octets(row, "address"),
            personal: Self.octets(row, "personal")
        )
    }

    /// Changes a record and computes all links behind it anew, as somebody does who knows how they are made but has no key.
    static func rewrite(_ directory: String, from sequence: Int64, _ change: (inout AuditFields) -> Void) async throws {
        try Self.withDatabase(directory) { database in
            var chain = AuditChain()
            let before = try Data.fetchOne(
                database,
                sql: "SELECT link FROM record WHERE sequence = ?",
                arguments: [sequence - 1]
            )
            var link = before.flatMap { AuditHash(Array($0)) } ?? .zero
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM record WHERE sequence >= ? ORDER BY sequence",
                arguments: [sequence]
            )
            for row in rows {
                var fields = Self.fields(row)
                let number: Int64 = row["sequence"]
                if number == sequence { change(&fields) }
                link = chain.hashes(of: fields, salt: Self.octets(row, "salt"), sequence: number, after: link).link
                try database.execute(
                    sql: "UPDATE record SET reason = ?, link = ? WHERE sequence = ?",
                    arguments: [fields.reason, Data(link.octets), number]
                )
            }
        }
    }

    /// Takes personal fields away and leaves the right commitment, with a mark that nobody with the key made.
    static func blank(_ directory: String, _ sequence: Int64) async throws {
        try Self.withDatabase(directory) { database in
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: "SELECT * FROM record WHERE sequence = ?",
                    arguments: [sequence]
                )
            else { return }
            var chain = AuditChain()
            let commitment = chain.hashes(
                of: Self.fields(row),
                salt: Self.octets(row, "salt"),
                sequence: sequence,
                after: .zero
            ).commitment
            try database.execute(
                sql: """
                    UPDATE record SET salt = NULL, account = NULL, address = NULL, personal = NULL, commitment = ?, mark = ?
                    WHERE sequence = ?
                    """,
                arguments: [Data(commitment.octets), Data(count: 16), sequence]
            )
        }
    }

    static func contains(_ path: String, _ text: String) -> Bool {
        let octets = FileManager.default.contents(atPath: path).map { Array($0) } ?? []
        return octets.firstRange(of: Array(text.utf8)) != nil
    }
}
