package import GatepostModel

extension SQLiteStore: AccountStore {
    package func account(address: String) async throws -> Account? {
        try await self.reader.read { try $0.account(address: address) }
    }

    package func add(_ account: NewAccount) async throws -> Account? {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                "INSERT INTO account (address, sandbox) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            )
            statement.bind(1, account.address)
            statement.bind(2, account.isSandbox)
            try statement.run()
            guard connection.changes > 0 else { return nil }
            let id = connection.lastInsertedKey
            let password = Credential(
                id: 0,
                version: 1,
                keys: account.credential,
                created: account.created,
                mustChange: account.mustChange
            )
            try connection.insert(password, account: id)
            for identity in account.identities { try connection.insert(identity, account: id) }
            return try connection.account(address: account.address)
        }
    }

    package func setPassword(
        _ credential: NewCredential,
        of address: String,
        _ change: PasswordChange
    ) async throws -> Account? {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address) else { return nil }
            let former = account.credentials.filter { $0.kind == .password }
            for password in former { try connection.retire(password.id, at: change.time) }
            try connection.forgetFormer(.password, of: account.id, keeping: change.remembering)
            let password = Credential(
                id: 0,
                version: (account.credentials.map(\.version).max() ?? 0) + 1,
                keys: credential,
                created: change.time,
                mustChange: change.mustChange
            )
            try connection.insert(password, account: account.id)
            return try connection.account(address: address)
        }
    }

    package func replace(
        _ credential: Credential,
        by keys: NewCredential,
        of address: String
    ) async throws -> Account? {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address),
                var stored = account.credentials.first(where: {
                    $0.id == credential.id && $0.version == credential.version
                })
            else { return nil }
            try connection.deleteCredential(stored.id)
            stored.version += 1
            stored.keys = keys
            try connection.insert(stored, account: account.id)
            return try connection.account(address: address)
        }
    }

    package func reseal(_ body: @escaping @Sendable ([UInt8], String) throws -> [UInt8]?) async throws -> [String] {
        try await self.writer.perform { connection, _ in
            let passwords = try connection.statement(
                """
                SELECT credential.id, credential.sealed, account.address
                FROM credential JOIN account ON account.id = credential.account WHERE credential.sealed IS NOT NULL
                """
            )
            let factors = try connection.statement(
                """
                SELECT account.id, second_factor.sealed, account.address
                FROM second_factor JOIN account ON account.id = second_factor.account
                """
            )
            let changePassword = try connection.statement("UPDATE credential SET sealed = ?2 WHERE id = ?1")
            let changeFactor = try connection.statement("UPDATE second_factor SET sealed = ?2 WHERE account = ?1")
            var changed: [String] = []
            for (selection, change) in [(passwords, changePassword), (factors, changeFactor)] {
                for (id, sealed, address) in try selection.all({ ($0.int64(0), $0.octets(1), $0.text(2)) }) {
                    guard let new = try body(sealed, address) else { continue }
                    change.bind(1, id)
                    change.bind(2, new)
                    try change.run()
                    changed.append(address)
                }
            }
            return changed + (try connection.resealDKIMKeys(body))
        }
    }

    package func setLimits(_ limits: SendingLimits, of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement("UPDATE account SET limits = ?2 WHERE address = ?1")
            statement.bind(1, address)
            statement.bind(2, limits.text)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func setEnabled(_ isEnabled: Bool, of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement("UPDATE account SET enabled = ?2 WHERE address = ?1")
            statement.bind(1, address)
            statement.bind(2, isEnabled)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func setSandbox(_ isSandbox: Bool, of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement("UPDATE account SET sandbox = ?2 WHERE address = ?1")
            statement.bind(1, address)
            statement.bind(2, isSandbox)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func remove(address: String) async throws -> Account? {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address) else { return nil }
            let statement = try connection.statement("DELETE FROM account WHERE id = ?1")
            statement.bind(1, account.id)
            try statement.run()
            return account
        }
    }

    package func list(after address: String?, limit: Int) async throws -> [Account] {
        try await self.listReader.read { connection in
            let statement = try connection.statement(
                "SELECT address FROM account WHERE address > ?1 ORDER BY address LIMIT ?2"
            )
            statement.bind(1, address ?? "")
            statement.bind(2, max(0, limit))
            return try statement.all { $0.text(0) }.compactMap { try connection.account(address: $0) }
        }
    }

    package func accountCount() async throws -> Int {
        try await self.listReader.readOne { connection in
            try connection.statement("SELECT count(*) FROM account").first { $0.int(0) } ?? 0
        }
    }

    package func grant(_ identity: IdentityPattern, to address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address) else { return false }
            try connection.insert(identity, account: account.id)
            return true
        }
    }

    package func revoke(_ identity: IdentityPattern, from address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                """
                DELETE FROM identity
                WHERE account = (SELECT id FROM account WHERE address = ?1) AND pattern = ?2
                """
            )
            statement.bind(1, address)
            statement.bind(2, identity.description)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func domains() async throws -> [String] {
        try await self.reader.readOne { connection in
            try connection.statement("SELECT name FROM domain ORDER BY name").all { $0.text(0) }
        }
    }

    package func addDomain(_ domain: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement("INSERT INTO domain (name) VALUES (?1) ON CONFLICT DO NOTHING")
            statement.bind(1, domain)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func removeDomain(_ domain: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement("DELETE FROM domain WHERE name = ?1")
            statement.bind(1, domain)
            try statement.run()
            return connection.changes > 0
        }
    }
}
