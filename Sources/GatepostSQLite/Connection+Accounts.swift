internal import GatepostModel
internal import MailSyntax
internal import SASL

/// Accounts as rows. Inside a transaction of whoever calls.
extension Connection {
    func account(address: String) throws -> Account? {
        let statement = try self.statement(
            """
            SELECT id, enabled, sandbox,
                EXISTS (SELECT 1 FROM second_factor WHERE second_factor.account = account.id AND confirmed), limits
            FROM account WHERE address = ?1
            """
        )
        statement.bind(1, address)
        guard
            var account = try statement.first({ row in
                guard let limits = SendingLimits(text: row.text(4)) else {
                    throw StoreError(.damaged, "the limits of \(address) cannot be read")
                }
                return Account(
                    id: row.int64(0),
                    address: address,
                    isEnabled: row.bool(1),
                    isSandbox: row.bool(2),
                    hasSecondFactor: row.bool(3),
                    limits: limits
                )
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
        try self.readCredentials(of: &account)
        return account
    }

    func accountKey(_ address: String) throws -> Int64? {
        let statement = try self.statement("SELECT id FROM account WHERE address = ?1")
        statement.bind(1, address)
        return try statement.first { $0.int64(0) }
    }

    private func readCredentials(of account: inout Account) throws {
        let scram = try self.scramKeys(of: account.id)
        let statement = try self.statement(
            """
            SELECT id, version, argon2id, sealed, legacy, foreign_hash, kind, name, digest, created, expires, enabled,
                must_change, networks, identities, recipient_domains, limits, retired
            FROM credential WHERE account = ?1 ORDER BY id
            """
        )
        statement.bind(1, account.id)
        var former: [FormerCredential] = []
        account.credentials = try statement.all { row -> Credential? in
            guard let kind = CredentialKind(rawValue: row.text(6)) else {
                throw StoreError(.damaged, "a credential of \(account) is of an unknown kind")
            }
            let id = row.int64(0)
            if let retired = row.optionalInt64(17) {
                former.append(
                    FormerCredential(
                        id: id,
                        kind: kind,
                        name: row.text(7),
                        retired: Timestamp(milliseconds: retired),
                        scram: scram[id] ?? [],
                        digest: row.optionalOctets(8)
                    )
                )
                return nil
            }
            return Credential(
                id: id,
                version: row.int64(1),
                keys: NewCredential(
                    argon2id: row.optionalText(2),
                    scram: scram[id] ?? [],
                    sealedSecret: row.optionalOctets(3),
                    legacyMechanisms: row.text(4).split(separator: " ").compactMap { MechanismName($0) },
                    foreignHash: row.optionalText(5),
                    digest: row.optionalOctets(8)
                ),
                kind: kind,
                name: row.text(7),
                created: row.optionalInt64(9).map { Timestamp(milliseconds: $0) },
                isEnabled: row.bool(11),
                mustChange: row.bool(12),
                rules: try CredentialRules(row, of: account)
            )
        }.compactMap { $0 }
        account.former = former.sorted { ($0.retired, $0.id) > ($1.retired, $1.id) }
    }

    private func scramKeys(of account: Int64) throws -> [Int64: [SCRAMCredential]] {
        let statement = try self.statement(
            """
            SELECT scram_key.credential, hash, salt, iterations, stored_key, server_key
            FROM credential JOIN scram_key ON scram_key.credential = credential.id
            WHERE credential.account = ?1 ORDER BY scram_key.credential, number
            """
        )
        statement.bind(1, account)
        var keys: [Int64: [SCRAMCredential]] = [:]
        _ = try statement.all { row in
            guard let hash = SCRAMHash(rawValue: row.text(1)) else {
                throw StoreError(.damaged, "a SCRAM key is of an unknown hash")
            }
            keys[row.int64(0), default: []].append(
                SCRAMCredential(
                    hash: hash,
                    salt: row.octets(2),
                    iterations: row.int(3),
                    storedKey: row.octets(4),
                    serverKey: row.octets(5)
                )
            )
        }
        return keys
    }

    /// The credential's number is made here.
    func insert(_ credential: Credential, account: Int64) throws {
        let statement = try self.statement(
            """
            INSERT INTO credential (account, version, argon2id, sealed, legacy, foreign_hash, kind, name, digest, created,
                expires, enabled, must_change, networks, identities, recipient_domains, limits)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
            """
        )
        let (keys, rules) = (credential.keys, credential.rules)
        statement.bind(1, account)
        statement.bind(2, credential.version)
        statement.bind(3, keys.argon2id)
        statement.bind(4, keys.sealedSecret)
        statement.bind(5, keys.legacyMechanisms.map(\.description).joined(separator: " "))
        statement.bind(6, keys.foreignHash)
        statement.bind(7, credential.kind.rawValue)
        statement.bind(8, credential.name)
        statement.bind(9, keys.digest)
        statement.bind(10, credential.created?.milliseconds)
        statement.bind(11, rules.expires?.milliseconds)
        statement.bind(12, credential.isEnabled)
        statement.bind(13, credential.mustChange)
        statement.bind(14, rules.networks.map(\.description).joined(separator: "\n"))
        statement.bind(15, rules.identities.map(\.description).joined(separator: "\n"))
        statement.bind(16, rules.recipientDomains.map(\.description).joined(separator: "\n"))
        statement.bind(17, rules.limits.text)
        try statement.run()
        try self.insert(keys.scram, credential: self.lastInsertedKey)
    }

    private func insert(_ keys: [SCRAMCredential], credential: Int64) throws {
        let statement = try self.statement(
            """
            INSERT INTO scram_key (credential, number, hash, salt, iterations, stored_key, server_key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """
        )
        for (number, key) in keys.enumerated() {
            statement.bind(1, credential)
            statement.bind(2, number)
            statement.bind(3, key.hash.rawValue)
            statement.bind(4, key.salt)
            statement.bind(5, key.iterations)
            statement.bind(6, key.storedKey)
            statement.bind(7, key.serverKey)
            try statement.run()
        }
    }

    func insert(_ identity: IdentityPattern, account: Int64) throws {
        let statement = try self.statement(
            "INSERT INTO identity (account, pattern) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
        statement.bind(1, account)
        statement.bind(2, identity.description)
        try statement.run()
    }

    func deleteCredential(_ id: Int64) throws {
        let statement = try self.statement("DELETE FROM credential WHERE id = ?1")
        statement.bind(1, id)
        try statement.run()
    }

    /// Leaves of a credential what tells that somebody still tries it. One without such keys is deleted.
    func retire(_ id: Int64, at now: Timestamp?) throws {
        let keys = try self.statement(
            """
            SELECT digest IS NOT NULL OR EXISTS (SELECT 1 FROM scram_key WHERE scram_key.credential = credential.id)
            FROM credential WHERE id = ?1
            """
        )
        keys.bind(1, id)
        guard try keys.first({ $0.bool(0) }) == true else { return try self.deleteCredential(id) }
        let statement = try self.statement(
            "UPDATE credential SET retired = ?2, argon2id = NULL, sealed = NULL, legacy = '', foreign_hash = NULL WHERE id = ?1"
        )
        statement.bind(1, id)
        statement.bind(2, now?.milliseconds ?? 0)
        try statement.run()
    }

    /// Deletes all ended credentials of the kind but the latest.
    func forgetFormer(_ kind: CredentialKind, of account: Int64, keeping count: Int) throws {
        let statement = try self.statement(
            """
            DELETE FROM credential WHERE id IN (
                SELECT id FROM credential WHERE account = ?1 AND kind = ?2 AND retired IS NOT NULL
                ORDER BY retired DESC, id DESC LIMIT -1 OFFSET ?3
            )
            """
        )
        statement.bind(1, account)
        statement.bind(2, kind.rawValue)
        statement.bind(3, max(0, count))
        try statement.run()
    }
}

extension CredentialRules {
    fileprivate init(_ row: PreparedStatement, of account: Account) throws {
        func lines<Value>(_ column: Int32, _ value: (String) -> Value?) throws -> [Value] {
            try row.text(column).split(separator: "\n").map { line in
                guard let value = value(String(line)) else {
                    throw StoreError(.damaged, "a rule of a credential of \(account) cannot be read")
                }
                return value
            }
        }
        guard let limits = SendingLimits(text: row.text(16)) else {
            throw StoreError(.damaged, "the limits of a credential of \(account) cannot be read")
        }
        self.init(
            expires: row.optionalInt64(10).map { Timestamp(milliseconds: $0) },
            networks: try lines(13) { IPNetwork($0) },
            identities: try lines(14) { IdentityPattern($0) },
            recipientDomains: try lines(15) { text in
                do {
                    return try Domain(parsing: text)
                } catch {
                    return nil
                }
            },
            limits: limits
        )
    }
}
