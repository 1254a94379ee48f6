package import GatepostModel
internal import MailSyntax

extension SQLiteStore {
    package func sendingRecord(of account: Int64, since step: Int64) async throws -> SendingRecord {
        try await self.reader.read { connection in
            var record = SendingRecord()
            record.networks = try connection.sendingNetworks(of: account)
            record.told = try connection.sendingNotices(of: account)
            let statement = try connection.statement(
                """
                SELECT credential, step, messages, recipients, new_recipients, burst FROM sending_step
                WHERE account = ?1 AND step >= ?2
                """
            )
            statement.bind(1, account)
            statement.bind(2, step)
            var steps: [Int64: [SendingUsage.Step]] = [:]
            _ = try statement.all { row in
                let amount = SendingAmount(
                    messages: row.int(2),
                    recipients: row.int(3),
                    newRecipients: row.int(4),
                    burst: row.int(5)
                )
                steps[row.int64(0), default: []].append(SendingUsage.Step(number: row.int64(1), amount: amount))
            }
            record.account = SendingUsage(steps: steps.removeValue(forKey: 0) ?? [])
            record.credentials = steps.mapValues { SendingUsage(steps: $0) }
            return record
        }
    }

    package func knownRecipients(_ marks: [Int64], of account: Int64) async throws -> Set<Int64> {
        try await self.reader.read { connection in
            let statement = try connection.statement(
                "SELECT 1 FROM sending_recipient WHERE account = ?1 AND mark = ?2"
            )
            statement.bind(1, account)
            var known: Set<Int64> = []
            for mark in marks {
                statement.bind(2, mark)
                if try statement.first({ _ in true }) != nil { known.insert(mark) }
            }
            return known
        }
    }

    package func expireSending(now: Timestamp) async throws {
        try await self.writer.perform { connection, _ in
            let limits: [(StaticString, Int64)] = [
                ("DELETE FROM sending_step WHERE step < ?1", SendingUsage.step(at: now) - 2 * SendingUsage.span),
                ("DELETE FROM sending_recipient WHERE last < ?1", Connection.day(now - recipientLife)),
                ("DELETE FROM sending_network WHERE last < ?1", (now - SendingRecord.networkLife).milliseconds),
                ("DELETE FROM sending_notice WHERE time < ?1", (now - SendingRecord.noticeInterval).milliseconds),
            ]
            for (text, limit) in limits {
                let statement = try connection.statement(text)
                statement.bind(1, limit)
                try statement.run()
            }
        }
    }
}

extension Connection {
    fileprivate static func day(_ time: Timestamp) -> Int64 { time.milliseconds / 86_400_000 }

    fileprivate func sendingNetworks(of account: Int64) throws -> [IPNetwork: SendingRecord.Network] {
        let statement = try self.statement(
            "SELECT network, first, last FROM sending_network WHERE account = ?1 ORDER BY last DESC LIMIT ?2"
        )
        statement.bind(1, account)
        statement.bind(2, SendingRecord.maximumNetworks)
        let rows = try statement.all { row in
            guard let network = IPNetwork(row.text(0)) else {
                throw StoreError(.damaged, "a network that an account sent from is none")
            }
            return (
                network,
                SendingRecord.Network(
                    first: Timestamp(milliseconds: row.int64(1)),
                    last: Timestamp(milliseconds: row.int64(2))
                )
            )
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    fileprivate func sendingNotices(of account: Int64) throws -> [String: Timestamp] {
        let statement = try self.statement("SELECT rule, time FROM sending_notice WHERE account = ?1")
        statement.bind(1, account)
        return Dictionary(
            uniqueKeysWithValues: try statement.all { ($0.text(0), Timestamp(milliseconds: $0.int64(1))) }
        )
    }

    /// Adds a message to what is kept of its account. An account that was removed meanwhile has nothing kept.
    func keep(_ change: SendingChange) throws {
        guard change.account != 0 else { return }
        if change.amount != SendingAmount() {
            try self.add(change, credential: 0)
            if let credential = change.credential { try self.add(change, credential: credential) }
        }
        if !change.recipients.isEmpty {
            let statement = try self.statement(
                """
                INSERT INTO sending_recipient (account, mark, last) SELECT id, ?2, ?3 FROM account WHERE id = ?1
                ON CONFLICT DO UPDATE SET last = max(last, excluded.last)
                """
            )
            statement.bind(1, change.account)
            statement.bind(3, Connection.day(change.at))
            for mark in change.recipients {
                statement.bind(2, mark)
                try statement.run()
            }
        }
        if let network = change.network {
            let statement = try self.statement(
                """
                INSERT INTO sending_network (account, network, first, last) SELECT id, ?2, ?3, ?3 FROM account WHERE id = ?1
                ON CONFLICT DO UPDATE SET first = CASE WHEN last < ?4 THEN excluded.first ELSE first END,
                    last = max(last, excluded.last)
                """
            )
            statement.bind(1, change.account)
            statement.bind(2, network.description)
            statement.bind(3, change.at.milliseconds)
            statement.bind(4, (change.at - SendingRecord.networkLife).milliseconds)
            try statement.run()
        }
        if let rule = change.told {
            let statement = try self.statement(
                """
                INSERT INTO sending_notice (account, rule, time) SELECT id, ?2, ?3 FROM account WHERE id = ?1
                ON CONFLICT DO UPDATE SET time = excluded.time
                """
            )
            statement.bind(1, change.account)
            statement.bind(2, rule.code)
            statement.bind(3, change.at.milliseconds)
            try statement.run()
        }
    }

    private func add(_ change: SendingChange, credential: Int64) throws {
        let statement = try self.statement(
            """
            INSERT INTO sending_step (account, credential, step, messages, recipients, new_recipients, burst)
            SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM account WHERE id = ?1
            ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, recipients = recipients + excluded.recipients,
                new_recipients = new_recipients + excluded.new_recipients, burst = burst + excluded.burst
            """
        )
        statement.bind(1, change.account)
        statement.bind(2, credential)
        statement.bind(3, change.step)
        statement.bind(4, change.amount.messages)
        statement.bind(5, change.amount.recipients)
        statement.bind(6, change.amount.newRecipients)
        statement.bind(7, change.amount.burst)
        try statement.run()
    }
}
