package import GatepostModel
internal import SMTP

/// What people ask of the queue and do to it.
extension SQLiteStore {
    package func list(
        _ selection: QueueSelection,
        after identifier: MessageIdentifier?,
        limit: Int
    ) async throws -> [QueuedMessage] {
        try await self.listReader.read { connection in
            let statement = try connection.statement(
                """
                SELECT key, tail, reverse_path, envid, ret, flags, size, account, received, subject, inbox, hold_reason
                FROM message
                WHERE inbox IS NULL AND key > ?5 AND (?1 = 0 OR EXISTS (
                    SELECT 1 FROM recipient WHERE recipient.message = message.key AND (
                        ?1 = 1 AND message.key = ?2
                        OR ?1 = 2 AND lower(substr(forward_path, -length(?3) - 1)) = '@' || ?3
                        OR ?1 = 3 AND message.account = ?4)))
                ORDER BY key LIMIT ?6
                """
            )
            try statement.bind(selection, in: connection)
            statement.bind(5, try identifier.map { try connection.key(of: $0) ?? MessageKey($0).key } ?? .min)
            statement.bind(6, max(0, limit))
            return try statement.all { try MessageRow($0) }.map { try connection.queued($0) }
        }
    }

    package func show(_ identifier: MessageIdentifier) async throws -> QueuedMessage? {
        try await self.listReader.read { connection in
            guard let key = try connection.key(of: identifier), let row = try connection.messageRow(key),
                row.inbox == nil
            else { return nil }
            var message = try connection.queued(row)
            message.history = try connection.history(key)
            return message
        }
    }

    package func hold(_ selection: QueueSelection) async throws -> Int {
        try await self.writer.perform { connection, _ in
            // Leased ones too: the running attempt's result counts, but no further one follows.
            let statement = try connection.statement(
                """
                UPDATE recipient SET due = NULL, leased = 0 WHERE due IS NOT NULL AND (?1 = 0
                    OR ?1 = 1 AND message = ?2
                    OR ?1 = 2 AND lower(substr(forward_path, -length(?3) - 1)) = '@' || ?3
                    OR ?1 = 3 AND message IN (SELECT key FROM message WHERE account = ?4))
                """
            )
            try statement.bind(selection, in: connection)
            try statement.run()
            return connection.changes
        }
    }

    package func release(_ selection: QueueSelection, now: Timestamp) async throws -> Int {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                """
                UPDATE recipient SET due = ?5, leased = 0
                WHERE due IS NULL AND message NOT IN (SELECT key FROM message WHERE inbox IS NOT NULL) AND (?1 = 0
                    OR ?1 = 1 AND message = ?2
                    OR ?1 = 2 AND lower(substr(forward_path, -length(?3) - 1)) = '@' || ?3
                    OR ?1 = 3 AND message IN (SELECT key FROM message WHERE account = ?4))
                """
            )
            try statement.bind(selection, in: connection)
            statement.bind(5, now.milliseconds)
            try statement.run()
            return connection.changes
        }
    }

    package func retry(_ selection: QueueSelection, now: Timestamp) async throws -> Int {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                """
                UPDATE recipient SET due = ?5 WHERE due > ?5 AND leased = 0 AND (?1 = 0
                    OR ?1 = 1 AND message = ?2
                    OR ?1 = 2 AND lower(substr(forward_path, -length(?3) - 1)) = '@' || ?3
                    OR ?1 = 3 AND message IN (SELECT key FROM message WHERE account = ?4))
                """
            )
            try statement.bind(selection, in: connection)
            statement.bind(5, now.milliseconds)
            try statement.run()
            return connection.changes
        }
    }

    package func cancel(_ selection: QueueSelection) async throws -> Int {
        try await self.writer.perform { connection, effects in
            let statement = try connection.statement(
                """
                DELETE FROM recipient
                WHERE message NOT IN (SELECT key FROM message WHERE inbox IS NOT NULL) AND (?1 = 0
                    OR ?1 = 1 AND message = ?2
                    OR ?1 = 2 AND lower(substr(forward_path, -length(?3) - 1)) = '@' || ?3
                    OR ?1 = 3 AND message IN (SELECT key FROM message WHERE account = ?4))
                RETURNING message
                """
            )
            try statement.bind(selection, in: connection)
            let keys = try statement.all { $0.int64(0) }
            let isLeft = try connection.statement("SELECT 1 FROM recipient WHERE message = ?1 LIMIT 1")
            for key in Set(keys) {
                isLeft.bind(1, key)
                if try isLeft.first({ _ in true }) == nil { try connection.removeMessage(key, &effects) }
            }
            return keys.count
        }
    }

    package func statistics() async throws -> QueueStatistics {
        try await self.listReader.read { connection in
            var statistics = QueueStatistics()
            let messages = try connection.statement(
                "SELECT count(*), coalesce(sum(size), 0), min(received) FROM message WHERE inbox IS NULL"
            )
            _ = try messages.first { row in
                statistics.messages = row.int(0)
                statistics.octets = row.int(1)
                statistics.oldest = row.optionalInt64(2).map { Timestamp(milliseconds: $0) }
            }
            let recipients = try connection.statement(
                """
                SELECT count(*) FILTER (WHERE due IS NOT NULL AND leased = 0), count(*) FILTER (WHERE leased = 1),
                    count(*) FILTER (WHERE due IS NULL)
                FROM recipient
                """
            )
            _ = try recipients.first { row in
                statistics.waiting = row.int(0)
                statistics.leased = row.int(1)
                statistics.held = row.int(2)
            }
            let inbox = try connection.statement(
                "SELECT count(*) FROM recipient WHERE message IN (SELECT key FROM message WHERE inbox IS NOT NULL)"
            )
            statistics.held -= try inbox.first { $0.int(0) } ?? 0
            return statistics
        }
    }
}

extension PreparedStatement {
    /// ?1 says which of ?2 (message), ?3 (domain) and ?4 (account) counts. A message that is gone selects nothing.
    fileprivate func bind(_ selection: QueueSelection, in connection: Connection) throws {
        for index in Int32(2)...4 { self.bindNull(index) }
        switch selection {
        case .all:
            self.bind(1, 0)
        case .message(let identifier):
            self.bind(1, 1)
            self.bind(2, try connection.key(of: identifier))
        case .domain(let domain):
            self.bind(1, 2)
            self.bind(3, domain)
        case .account(let account):
            self.bind(1, 3)
            self.bind(4, account)
        }
    }
}

extension Connection {
    fileprivate func queued(_ row: MessageRow) throws -> QueuedMessage {
        let statement = try self.statement(
            """
            SELECT number, due, leased, attempts, forward_path, notify, orcpt_type, orcpt FROM recipient
            WHERE message = ?1 ORDER BY number
            """
        )
        statement.bind(1, row.key)
        let recipients = try statement.all { row in
            let state: QueuedRecipient.State
            if let due = row.optionalInt64(1) {
                let moment = Timestamp(milliseconds: due)
                state = row.bool(2) ? .leased(until: moment) : .waiting(until: moment)
            } else {
                state = .held
            }
            return QueuedRecipient(
                number: row.int(0),
                recipient: try EnvelopeRecipient(row, first: 4),
                state: state,
                attempts: row.int(3)
            )
        }
        return QueuedMessage(
            identifier: row.identifier,
            envelope: row.envelope,
            size: row.size,
            account: row.account,
            received: row.received,
            subject: row.subject,
            holdReason: row.holdReason,
            recipients: recipients
        )
    }

    fileprivate func history(_ key: Int64) throws -> [HistoryEntry] {
        let statement = try self.statement(
            """
            SELECT forward_path, outcome, at, peer, code, enhanced, text, note, encrypted FROM attempt
            WHERE message = ?1 ORDER BY sequence
            """
        )
        statement.bind(1, key)
        return try statement.all { row in
            let reply = row.optionalInt64(4).map { code in
                Reply(
                    code: Int(truncatingIfNeeded: code),
                    enhanced: row.optionalText(5).flatMap { EnhancedStatusCode($0) },
                    lines: row.text(6).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                )
            }
            guard let outcome = DeliveryAttempt.Outcome(rawValue: row.text(1)) else {
                throw StoreError(.damaged, "an attempt in the queue has no known outcome")
            }
            return HistoryEntry(
                forwardPath: try .init(stored: row.text(0)),
                outcome: outcome,
                attempt: DeliveryAttempt(
                    at: Timestamp(milliseconds: row.int64(2)),
                    peer: row.optionalText(3),
                    reply: reply,
                    note: row.optionalText(7),
                    isEncrypted: row.bool(8)
                )
            )
        }
    }
}
