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
        migrator.registerMigration("4 credentials") { try $0.execute(sql: Self.credentials) }
        migrator.registerMigration("5 sending limits") { try $0.execute(sql: Self.sendingLimits) }
        migrator.registerMigration("6 aliases") { try $0.execute(sql: Self.aliases) }
        migrator.registerMigration("7 DKIM keys") { try $0.execute(sql: Self.dkimKeys) }
        migrator.registerMigration("8 reports") { try $0.execute(sql: Self.reports) }
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

    private static let aliases = """
        -- address: '@example.org' stands for all that the domain does not have. targets: one a line, in order.
        CREATE TABLE alias (address TEXT PRIMARY KEY NOT NULL, targets TEXT NOT NULL) WITHOUT ROWID;
        """

    private static let credentials = """
        -- kind: as CredentialKind says. networks, identities, recipient_domains: one a line. rate: messages an hour.
        -- retired: when it ended; such a row only tells an old secret from a wrong one.
        ALTER TABLE credential ADD COLUMN kind TEXT NOT NULL DEFAULT 'password';
        ALTER TABLE credential ADD COLUMN name TEXT NOT NULL DEFAULT '';
        ALTER TABLE credential ADD COLUMN digest BLOB;
        ALTER TABLE credential ADD COLUMN created INTEGER;
        ALTER TABLE credential ADD COLUMN expires INTEGER;
        ALTER TABLE credential ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE credential ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE credential ADD COLUMN networks TEXT NOT NULL DEFAULT '';
        ALTER TABLE credential ADD COLUMN identities TEXT NOT NULL DEFAULT '';
        ALTER TABLE credential ADD COLUMN recipient_domains TEXT NOT NULL DEFAULT '';
        ALTER TABLE credential ADD COLUMN rate INTEGER;
        ALTER TABLE credential ADD COLUMN retired INTEGER;
        CREATE UNIQUE INDEX credential_digest ON credential (digest) WHERE digest IS NOT NULL;
        CREATE UNIQUE INDEX credential_name ON credential (account, kind, name) WHERE retired IS NULL;

        -- number: a secret that may be typed in several ways has several keys of one hash.
        CREATE TABLE scram_key (
            credential INTEGER NOT NULL REFERENCES credential ON DELETE CASCADE,
            number INTEGER NOT NULL,
            hash TEXT NOT NULL,
            salt BLOB NOT NULL,
            iterations INTEGER NOT NULL,
            stored_key BLOB NOT NULL,
            server_key BLOB NOT NULL,
            PRIMARY KEY (credential, number)
        ) WITHOUT ROWID;
        INSERT INTO scram_key
            SELECT credential, row_number() OVER (PARTITION BY credential ORDER BY hash DESC) - 1,
                hash, salt, iterations, stored_key, server_key
            FROM scram;
        DROP TABLE scram;

        -- Apart from the credential: written often, and no reason to read the account anew.
        CREATE TABLE credential_use (
            credential INTEGER PRIMARY KEY REFERENCES credential ON DELETE CASCADE,
            time INTEGER NOT NULL,
            address TEXT
        );

        CREATE TABLE second_factor (
            account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,
            sealed BLOB NOT NULL,
            algorithm TEXT NOT NULL,
            digits INTEGER NOT NULL,
            period INTEGER NOT NULL,
            confirmed INTEGER NOT NULL DEFAULT 0,
            last_step INTEGER
        );

        CREATE TABLE recovery_code (
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            digest BLOB NOT NULL,
            PRIMARY KEY (account, digest)
        ) WITHOUT ROWID;

        CREATE TABLE certificate (
            fingerprint BLOB PRIMARY KEY NOT NULL,
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            name TEXT NOT NULL,
            subject TEXT NOT NULL,
            expires INTEGER NOT NULL,
            added INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX certificate_name ON certificate (account, name);

        -- Login names may be granted addresses.
        CREATE INDEX identity_pattern ON identity (pattern);
        """

    private static let sendingLimits = """
        -- limits: as SendingLimits writes them. hold_reason: the code of the rule that held the message when it came.
        ALTER TABLE account ADD COLUMN limits TEXT NOT NULL DEFAULT '';
        ALTER TABLE credential ADD COLUMN limits TEXT NOT NULL DEFAULT '';
        UPDATE credential SET limits = 'messagesPerHour=' || rate WHERE rate IS NOT NULL;
        ALTER TABLE credential DROP COLUMN rate;
        ALTER TABLE message ADD COLUMN hold_reason TEXT;

        -- What was sent in five minutes. credential: 0 for all of the account. step: since 1970.
        CREATE TABLE sending_step (
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            credential INTEGER NOT NULL,
            step INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            recipients INTEGER NOT NULL,
            new_recipients INTEGER NOT NULL,
            burst INTEGER NOT NULL,
            PRIMARY KEY (account, credential, step)
        ) WITHOUT ROWID;

        -- Whom an account sent to. mark: RecipientMark. last: day since 1970.
        CREATE TABLE sending_recipient (
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            mark INTEGER NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (account, mark)
        ) WITHOUT ROWID;

        CREATE TABLE sending_network (
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            network TEXT NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            PRIMARY KEY (account, network)
        ) WITHOUT ROWID;

        -- When owner and operator were told of an event. rule: the code of SendingRule.
        CREATE TABLE sending_notice (
            account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
            rule TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY (account, rule)
        ) WITHOUT ROWID;
        """

    private static let dkimKeys = """
        -- algorithm, state: as DKIMKey has them. sealed: null once retired; the row stays, so that no selector is used twice.
        CREATE TABLE dkim_key (
            domain TEXT NOT NULL,
            selector TEXT NOT NULL,
            algorithm TEXT NOT NULL,
            public_key BLOB NOT NULL,
            sealed BLOB,
            state TEXT NOT NULL,
            created INTEGER NOT NULL,
            seen INTEGER,
            activated INTEGER,
            replaced INTEGER,
            retired INTEGER,
            PRIMARY KEY (domain, selector)
        ) WITHOUT ROWID;
        """
}
