package import GatepostModel

extension SQLiteStore: CredentialStore {
    package func addCredential(
        _ credential: AddedCredential,
        to address: String
    ) async throws -> AdditionOutcome<Account> {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address) else { return .noAccount }
            let isThere = account.credentials.contains { $0.kind == credential.kind && $0.name == credential.name }
            if isThere { return .exists }
            if let digest = credential.keys.digest, try connection.credentialOwner(digest: digest) != nil {
                return .exists
            }
            let new = Credential(
                id: 0,
                version: (account.credentials.map(\.version).max() ?? 0) + 1,
                keys: credential.keys,
                kind: credential.kind,
                name: credential.name,
                created: credential.created,
                rules: credential.rules
            )
            try connection.insert(new, account: account.id)
            guard let changed = try connection.account(address: address) else { return .noAccount }
            return .added(changed)
        }
    }

    package func revokeCredential(_ id: Int64, of address: String, at now: Timestamp) async throws -> Account? {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address),
                let credential = account.credentials.first(where: { $0.id == id })
            else { return nil }
            try connection.retire(id, at: now)
            try connection.forgetFormer(credential.kind, of: account.id, keeping: maximumRevokedCredentials)
            return try connection.account(address: address)
        }
    }

    package func setCredential(_ id: Int64, enabled: Bool, of address: String) async throws -> Account? {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.account(address: address),
                account.credentials.contains(where: { $0.id == id })
            else { return nil }
            let statement = try connection.statement(
                "UPDATE credential SET enabled = ?2, version = version + 1 WHERE id = ?1"
            )
            statement.bind(1, id)
            statement.bind(2, enabled)
            try statement.run()
            return try connection.account(address: address)
        }
    }

    package func setMustChange(_ mustChange: Bool, of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                """
                UPDATE credential SET must_change = ?2, version = version + 1
                WHERE account = (SELECT id FROM account WHERE address = ?1) AND kind = 'password' AND retired IS NULL
                """
            )
            statement.bind(1, address)
            statement.bind(2, mustChange)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func credentialOwner(digest: [UInt8]) async throws -> (address: String, credential: Int64)? {
        try await self.reader.readOne { try $0.credentialOwner(digest: digest) }
    }

    package func recordUses(_ uses: [CredentialUse]) async throws {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                """
                INSERT INTO credential_use (credential, time, address)
                SELECT id, ?2, ?3 FROM credential WHERE id = ?1
                ON CONFLICT (credential) DO UPDATE SET time = excluded.time, address = excluded.address
                    WHERE excluded.time >= credential_use.time
                """
            )
            for use in uses {
                statement.bind(1, use.credential)
                statement.bind(2, use.time.milliseconds)
                statement.bind(3, use.address)
                try statement.run()
            }
        }
    }

    package func uses(of address: String) async throws -> [Int64: CredentialUse] {
        try await self.listReader.readOne { connection in
            let statement = try connection.statement(
                """
                SELECT credential.id, credential_use.time, credential_use.address
                FROM account JOIN credential ON credential.account = account.id
                    JOIN credential_use ON credential_use.credential = credential.id
                WHERE account.address = ?1
                """
            )
            statement.bind(1, address)
            let uses = try statement.all { row in
                CredentialUse(
                    credential: row.int64(0),
                    time: Timestamp(milliseconds: row.int64(1)),
                    address: row.optionalText(2)
                )
            }
            return Dictionary(uses.map { ($0.credential, $0) }) { $1 }
        }
    }

    package func accounts(granted address: String) async throws -> [String] {
        try await self.reader.readOne { connection in
            let statement = try connection.statement(
                """
                SELECT account.address FROM identity JOIN account ON account.id = identity.account
                WHERE identity.pattern = ?1 LIMIT 2
                """
            )
            statement.bind(1, address)
            return try statement.all { $0.text(0) }
        }
    }

    package func addCertificate(
        _ certificate: RegisteredCertificate,
        to address: String
    ) async throws -> AdditionOutcome<Void> {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.accountKey(address) else { return .noAccount }
            let statement = try connection.statement(
                """
                INSERT INTO certificate (fingerprint, account, name, subject, expires, added)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING
                """
            )
            statement.bind(1, certificate.fingerprint)
            statement.bind(2, account)
            statement.bind(3, certificate.name)
            statement.bind(4, certificate.subject)
            statement.bind(5, certificate.expires.milliseconds)
            statement.bind(6, certificate.added.milliseconds)
            try statement.run()
            return connection.changes > 0 ? .added(()) : .exists
        }
    }

    package func removeCertificate(fingerprint: [UInt8], from address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                """
                DELETE FROM certificate
                WHERE fingerprint = ?2 AND account = (SELECT id FROM account WHERE address = ?1)
                """
            )
            statement.bind(1, address)
            statement.bind(2, fingerprint)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func certificates(of address: String) async throws -> [RegisteredCertificate] {
        try await self.listReader.readOne { connection in
            let statement = try connection.statement(
                """
                SELECT fingerprint, name, subject, expires, added
                FROM certificate WHERE account = (SELECT id FROM account WHERE address = ?1) ORDER BY name
                """
            )
            statement.bind(1, address)
            return try statement.all { row in
                RegisteredCertificate(
                    fingerprint: row.octets(0),
                    name: row.text(1),
                    subject: row.text(2),
                    expires: Timestamp(milliseconds: row.int64(3)),
                    added: Timestamp(milliseconds: row.int64(4))
                )
            }
        }
    }

    package func certificateOwner(fingerprint: [UInt8]) async throws -> String? {
        try await self.reader.readOne { connection in
            let statement = try connection.statement(
                """
                SELECT account.address FROM certificate JOIN account ON account.id = certificate.account
                WHERE certificate.fingerprint = ?1
                """
            )
            statement.bind(1, fingerprint)
            return try statement.first { $0.text(0) }
        }
    }
}

extension Connection {
    fileprivate func credentialOwner(digest: [UInt8]) throws -> (address: String, credential: Int64)? {
        let statement = try self.statement(
            """
            SELECT account.address, credential.id FROM credential JOIN account ON account.id = credential.account
            WHERE credential.digest = ?1
            """
        )
        statement.bind(1, digest)
        return try statement.first { ($0.text(0), $0.int64(1)) }
    }
}
