package import GatepostModel

extension SQLiteStore: ReportStore {
    package func add(_ report: StoredReport) async throws -> ReportAddition {
        try await self.writer.perform { connection, _ in
            let count = try connection.statement("SELECT count(*) FROM report WHERE kind = ?1 AND domain = ?2")
            count.bind(1, report.kind.rawValue)
            count.bind(2, report.domain)
            let isFull = (try count.first { $0.int(0) } ?? 0) >= StoredReport.maximumPerDomain
            let known = try connection.statement(
                "SELECT 1 FROM report WHERE kind = ?1 AND domain = ?2 AND organization = ?3 AND identifier = ?4"
            )
            known.bind(1, report.kind.rawValue)
            known.bind(2, report.domain)
            known.bind(3, report.organization)
            known.bind(4, report.identifier)
            if try known.first({ _ in true }) != nil { return .duplicate }
            if isFull { return .full }
            let statement = try connection.statement(
                """
                INSERT INTO report (kind, domain, organization, identifier, begins, ends, received, content)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                """
            )
            statement.bind(1, report.kind.rawValue)
            statement.bind(2, report.domain)
            statement.bind(3, report.organization)
            statement.bind(4, report.identifier)
            statement.bind(5, report.begin.milliseconds)
            statement.bind(6, report.end.milliseconds)
            statement.bind(7, report.received.milliseconds)
            try statement.run(binding: report.content, at: 8)
            return .added
        }
    }

    package func reports(
        _ kind: ReportKind,
        of domain: String,
        since: Timestamp,
        skip: Int,
        limit: Int
    ) async throws -> [StoredReport] {
        try await self.listReader.read { connection in
            let statement = try connection.statement(
                """
                SELECT organization, identifier, begins, ends, received, content FROM report
                WHERE kind = ?1 AND domain = ?2 AND ends >= ?3 ORDER BY begins, organization, identifier LIMIT ?4 OFFSET ?5
                """
            )
            statement.bind(1, kind.rawValue)
            statement.bind(2, domain)
            statement.bind(3, since.milliseconds)
            statement.bind(4, max(0, limit))
            statement.bind(5, max(0, skip))
            return try statement.all { row in
                StoredReport(
                    kind: kind,
                    domain: domain,
                    organization: row.text(0),
                    identifier: row.text(1),
                    begin: Timestamp(milliseconds: row.int64(2)),
                    end: Timestamp(milliseconds: row.int64(3)),
                    received: Timestamp(milliseconds: row.int64(4)),
                    content: row.octets(5)
                )
            }
        }
    }

    package func expireReports(before end: Timestamp) async throws {
        try await self.writer.perform { connection, _ in
            let reports = try connection.statement("DELETE FROM report WHERE ends < ?1")
            reports.bind(1, end.milliseconds)
            try reports.run()
            let day = end.milliseconds / 86_400_000
            for text: StaticString in [
                "DELETE FROM dmarc_day WHERE day < ?1", "DELETE FROM dmarc_observation WHERE day < ?1",
            ] {
                let statement = try connection.statement(text)
                statement.bind(1, day)
                try statement.run()
            }
        }
    }

    package func observe(_ observations: [DMARCObservation]) async throws {
        try await self.writer.perform { connection, _ in
            for observation in observations { try connection.add(observation) }
        }
    }

    package func observedDays(before day: Int64, limit: Int) async throws -> [ObservedDay] {
        try await self.listReader.read { connection in
            let statement = try connection.statement(
                "SELECT domain, day FROM dmarc_day WHERE day < ?1 ORDER BY day, domain LIMIT ?2"
            )
            statement.bind(1, day)
            statement.bind(2, max(0, limit))
            return try statement.all { ObservedDay(domain: $0.text(0), day: $0.int64(1)) }
        }
    }

    package func observations(of day: ObservedDay) async throws -> ObservedMail? {
        try await self.listReader.read { connection in
            let record = try connection.statement("SELECT record FROM dmarc_day WHERE domain = ?1 AND day = ?2")
            record.bind(1, day.domain)
            record.bind(2, day.day)
            guard let text = try record.first({ $0.text(0) }) else { return nil }
            let rows = try connection.statement(
                "SELECT row, count FROM dmarc_observation WHERE domain = ?1 AND day = ?2 ORDER BY count DESC, row"
            )
            rows.bind(1, day.domain)
            rows.bind(2, day.day)
            return ObservedMail(
                record: text,
                rows: try rows.all { ObservedMail.Row(row: $0.octets(0), count: $0.int(1)) }
            )
        }
    }

    package func removeObservations(of day: ObservedDay) async throws {
        try await self.writer.perform { connection, _ in
            for text: StaticString in [
                "DELETE FROM dmarc_day WHERE domain = ?1 AND day = ?2",
                "DELETE FROM dmarc_observation WHERE domain = ?1 AND day = ?2",
            ] {
                let statement = try connection.statement(text)
                statement.bind(1, day.domain)
                statement.bind(2, day.day)
                try statement.run()
            }
        }
    }
}

extension Connection {
    fileprivate func add(_ observation: DMARCObservation) throws {
        let day = try self.statement(
            """
            INSERT INTO dmarc_day (domain, day, record, rows)
            SELECT ?1, ?2, ?3, 0 WHERE (SELECT count(*) FROM dmarc_day WHERE day = ?2) < ?4
                OR EXISTS (SELECT 1 FROM dmarc_day WHERE domain = ?1 AND day = ?2)
            ON CONFLICT DO UPDATE SET record = excluded.record
            """
        )
        day.bind(1, observation.domain)
        day.bind(2, observation.day)
        day.bind(3, observation.record)
        day.bind(4, DMARCObservation.maximumDomains)
        try day.run()
        let known = try self.statement(
            """
            UPDATE dmarc_observation SET count = count + 1 WHERE domain = ?1 AND day = ?2 AND row = ?3 RETURNING 1
            """
        )
        known.bind(1, observation.domain)
        known.bind(2, observation.day)
        known.bind(3, observation.row)
        if try !known.all({ _ in true }).isEmpty { return }
        let room = try self.statement(
            "UPDATE dmarc_day SET rows = rows + 1 WHERE domain = ?1 AND day = ?2 AND rows < ?3 RETURNING 1"
        )
        room.bind(1, observation.domain)
        room.bind(2, observation.day)
        room.bind(3, DMARCObservation.maximumRows)
        guard try !room.all({ _ in true }).isEmpty else { return }
        let statement = try self.statement(
            "INSERT INTO dmarc_observation (domain, day, row, count) VALUES (?1, ?2, ?3, 1)"
        )
        statement.bind(1, observation.domain)
        statement.bind(2, observation.day)
        statement.bind(3, observation.row)
        try statement.run()
    }
}
