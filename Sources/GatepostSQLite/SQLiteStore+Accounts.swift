package import GatepostModel
internal import SASL

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
            try connection.insert(account.credential, account: id, version: 1)
            for identity in account.identities { try connection.insert(identity, account: id) }
            return try connection.account(address: account.address)
        }
    }

    package func setPassword(_ credential: NewCredential, of address: String) async throws -> Account? {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address) else { return nil }
            let removal = try connection.statement("DELETE FROM credential WHERE account = ?1")
            removal.bind(1, account.id)
            try removal.run()
            let version = account.credentials.map(\.version).max() ?? 0
            try connection.insert(credential, account: account.id, version: version + 1)
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
                account.credentials.contains(where: { $0.id == credential.id && $0.version == credential.version })
            else { return nil }
            let removal = try connection.statement("DELETE FROM credential WHERE id = ?1")
            removal.bind(1, credential.id)
            try removal.run()
            try connection.insert(keys, account: account.id, version: credential.version + 1)
            return try connection.account(address: address)
        }
    }

    package func reseal(_ body: @escaping @Sendable ([UInt8], String) throws -> [UInt8]?) async throws -> [String] {
        try await self.writer.perform { connection, _ in
            let selection = try connection.statement(
                """
                SELECT credential.id, credential.sealed, account.address
                FROM credential JOIN account ON account.id = credential.account WHERE credential.sealed IS NOT NULL
                """
            )
            let change = try connection.statement("UPDATE credential SET sealed = ?2 WHERE id = ?1")
            var changed: [String] = []
            for (id, sealed, address) in try selection.all({ ($0.int64(0), $0.octets(1), $0.text(2)) }) {
                guard let new = try body(sealed, address) else { continue }
                change.bind(1, id)
                change.bind(2, new)
                try change.run()
                changed.append(address)
            }
            return changed
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

extension Connection {
    fileprivate func account(address: String) throws -> Account? {
        let statement = try self.statement("SELECT id, enabled, sandbox FROM account WHERE address = ?1")
        statement.bind(1, address)
        guard
            var account = try statement.first({ row in
                Account(id: row.int64(0), address: address, isEnabled: row.bool(1), isSandbox: row.bool(2))
            })
        else { return nil }
        let identities = try self.statement("SELECT pattern FROM identity WHERE account = ?1 ORDER BY pattern")
        identities.bind(1, account.id)
        account.identities = try identities.all { row in
            guard let identity = IdentityPattern(row.text(0)) else {
                throw StoreError(.damaged, "an identity of \(address) is none")
            }
            return identity
        }
        account.credentials = try self.credentials(of: account.id)
        return account
    }

    private func credentials(of account: Int64) throws -> [Credential] {
        let statement = try self.statement(
            "SELECT id, version, argon2id, sealed, legacy, foreign_hash FROM credential WHERE account = ?1 ORDER BY id"
        )
        statement.bind(1, account)
        var credentials = try statement.all { row in
            Credential(
                id: row.int64(0),
                version: row.int64(1),
                keys: NewCredential(
                    argon2id: row.optionalText(2),
                    scram: [],
                    sealedSecret: row.optionalOctets(3),
                    legacyMechanisms: row.text(4).split(separator: " ").compactMap { MechanismName($0) },
                    foreignHash: row.optionalText(5)
                )
            )
        }
        let scram = try self.statement(
            """
            SELECT hash, salt, iterations, stored_key, server_key FROM scram WHERE credential = ?1 ORDER BY hash DESC
            """
        )
        for index in credentials.indices {
            scram.bind(1, credentials[index].id)
            credentials[index].keys.scram = try scram.all { row in
                guard let hash = SCRAMHash(rawValue: row.text(0)) else {
                    throw StoreError(.damaged, "a SCRAM key is of an unknown hash")
                }
                return SCRAMCredential(
                    hash: hash,
                    salt: row.octets(1),
                    iterations: row.int(2),
                    storedKey: row.octets(3),
                    serverKey: row.octets(4)
                )
            }
        }
        return credentials
    }

    fileprivate func insert(_ credential: NewCredential, account: Int64, version: Int64) throws {
        let statement = try self.statement(
            """
            INSERT INTO credential (account, version, argon2id, sealed, legacy, foreign_hash)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """
        )
        statement.bind(1, account)
        statement.bind(2, version)
        statement.bind(3, credential.argon2id)
        statement.bind(4, credential.sealedSecret)
        statement.bind(5, credential.legacyMechanisms.map(\.description).joined(separator: " "))
        statement.bind(6, credential.foreignHash)
        try statement.run()
        let id = self.lastInsertedKey
        let scram = try self.statement(
            """
            INSERT INTO scram (credential, hash, salt, iterations, stored_key, server_key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """
        )
        for key in credential.scram {
            scram.bind(1, id)
            scram.bind(2, key.hash.rawValue)
            scram.bind(3, key.salt)
            scram.bind(4, key.iterations)
            scram.bind(5, key.storedKey)
            scram.bind(6, key.serverKey)
            try scram.run()
        }
    }

    fileprivate func insert(_ identity: IdentityPattern, account: Int64) throws {
        let statement = try self.statement(
            "INSERT INTO identity (account, pattern) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
        statement.bind(1, account)
        statement.bind(2, identity.description)
        try statement.run()
    }
}
