internal import GRDB
internal import GatepostModel

/// The tables of `audit.db`, as numbered steps that are never changed once released.
enum AuditSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 trail") { try $0.execute(sql: Self.trail) }
        return migrator
    }

    /// - Throws: ``StoreError`` when the database was made by a later version.
    static func migrate(_ connection: Connection) throws {
        let migrator = self.migrator
        if try connection.database.read({ try migrator.hasBeenSuperseded($0) }) {
            throw StoreError(.unavailable, "the audit trail was made by a later version of Gatepost")
        }
        try migrator.migrate(connection.database)
    }

    // AuditChain says how the columns are hashed. Whatever is searched by is a column that the hash covers, so that no index can say
    // something else than the record.
    private static let trail = """
        -- detail, personal: fields of AuditFieldKey. salt: null when personal fields are erased or were never there.
        -- commitment: in place of erased personal fields. content: in place of dropped content. mark: that it was we who took it.
        CREATE TABLE record (
            sequence INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            link BLOB NOT NULL,
            reason TEXT,
            reference TEXT,
            detail BLOB,
            salt BLOB,
            account TEXT,
            address BLOB,
            personal BLOB,
            commitment BLOB,
            content BLOB,
            mark BLOB
        );
        CREATE INDEX record_time ON record (time) WHERE content IS NULL;
        CREATE INDEX record_kind ON record (kind, time) WHERE content IS NULL;
        CREATE INDEX record_reason ON record (reason, time) WHERE reason IS NOT NULL;
        CREATE INDEX record_reference ON record (reference) WHERE reference IS NOT NULL;
        CREATE INDEX record_account ON record (account, time) WHERE account IS NOT NULL;
        CREATE INDEX record_account_reason ON record (account, reason, time) WHERE account IS NOT NULL;
        CREATE INDEX record_address ON record (address, time) WHERE address IS NOT NULL;
        CREATE INDEX record_address_reason ON record (address, reason, time) WHERE address IS NOT NULL;

        -- purpose: AuditHead.Purpose; of bases there is one at most.
        CREATE TABLE head (
            sequence INTEGER NOT NULL,
            purpose INTEGER NOT NULL,
            time INTEGER NOT NULL,
            link BLOB NOT NULL,
            signature BLOB NOT NULL,
            PRIMARY KEY (sequence, purpose)
        ) WITHOUT ROWID;
        """
}
