internal import GRDB
internal import GatepostModel

/// The tables, as numbered steps that are never changed once released: a later version adds steps.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 accounts") { try $0.execute(sql: Self.accounts) }
        migrator.registerMigration("2 queue") { try $0.execute(sql: Self.queue) }
        migrator.registerMigration("3 foreign hashes") {
            try $0.execute(sql: "ALTER TABLE credential ADD COLUMN foreign_hash TEXT")
        }
        return migrator
    }

    /// - Throws: ``StoreError`` when the database was made by a later version.
    static func migrate(_ connection: Connection) throws {
        let migrator = self.migrator
        if try connection.database.read({ try migrator.hasBeenSuperseded($0) }) {
            throw StoreError(.unavailable, "the database was made by a later version of Gatepost")
        }
        try migrator.migrate(connection.database)
    }

    private static let accounts = """
        CREATE TABLE domain (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;

        CREATE TABLE account (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            address TEXT NOT NULL UNIQUE,
            enabled INTEGER NOT NULL DEFAULT 1,
            sandbox INTEGER NOT NULL DEFAULT 0
        );

        CREATE TABLE identity (
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            pattern TEXT NOT NULL,
            PRIMARY KEY (account, pattern)
        ) WITHOUT ROWID;

        -- AUTOINCREMENT: the number of a removed credential never names another one, so that nothing remembered about it fits.
        CREATE TABLE credential (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            version INTEGER NOT NULL,
            argon2id TEXT,
            sealed BLOB,
            legacy TEXT NOT NULL DEFAULT ''
        );
        CREATE INDEX credential_account ON credential (account);

        CREATE TABLE scram (
            credential INTEGER NOT NULL REFERENCES credential ON DELETE CASCADE,
            hash TEXT NOT NULL,
            salt BLOB NOT NULL,
            iterations INTEGER NOT NULL,
            stored_key BLOB NOT NULL,
            server_key BLOB NOT NULL,
            PRIMARY KEY (credential, hash)
        ) WITHOUT ROWID;
        """

    private static let queue = """
        -- key: 63 bits of the identifier, time first, so that new rows are appended; tail: its other 47 bits.
        -- Two identifiers may share a key once in a while: then the second takes the next free one (see MessageKey).
        -- reverse_path: '' is the null path. ret: 1 full, 2 headers. flags: 1 8BITMIME, 2 SMTPUTF8.
        -- inbox: the account in whose sandbox inbox the message lies; null for queued messages.
        CREATE TABLE message (
            key INTEGER PRIMARY KEY,
            tail INTEGER NOT NULL,
            reverse_path TEXT NOT NULL,
            envid TEXT,
            ret INTEGER NOT NULL,
            flags INTEGER NOT NULL,
            size INTEGER NOT NULL,
            account TEXT,
            received INTEGER NOT NULL,
            subject TEXT,
            file TEXT,
            inbox TEXT
        );
        CREATE INDEX message_file ON message (file) WHERE file IS NOT NULL;
        CREATE INDEX message_inbox ON message (inbox) WHERE inbox IS NOT NULL;

        -- Apart from the other columns, so that lists do not read bodies.
        CREATE TABLE body (key INTEGER PRIMARY KEY, octets BLOB NOT NULL);

        -- forward_path: '' is the bare postmaster. due: null while held, and always in an inbox.
        -- leased: due is when the lease ends, and who was lent the recipient has not settled it yet.
        CREATE TABLE recipient (
            message INTEGER NOT NULL,
            number INTEGER NOT NULL,
            forward_path TEXT NOT NULL,
            notify INTEGER,
            orcpt_type TEXT,
            orcpt TEXT,
            due INTEGER,
            leased INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            delay_notified INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (message, number)
        ) WITHOUT ROWID;
        CREATE INDEX recipient_due ON recipient (due) WHERE due IS NOT NULL;

        CREATE TABLE attempt (
            message INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            forward_path TEXT NOT NULL,
            outcome TEXT NOT NULL,
            at INTEGER NOT NULL,
            peer TEXT,
            code INTEGER,
            enhanced TEXT,
            text TEXT,
            note TEXT,
            encrypted INTEGER NOT NULL,
            PRIMARY KEY (message, sequence)
        ) WITHOUT ROWID;
        """
}
