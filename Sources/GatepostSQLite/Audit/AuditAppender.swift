internal import GatepostModel

/// Writes the trail: chains records, signs heads, takes content away.
///
/// `@unchecked Sendable`: used only on the serial queue of the ``SQLiteAuditTrail`` that owns it.
final class AuditAppender: @unchecked Sendable {
    /// Where the chain ends.
    private struct Tail {
        var sequence: Int64 = 0
        var link = AuditHash.zero
        /// The last head, which the next one replaces unless it is to be kept.
        var provisional: AuditHead.Point?
        /// The last head that is kept.
        var kept: AuditHead.Point?
    }

    /// Heads that are kept lie so far apart at the most; those between are replaced by the next.
    private static let recordsBetweenHeads: Int64 = 1024
    private static let timeBetweenHeads = Duration.seconds(300)

    private let key: AuditKey
    private let writer: Writer
    private let headFile: AuditHeadFile
    private var chain = AuditChain()
    private var tail = Tail()
    private var generator = SystemRandomNumberGenerator()
    /// What did not fit when the trail was opened, and the head that shows it: kept with the first record that follows, and not before,
    /// so that a mere look changes nothing.
    private var pendingFault: AuditFault?
    private var evidence: AuditHead?

    init(key: AuditKey, writer: Writer, headFile: AuditHeadFile) {
        self.key = key
        self.writer = writer
        self.headFile = headFile
    }

    var lastSequence: Int64 { self.tail.sequence }

    // MARK: Opening

    /// Finds the end of the chain.
    ///
    /// - Returns: What does not fit there; the whole is for `audit verify`.
    func open() throws -> AuditFault? {
        var fault: AuditFault?
        try self.write { connection in
            let heads = try connection.auditHeads(.head)
            let base = try connection.auditHeads(.base).last?.point
            let last = try connection.lastAuditRecord()
            var tail = Tail()
            tail.sequence = last?.sequence ?? base?.sequence ?? 0
            tail.link = last?.link ?? base?.link ?? .zero
            tail.provisional = heads.last?.point
            tail.kept = heads.dropLast().last?.point
            fault = self.fault(tail, heads.last)
            if let noted = try self.headFile.read(), self.key.hasSigned(noted) {
                if noted.point.sequence > tail.sequence {
                    fault = .truncated(after: tail.sequence, expected: noted.point.sequence)
                    // The file will be overwritten.
                    self.evidence = noted
                }
            } else if tail.sequence > 0 {
                fault = fault ?? .forgedHead(tail.sequence)
            }
            self.tail = tail
        }
        self.pendingFault = fault
        return fault
    }

    private func fault(_ tail: Tail, _ head: AuditHead?) -> AuditFault? {
        guard let head else { return tail.sequence == 0 ? nil : .added(1) }
        if head.point.sequence > tail.sequence {
            return .truncated(after: tail.sequence, expected: head.point.sequence)
        }
        if !self.key.hasSigned(head) { return .forgedHead(head.point.sequence) }
        if head.point.sequence < tail.sequence { return .added(head.point.sequence + 1) }
        return head.point.link == tail.link ? nil : .changed(tail.sequence)
    }

    // MARK: Appending

    /// Makes records durable, and signs the head behind them in the same transaction.
    func append(_ events: [AuditEvent], now: Timestamp) throws {
        guard !events.isEmpty else { return }
        var tail = self.tail
        var head: AuditHead?
        try self.write { connection in
            tail = self.tail
            try self.sayWhatDidNotFit(&tail, now: now, connection)
            for event in events { try self.append(event, &tail, connection) }
            head = try self.sign(&tail, now: now, connection)
        }
        self.advance(tail, head)
    }

    private func sayWhatDidNotFit(_ tail: inout Tail, now: Timestamp, _ connection: Connection) throws {
        if let evidence = self.evidence { try connection.insert(evidence) }
        guard let fault = self.pendingFault else { return }
        let event = AdministrationEvent(time: now, actor: .server, action: "audit open", failure: "\(fault)")
        try self.append(.administration(event), &tail, connection)
    }

    private func append(_ event: AuditEvent, _ tail: inout Tail, _ connection: Connection) throws {
        let fields = AuditFields(event)
        let salt = fields.hasPersonal ? self.randomOctets(AuditChain.saltOctets) : nil
        let sequence = tail.sequence + 1
        let link = self.chain.hashes(of: fields, salt: salt, sequence: sequence, after: tail.link).link
        try connection.insert(fields, salt: salt, sequence: sequence, link: link)
        tail.sequence = sequence
        tail.link = link
    }

    private func sign(_ tail: inout Tail, now: Timestamp, _ connection: Connection) throws -> AuditHead {
        let head = try self.key.sign(
            AuditHead.Point(purpose: .head, sequence: tail.sequence, link: tail.link, time: now)
        )
        if let provisional = tail.provisional {
            let kept = tail.kept ?? AuditHead.Point(purpose: .head, sequence: 0, link: .zero, time: provisional.time)
            if provisional.sequence - kept.sequence >= Self.recordsBetweenHeads
                || provisional.time - kept.time >= Self.timeBetweenHeads
            {
                tail.kept = provisional
            } else {
                let statement = try connection.statement("DELETE FROM head WHERE sequence = ?1 AND purpose = ?2")
                statement.bind(1, provisional.sequence)
                statement.bind(2, Int64(AuditHead.Purpose.head.rawValue))
                try statement.run()
            }
        }
        try connection.insert(head)
        tail.provisional = head.point
        return head
    }

    /// The transaction is durable.
    private func advance(_ tail: Tail, _ head: AuditHead?) {
        self.tail = tail
        self.pendingFault = nil
        self.evidence = nil
        if let head { self.headFile.write(head) }
    }

    // MARK: Taking away

    /// Erases the personal fields of an account's records, and says so in a record of its own, without the address.
    func erase(account: String, actor: AuditActor, now: Timestamp) throws -> Int {
        var count = 0
        var tail = self.tail
        var head: AuditHead?
        try self.write { connection in
            tail = self.tail
            try self.sayWhatDidNotFit(&tail, now: now, connection)
            count = 0
            let select = try connection.statement(
                text: "SELECT \(AuditRow.columns) FROM record WHERE account = ?1 ORDER BY sequence"
            )
            select.bind(1, account)
            var erased: [(sequence: Int64, commitment: AuditHash, mark: [UInt8])] = []
            try select.each { row in
                guard let row = AuditRow(lending: row) else { return true }
                let commitment = self.chain.commitment(
                    salt: row.salt,
                    account: row.account,
                    address: row.address,
                    personal: row.personal
                )
                let mark = self.key.mark(.erased, sequence: row.sequence, link: row.link)
                erased.append((row.sequence, commitment, mark))
                return true
            }
            let update = try connection.statement(
                """
                UPDATE record SET salt = NULL, account = NULL, address = NULL, personal = NULL, commitment = ?2, mark = ?3
                WHERE sequence = ?1
                """
            )
            for record in erased {
                update.bind(1, record.sequence)
                update.bind(2, record.commitment.octets)
                update.bind(3, record.mark)
                try update.run()
            }
            count = erased.count
            let event = AdministrationEvent(
                time: now,
                actor: actor,
                action: "account erase",
                subject: count == 1 ? "1 record" : "\(count) records"
            )
            try self.append(.administration(event), &tail, connection)
            head = try self.sign(&tail, now: now, connection)
        }
        self.advance(tail, head)
        // The log still holds the former pages.
        try self.writer.emptyLog()
        return count
    }

    /// Drops the content of the oldest records of a kind, some at a time so that nobody waits long for the writer.
    ///
    /// - Returns: How many.
    func expire(_ kind: AuditEvent.Kind, before cutoff: Timestamp, limit: Int) throws -> Int {
        var count = 0
        try self.write { connection in
            count = 0
            let select = try connection.statement(
                text: """
                    SELECT \(AuditRow.columns) FROM record
                    WHERE kind = ?1 AND time < ?2 AND content IS NULL ORDER BY time LIMIT ?3
                    """
            )
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, cutoff.milliseconds)
            select.bind(3, limit)
            var expired: [(sequence: Int64, content: AuditHash, mark: [UInt8])] = []
            try select.each { row in
                guard let row = AuditRow(lending: row) else { return true }
                let commitment =
                    row.salt == nil
                    ? row.commitment ?? .zero
                    : self.chain.commitment(
                        salt: row.salt,
                        account: row.account,
                        address: row.address,
                        personal: row.personal
                    )
                let content = self.chain.content(
                    reason: row.reason,
                    reference: row.reference,
                    detail: row.detail,
                    commitment: commitment
                )
                let mark = self.key.mark(.expired, sequence: row.sequence, link: row.link)
                expired.append((row.sequence, content, mark))
                return true
            }
            let update = try connection.statement(
                """
                UPDATE record SET reason = NULL, reference = NULL, detail = NULL, salt = NULL, account = NULL, address = NULL,
                    personal = NULL, commitment = NULL, content = ?2, mark = ?3
                WHERE sequence = ?1
                """
            )
            for record in expired {
                update.bind(1, record.sequence)
                update.bind(2, record.content.octets)
                update.bind(3, record.mark)
                try update.run()
            }
            count = expired.count
        }
        return count
    }

    /// Deletes the records before the first one that has content: a signed base stands for them.
    func fold(now: Timestamp) throws {
        try self.write { connection in
            let found = try connection.statement(
                "SELECT sequence FROM record WHERE content IS NULL ORDER BY sequence LIMIT 1"
            ).first { $0.int64(0) }
            // The last record stays whatever it is: the chain goes on from it.
            let end = (found ?? self.tail.sequence) - 1
            let select = try connection.statement("SELECT link FROM record WHERE sequence = ?1")
            select.bind(1, end)
            guard let link = try select.first({ AuditHash($0.octets(0)) ?? .zero }) else { return }
            let base = try self.key.sign(AuditHead.Point(purpose: .base, sequence: end, link: link, time: now))
            let bases = try connection.statement("DELETE FROM head WHERE sequence <= ?1 OR purpose = ?2")
            bases.bind(1, end)
            bases.bind(2, Int64(AuditHead.Purpose.base.rawValue))
            try bases.run()
            try connection.insert(base)
            let records = try connection.statement("DELETE FROM record WHERE sequence <= ?1")
            records.bind(1, end)
            try records.run()
        }
    }

    // MARK: Support

    private func write(_ body: (Connection) throws -> Void) throws {
        do throws(Writer.Failure) {
            try self.writer.transaction { connection, _ in try body(connection) }
        } catch {
            switch error {
            case .operation(let error), .commit(let error): throw error
            }
        }
        _ = self.writer.checkpointIfDue()
    }

    private func randomOctets(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self.generator) }
    }

    func close() { self.writer.close() }
}
