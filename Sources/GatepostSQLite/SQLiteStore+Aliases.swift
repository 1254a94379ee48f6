package import GatepostModel
internal import MailSyntax

extension SQLiteStore: AliasStore {
    package func isLocal(domain: String) async throws -> Bool {
        try await self.reader.readOne { connection in
            let statement = try connection.statement("SELECT 1 FROM domain WHERE name = ?1")
            statement.bind(1, domain)
            return try statement.first { _ in true } ?? false
        }
    }

    package func alias(_ address: String) async throws -> Alias? {
        try await self.reader.readOne { connection in
            let statement = try connection.statement("SELECT address, targets FROM alias WHERE address = ?1")
            statement.bind(1, address)
            return try statement.first { try Alias($0) }
        }
    }

    package func setAlias(_ alias: Alias) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let look = try connection.statement("SELECT 1 FROM alias WHERE address = ?1")
            look.bind(1, alias.address)
            let isThere = try look.first { _ in true } ?? false
            let statement = try connection.statement(
                """
                INSERT INTO alias (address, targets) VALUES (?1, ?2)
                ON CONFLICT (address) DO UPDATE SET targets = excluded.targets
                """
            )
            statement.bind(1, alias.address)
            statement.bind(2, alias.targets.map(\.description).joined(separator: "\n"))
            try statement.run()
            return !isThere
        }
    }

    package func removeAlias(_ address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement("DELETE FROM alias WHERE address = ?1")
            statement.bind(1, address)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func aliases(after address: String?, limit: Int) async throws -> [Alias] {
        try await self.listReader.read { connection in
            let statement = try connection.statement(
                "SELECT address, targets FROM alias WHERE address > ?1 ORDER BY address LIMIT ?2"
            )
            statement.bind(1, address ?? "")
            statement.bind(2, max(0, limit))
            return try statement.all { try Alias($0) }
        }
    }
}

extension Alias {
    /// From two columns: address, targets.
    fileprivate init(_ row: PreparedStatement) throws {
        do {
            // Mailboxes have no line feed in them.
            self.init(
                address: row.text(0),
                targets: try row.text(1).split(separator: "\n").map { try Mailbox(parsing: String($0)) }
            )
        } catch {
            throw StoreError(.damaged, "a target of the alias \(row.text(0)) is no address")
        }
    }
}
