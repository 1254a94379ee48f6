package import GatepostModel

extension SQLiteStore: SandboxStore {
    package func inbox(account: String?, limit: Int) async throws -> [InboxMessage] {
        try await self.listReader.read { connection in
            let statement = try connection.statement(
                """
                SELECT key, tail, reverse_path, envid, ret, flags, size, account, received, subject, inbox, hold_reason
                FROM message WHERE inbox IS NOT NULL AND (?1 IS NULL OR inbox = ?1) ORDER BY key DESC LIMIT ?2
                """
            )
            statement.bind(1, account)
            statement.bind(2, max(0, limit))
            return try statement.all { try MessageRow($0) }.map { try connection.inboxMessage($0) }
        }
    }

    package func inboxMessage(_ identifier: MessageIdentifier) async throws -> InboxMessage? {
        try await self.listReader.read { connection in
            guard let key = try connection.key(of: identifier), let row = try connection.messageRow(key),
                row.inbox != nil
            else { return nil }
            return try connection.inboxMessage(row)
        }
    }

    package func waitForInboxMessage(
        account: String?,
        subject: String?,
        after: MessageIdentifier?,
        timeout: Duration
    ) async throws -> InboxMessage? {
        // Registered before the first look, so that what arrives in between is not missed.
        let arrivals = self.inboxSignal.arrivals()
        return try await withThrowingTaskGroup(of: InboxMessage?.self) { group in
            group.addTask {
                if let message = try await self.oldestInboxMessage(account, subject, after) { return message }
                for await _ in arrivals {
                    if let message = try await self.oldestInboxMessage(account, subject, after) { return message }
                }
                return nil
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private func oldestInboxMessage(
        _ account: String?,
        _ subject: String?,
        _ after: MessageIdentifier?
    ) async throws -> InboxMessage? {
        try await self.listReader.read { connection in
            let statement = try connection.statement(
                """
                SELECT key, tail, reverse_path, envid, ret, flags, size, account, received, subject, inbox, hold_reason
                FROM message
                WHERE inbox IS NOT NULL AND (?1 IS NULL OR inbox = ?1) AND key > ?2
                    AND (?3 IS NULL OR instr(coalesce(subject, ''), ?3) > 0)
                ORDER BY key LIMIT 1
                """
            )
            statement.bind(1, account)
            statement.bind(2, try after.map { try connection.key(of: $0) ?? MessageKey($0).key } ?? .min)
            statement.bind(3, subject)
            return try statement.first { try MessageRow($0) }.map { try connection.inboxMessage($0) }
        }
    }

    package func removeFromInbox(_ identifiers: [MessageIdentifier], account: String) async throws -> Int {
        try await self.writer.perform { connection, effects in
            var count = 0
            for identifier in identifiers {
                guard let key = try connection.key(of: identifier), try connection.messageRow(key)?.inbox == account
                else { continue }
                try connection.removeInboxMessage(key, &effects)
                count += 1
            }
            return count
        }
    }

    package func clearInbox(account: String?) async throws -> Int {
        try await self.writer.perform { connection, effects in
            let statement = try connection.statement(
                "SELECT key FROM message WHERE inbox IS NOT NULL AND (?1 IS NULL OR inbox = ?1)"
            )
            statement.bind(1, account)
            let keys = try statement.all { $0.int64(0) }
            for key in keys { try connection.removeInboxMessage(key, &effects) }
            return keys.count
        }
    }
}

extension Connection {
    fileprivate func removeInboxMessage(_ key: Int64, _ effects: inout Writer.Effects) throws {
        let recipients = try self.statement("DELETE FROM recipient WHERE message = ?1")
        recipients.bind(1, key)
        try recipients.run()
        try self.removeMessage(key, &effects)
    }

    fileprivate func inboxMessage(_ row: MessageRow) throws -> InboxMessage {
        let statement = try self.statement(
            "SELECT forward_path, notify, orcpt_type, orcpt FROM recipient WHERE message = ?1 ORDER BY number"
        )
        statement.bind(1, row.key)
        return InboxMessage(
            identifier: row.identifier,
            account: row.inbox ?? "",
            envelope: row.envelope,
            recipients: try statement.all { try EnvelopeRecipient($0, first: 0) },
            received: row.received,
            size: row.size,
            subject: row.subject
        )
    }
}
