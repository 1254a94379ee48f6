package import GatepostModel

extension SQLiteAuditTrail {
    package func search(_ query: AuditQuery) async throws -> [AuditRecord] {
        try await self.flush()
        return try await self.reader.readOne { try $0.search(query) }
    }

    package func records(after sequence: Int64, limit: Int) async throws -> [AuditRecord] {
        try await self.flush()
        return try await self.reader.readOne { connection in
            let statement = try connection.statement(
                text: """
                    SELECT \(Connection.auditColumns) FROM record WHERE sequence > ?1 AND content IS NULL
                    ORDER BY sequence LIMIT ?2
                    """
            )
            statement.bind(1, sequence)
            statement.bind(2, limit)
            return try statement.all { AuditRecord($0) }.compactMap { $0 }
        }
    }
}

extension Connection {
    fileprivate func search(_ query: AuditQuery) throws -> [AuditRecord] {
        // In the words of the partial indexes.
        var terms = ["content IS NULL"]
        if query.account != nil { terms.append("account = ?1") }
        let range = query.network.map { AuditFields.range(of: $0) }
        if let (first, last) = range {
            terms.append(first == last ? "address = ?2" : "address BETWEEN ?2 AND ?3")
        }
        if query.reason != nil { terms.append("reason = ?4") }
        // Of a kind are so many records that its index is the last to use: with the sign the planner cannot.
        let kind = query.account == nil && range == nil && query.reason == nil ? "kind" : "+kind"
        // A success has no reason; the index of reasons in an account's records finds those too.
        if query.isSuccess { terms.append("reason IS NULL AND \(kind) = 1") }
        if query.kind != nil { terms.append("\(kind) = ?5") }
        if query.reference != nil { terms.append("reference = ?6") }
        if query.since != nil { terms.append("time >= ?7") }
        if query.until != nil { terms.append("time < ?8") }
        if query.before != nil { terms.append("time <= ?9 AND (time < ?9 OR sequence < ?10)") }
        let statement = try self.statement(
            text: """
                SELECT \(Connection.auditColumns) FROM record WHERE \(terms.joined(separator: " AND "))
                ORDER BY time DESC, sequence DESC LIMIT ?11
                """
        )
        if let account = query.account { statement.bind(1, account) }
        if let (first, last) = range {
            statement.bind(2, first)
            if first != last { statement.bind(3, last) }
        }
        if let reason = query.reason { statement.bind(4, reason) }
        if let kind = query.kind { statement.bind(5, Int64(kind.rawValue)) }
        if let reference = query.reference { statement.bind(6, reference.description) }
        if let since = query.since { statement.bind(7, since.milliseconds) }
        if let until = query.until { statement.bind(8, until.milliseconds) }
        if let before = query.before {
            statement.bind(9, before.time.milliseconds)
            statement.bind(10, before.sequence)
        }
        statement.bind(11, query.limit)
        return try statement.all { AuditRecord($0) }.compactMap { $0 }
    }
}
