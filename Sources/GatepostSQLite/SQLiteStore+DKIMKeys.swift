package import GatepostModel

extension SQLiteStore {
    package func dkimKeys(of domain: String?) async throws -> [DKIMKey] {
        try await self.listReader.read { try $0.dkimKeys(of: domain) }
    }

    package func changeDKIMKeys<Value: Sendable>(
        of domain: String,
        _ body: @escaping @Sendable (inout DKIMKeySet) throws -> Value
    ) async throws -> Value {
        // What `body` throws is its own and not the store's trouble, so it leaves the transaction as a value.
        let outcome: Result<Value, any Error> = try await self.writer.perform { connection, _ in
            let before = DKIMKeySet(domain: domain, keys: try connection.dkimKeys(of: domain))
            var set = before
            let value: Value
            do {
                value = try body(&set)
            } catch {
                return .failure(error)
            }
            for key in set.keys where before[key.selector] != key { try connection.keep(key) }
            return .success(value)
        }
        return try outcome.get()
    }
}

extension Connection {
    fileprivate func dkimKeys(of domain: String?) throws -> [DKIMKey] {
        let statement = try self.statement(
            """
            SELECT domain, selector, algorithm, public_key, sealed, state, created, seen, activated, replaced, retired
            FROM dkim_key WHERE ?1 IS NULL OR domain = ?1 ORDER BY domain, created, selector
            """
        )
        statement.bind(1, domain)
        return try statement.all { row in
            guard let algorithm = DKIMKey.Algorithm(rawValue: row.text(2)),
                let state = DKIMKey.State(rawValue: row.text(5))
            else { throw StoreError(.damaged, "the DKIM key \(row.text(1)) of \(row.text(0)) cannot be read") }
            func time(_ column: Int32) -> Timestamp? {
                row.optionalInt64(column).map { Timestamp(milliseconds: $0) }
            }
            return DKIMKey(
                domain: row.text(0),
                selector: row.text(1),
                algorithm: algorithm,
                publicKey: row.octets(3),
                sealedKey: row.optionalOctets(4),
                state: state,
                created: Timestamp(milliseconds: row.int64(6)),
                seen: time(7),
                activated: time(8),
                replaced: time(9),
                retired: time(10)
            )
        }
    }

    fileprivate func keep(_ key: DKIMKey) throws {
        let statement = try self.statement(
            """
            INSERT INTO dkim_key
                (domain, selector, algorithm, public_key, sealed, state, created, seen, activated, replaced, retired)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT DO UPDATE SET sealed = excluded.sealed, state = excluded.state, seen = excluded.seen,
                activated = excluded.activated, replaced = excluded.replaced, retired = excluded.retired
            """
        )
        statement.bind(1, key.domain)
        statement.bind(2, key.selector)
        statement.bind(3, key.algorithm.rawValue)
        statement.bind(4, key.publicKey)
        statement.bind(5, key.sealedKey)
        statement.bind(6, key.state.rawValue)
        statement.bind(7, key.created.milliseconds)
        statement.bind(8, key.seen?.milliseconds)
        statement.bind(9, key.activated?.milliseconds)
        statement.bind(10, key.replaced?.milliseconds)
        statement.bind(11, key.retired?.milliseconds)
        try statement.run()
    }

    /// Passes the sealed halves through `body`; see ``AccountStore/reseal(_:)``.
    ///
    /// - Returns: Whose were changed.
    func resealDKIMKeys(_ body: ([UInt8], String) throws -> [UInt8]?) throws -> [String] {
        var changed: [String] = []
        for var key in try self.dkimKeys(of: nil) {
            guard let sealed = key.sealedKey, let new = try body(sealed, key.owner) else { continue }
            key.sealedKey = new
            try self.keep(key)
            changed.append(key.owner)
        }
        return changed
    }
}
