package import GatepostModel
internal import MailSyntax
internal import SMTP

extension SQLiteStore: QueueStore {
    package func enqueue(_ messages: [NewMessage], sending: SendingChange?) async throws {
        try await self.writer.perform { connection, _ in
            for message in messages { try connection.insert(message) }
            if let sending { try connection.keep(sending) }
        }
        let isForInbox = messages.contains { if case .sandbox = $0.route { true } else { false } }
        if isForInbox { self.inboxSignal.notify() }
    }

    package func lease(limit: Int, now: Timestamp, until: Timestamp) async throws -> [LeasedMessage] {
        try await self.writer.perform { connection, _ in
            try connection.lease(limit: limit, now: now, until: until)
        }
    }

    package func content(of identifier: MessageIdentifier) async throws -> MessageContent? {
        try await self.reader.readOne { connection in
            let wanted = MessageKey(identifier)
            let statement = try connection.statement(
                """
                SELECT file, size, octets FROM message LEFT JOIN body USING (key)
                WHERE key BETWEEN ?1 AND ?2 AND tail & 0x7fffffffffff = ?3 LIMIT 1
                """
            )
            statement.bind(1, wanted.key)
            statement.bind(2, wanted.key + MessageKey.reach)
            statement.bind(3, wanted.tail)
            return try statement.first { row in
                let octets = row.octets(2)
                guard let file = row.optionalText(0) else { return .inline(octets) }
                return .file(name: file, octets: row.int(1) - octets.count, front: octets)
            }
        }
    }

    package func settle(_ results: [RecipientResult], notifications: [NewMessage]) async throws {
        guard !results.isEmpty || !notifications.isEmpty else { return }
        try await self.writer.perform { connection, effects in
            for result in results { try connection.settle(result, &effects) }
            for notification in notifications { try connection.insert(notification) }
        }
    }

    package func releaseLeases() async throws {
        let isAnyLeased = try await self.listReader.readOne { connection in
            try connection.statement("SELECT 1 FROM recipient WHERE leased = 1 LIMIT 1").first { _ in true } ?? false
        }
        guard isAnyLeased else { return }
        try await self.writer.perform { connection, _ in
            // They were due when they were leased; 0 puts them before all others.
            try connection.statement("UPDATE recipient SET due = 0, leased = 0 WHERE leased = 1").run()
        }
    }

    package func nextDue(after moment: Timestamp) async throws -> Timestamp? {
        try await self.reader.readOne { connection in
            let statement = try connection.statement("SELECT due FROM recipient WHERE due > ?1 ORDER BY due LIMIT 1")
            statement.bind(1, moment.milliseconds)
            return try statement.first { Timestamp(milliseconds: $0.int64(0)) }
        }
    }
}

extension Connection {
    /// Stores a message with its recipients: four rows for the usual one.
    fileprivate func insert(_ message: NewMessage) throws {
        let key = try self.insertRow(of: message)
        switch message.content {
        case .inline(let octets):
            try self.insert(body: octets, of: key)
        case .file(let name, _, let front):
            guard Spool.isName(name) else {
                throw StoreError(.unavailable, "the name of a spool file leads out of the spool")
            }
            if !front.isEmpty { try self.insert(body: front, of: key) }
        }
        let due: Int64? =
            switch message.route {
            case .deliver: message.received.milliseconds
            case .hold, .sandbox: nil
            }
        let statement = try self.statement(
            """
            INSERT INTO recipient (message, number, forward_path, notify, orcpt_type, orcpt, due)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """
        )
        statement.bind(1, key)
        statement.bind(7, due)
        for (number, recipient) in message.recipients.enumerated() {
            statement.bind(2, number)
            statement.bind(3, recipient.forwardPath.stored)
            statement.bind(4, recipient.notify.map { Int64($0.rawValue) })
            statement.bind(5, recipient.originalRecipient?.addressType)
            statement.bind(6, recipient.originalRecipient?.address)
            try statement.run()
        }
    }

    private func insert(body octets: [UInt8], of key: Int64) throws {
        let statement = try self.statement("INSERT INTO body (key, octets) VALUES (?1, ?2)")
        statement.bind(1, key)
        try statement.run(binding: octets, at: 2)
    }

    /// - Returns: The key that the row took: its own, or the next free one.
    private func insertRow(of message: NewMessage) throws -> Int64 {
        let own = MessageKey(message.identifier)
        let statement = try self.statement(
            """
            INSERT INTO message
                (key, tail, reverse_path, envid, ret, flags, size, account, received, subject, file, inbox, hold_reason)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            """
        )
        statement.bind(3, message.envelope.reversePath.mailbox?.description ?? "")
        statement.bind(4, message.envelope.envid)
        statement.bind(5, message.envelope.storedReturn)
        statement.bind(6, message.envelope.storedFlags)
        statement.bind(7, message.size)
        statement.bind(8, message.account)
        statement.bind(9, message.received.milliseconds)
        statement.bind(10, message.subject)
        if case .file(let name, _, _) = message.content { statement.bind(11, name) } else { statement.bindNull(11) }
        if case .sandbox(let account) = message.route { statement.bind(12, account) } else { statement.bindNull(12) }
        statement.bind(13, message.holdReason)
        for distance in 0...MessageKey.reach {
            statement.bind(1, own.key + distance)
            statement.bind(2, own.tail | distance << 47)
            if try statement.runUnlessKeyExists() { return own.key + distance }
        }
        throw StoreError(.unavailable, "no free key near that of message \(message.identifier)")
    }

    fileprivate func lease(limit: Int, now: Timestamp, until: Timestamp) throws -> [LeasedMessage] {
        guard limit > 0 else { return [] }
        // Messages are few recipients each, so the first rows nearly always name enough messages; if not, the next call does.
        let dueFirst = try self.statement("SELECT message FROM recipient WHERE due <= ?1 ORDER BY due LIMIT ?2")
        dueFirst.bind(1, now.milliseconds)
        dueFirst.bind(2, limit)
        var keys: [Int64] = []
        var seen: Set<Int64> = []
        for key in try dueFirst.all({ $0.int64(0) }) where seen.insert(key).inserted { keys.append(key) }

        let dueOfMessage = try self.statement(
            """
            SELECT number, attempts, delay_notified, forward_path, notify, orcpt_type, orcpt FROM recipient
            WHERE message = ?1 AND due <= ?2
            """
        )
        let mark = try self.statement(
            "UPDATE recipient SET due = ?3, leased = 1 WHERE message = ?1 AND due <= ?2"
        )
        var messages: [LeasedMessage] = []
        messages.reserveCapacity(keys.count)
        for key in keys {
            guard let row = try self.messageRow(key) else {
                throw StoreError(.damaged, "a recipient in the queue has no message")
            }
            dueOfMessage.bind(1, key)
            dueOfMessage.bind(2, now.milliseconds)
            let recipients = try dueOfMessage.all { row in
                LeasedRecipient(
                    number: row.int(0),
                    recipient: try EnvelopeRecipient(row, first: 3),
                    attempts: row.int(1),
                    isDelayNotified: row.bool(2)
                )
            }
            mark.bind(1, key)
            mark.bind(2, now.milliseconds)
            mark.bind(3, max(until, now + .milliseconds(1)).milliseconds)
            try mark.run()
            messages.append(
                LeasedMessage(
                    identifier: row.identifier,
                    envelope: row.envelope,
                    size: row.size,
                    account: row.account,
                    received: row.received,
                    recipients: recipients
                )
            )
        }
        return messages
    }

    func messageRow(_ key: Int64) throws -> MessageRow? {
        let statement = try self.statement(
            """
            SELECT key, tail, reverse_path, envid, ret, flags, size, account, received, subject, inbox, hold_reason
            FROM message WHERE key = ?1
            """
        )
        statement.bind(1, key)
        return try statement.first { try MessageRow($0) }
    }

    fileprivate func settle(_ result: RecipientResult, _ effects: inout Writer.Effects) throws {
        guard let key = try self.key(of: result.message) else { return }
        switch result.outcome {
        case .deferred(let next, let delayNotified):
            try self.record(result, .deferred, key)
            // A recipient that was held meanwhile stays held.
            let statement = try self.statement(
                """
                UPDATE recipient SET due = CASE WHEN due IS NULL THEN NULL ELSE ?3 END, leased = 0,
                    attempts = attempts + 1, delay_notified = max(delay_notified, ?4)
                WHERE message = ?1 AND number = ?2
                """
            )
            statement.bind(1, key)
            statement.bind(2, result.recipient)
            statement.bind(3, next.milliseconds)
            statement.bind(4, delayNotified)
            try statement.run()
        case .delivered, .failed:
            let others = try self.statement(
                "SELECT 1 FROM recipient WHERE message = ?1 AND number <> ?2 LIMIT 1"
            )
            others.bind(1, key)
            others.bind(2, result.recipient)
            if try others.first({ _ in true }) == nil {
                // The last one, unless it is another message's number; then nothing is removed.
                try self.removeRecipient(key, result.recipient)
                guard self.changes > 0 else { return }
                try self.removeMessage(key, &effects)
            } else {
                try self.record(result, result.outcome == .delivered ? .delivered : .failed, key)
                try self.removeRecipient(key, result.recipient)
            }
        }
    }

    private func removeRecipient(_ key: Int64, _ number: Int) throws {
        let statement = try self.statement("DELETE FROM recipient WHERE message = ?1 AND number = ?2")
        statement.bind(1, key)
        statement.bind(2, number)
        try statement.run()
    }

    /// Removes a message without recipients: its row, body, history and, once that is durable, its file.
    func removeMessage(_ key: Int64, _ effects: inout Writer.Effects) throws {
        let message = try self.statement("DELETE FROM message WHERE key = ?1 RETURNING file")
        message.bind(1, key)
        let files = try message.all { $0.optionalText(0) }
        // Messages to places of several kinds share a file.
        if let file = files.first ?? nil, try !self.hasMessage(withFile: file) { effects.filesToDelete.append(file) }
        let body = try self.statement("DELETE FROM body WHERE key = ?1")
        body.bind(1, key)
        try body.run()
        let history = try self.statement("DELETE FROM attempt WHERE message = ?1")
        history.bind(1, key)
        try history.run()
    }

    private func hasMessage(withFile file: String) throws -> Bool {
        let statement = try self.statement("SELECT 1 FROM message WHERE file = ?1 LIMIT 1")
        statement.bind(1, file)
        return try statement.first { _ in true } ?? false
    }

    private func record(_ result: RecipientResult, _ outcome: DeliveryAttempt.Outcome, _ key: Int64) throws {
        let statement = try self.statement(
            """
            INSERT INTO attempt
                (message, sequence, forward_path, outcome, at, peer, code, enhanced, text, note, encrypted)
            SELECT message, (SELECT coalesce(max(sequence), 0) + 1 FROM attempt WHERE message = ?1), forward_path,
                ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
            FROM recipient WHERE message = ?1 AND number = ?2
            """
        )
        let attempt = result.attempt
        statement.bind(1, key)
        statement.bind(2, result.recipient)
        statement.bind(3, outcome.rawValue)
        statement.bind(4, attempt.at.milliseconds)
        statement.bind(5, attempt.peer)
        statement.bind(6, attempt.reply.map { Int64($0.code) })
        statement.bind(7, attempt.reply?.enhanced?.description)
        statement.bind(8, attempt.reply?.lines.joined(separator: "\n"))
        statement.bind(9, attempt.note)
        statement.bind(10, attempt.isEncrypted)
        try statement.run()
    }
}
