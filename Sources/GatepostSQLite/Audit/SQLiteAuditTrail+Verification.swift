package import GatepostModel

extension SQLiteAuditTrail {
    package func verify(expecting expected: AuditExpectation?) async throws -> AuditVerification {
        try await self.flush()
        // Read first: a head that is signed meanwhile may be in the database as well, never only here.
        let noted = try self.headFile.read()
        let key = self.key
        return try await self.longReader.read { try $0.verifyTrail(key: key, noted: noted, expected: expected) }
    }

    package func erase(account: String, actor: AuditActor) async throws -> Int {
        let now = self.clock.now()
        return try await self.perform { try $0.erase(account: account, actor: actor, now: now) }
    }

    /// Content dropped in one transaction.
    private static let expiredAtOnce = 2000

    package func expire(_ retention: AuditRetention, now: Timestamp) async throws -> Int {
        var total = 0
        for kind in AuditEvent.Kind.allCases {
            let cutoff = now - retention.duration(kind)
            var isMore = true
            while isMore {
                let count = try await self.perform { appender in
                    try appender.expire(kind, before: cutoff, limit: SQLiteAuditTrail.expiredAtOnce)
                }
                total += count
                isMore = count == SQLiteAuditTrail.expiredAtOnce
            }
        }
        guard total > 0 else { return 0 }
        try await self.perform { try $0.fold(now: now) }
        try await self.recordDurably(
            .administration(
                AdministrationEvent(time: now, actor: .server, action: "audit retention", subject: "\(total) records")
            )
        )
        return total
    }
}

extension Connection {
    /// Reads the whole trail once, in order; a second time behind the first fault, to find where the record went.
    fileprivate func verifyTrail(
        key: AuditKey,
        noted: AuditHead?,
        expected: AuditExpectation?
    ) throws -> AuditVerification {
        var heads = try self.auditHeads(.head)
        if let noted { heads.append(noted) }
        var verifier = AuditVerifier(
            key: key,
            base: try self.auditHeads(.base).last,
            heads: heads,
            expected: expected
        )
        let statement = try self.statement(text: "SELECT \(AuditRow.columns) FROM record ORDER BY sequence")
        try statement.each { row in
            guard let row = AuditRow(lending: row) else {
                return verifier.receive(AuditRow(sequence: row.int64(0), time: 0, kind: 0, link: .zero))
            }
            return verifier.receive(row)
        }
        verifier.end()
        switch verifier.verification.fault {
        case .missing, .changed: try self.findDisplaced(&verifier)
        default: break
        }
        return verifier.verification
    }

    /// The record that belongs where the first fault is may lie further on: with its own link, or behind the one that stayed.
    private func findDisplaced(_ verifier: inout AuditVerifier) throws {
        let (sequence, link) = verifier.position
        let place = try self.statement("SELECT link FROM record WHERE sequence = ?1")
        place.bind(1, sequence)
        let stayed = try place.first { AuditHash($0.octets(0)) } ?? nil
        var found: Int64?
        let statement = try self.statement(
            text: "SELECT \(AuditRow.columns) FROM record WHERE sequence > ?1 ORDER BY sequence"
        )
        statement.bind(1, sequence)
        try statement.each { row in
            guard let row = AuditRow(lending: row) else { return true }
            let fitting = verifier.link(of: row, at: sequence, after: link)
            guard fitting == row.link || fitting == stayed else { return true }
            found = row.sequence
            return false
        }
        if let found { verifier.found(at: found) }
    }
}
