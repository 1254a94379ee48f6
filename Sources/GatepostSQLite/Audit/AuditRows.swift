internal import GatepostModel

extension Connection {
    /// The columns that ``AuditRecord/init(_:)`` reads.
    static let auditColumns =
        "sequence, time, kind, reason, reference, detail, account, address, personal, commitment"

    /// All heads of one purpose, in order.
    func auditHeads(_ purpose: AuditHead.Purpose) throws -> [AuditHead] {
        let statement = try self.statement(
            "SELECT sequence, time, link, signature FROM head WHERE purpose = ?1 ORDER BY sequence"
        )
        statement.bind(1, Int64(purpose.rawValue))
        return try statement.all { row in
            AuditHead(
                point: AuditHead.Point(
                    purpose: purpose,
                    sequence: row.int64(0),
                    // A link of the wrong size fits no record and no signature.
                    link: AuditHash(row.octets(2)) ?? .zero,
                    time: Timestamp(milliseconds: row.int64(1))
                ),
                signature: row.octets(3)
            )
        }
    }

    func insert(_ head: AuditHead) throws {
        let statement = try self.statement(
            "INSERT OR REPLACE INTO head (sequence, purpose, time, link, signature) VALUES (?1, ?2, ?3, ?4, ?5)"
        )
        statement.bind(1, head.point.sequence)
        statement.bind(2, Int64(head.point.purpose.rawValue))
        statement.bind(3, head.point.time.milliseconds)
        statement.bind(4, head.point.link.octets)
        statement.bind(5, head.signature)
        try statement.run()
    }

    /// Sequence and link of the last record; nil when there is none.
    func lastAuditRecord() throws -> (sequence: Int64, link: AuditHash)? {
        try self.statement("SELECT sequence, link FROM record ORDER BY sequence DESC LIMIT 1").first {
            ($0.int64(0), AuditHash($0.octets(1)) ?? .zero)
        }
    }

    func insert(_ fields: AuditFields, salt: [UInt8]?, sequence: Int64, link: AuditHash) throws {
        let statement = try self.statement(
            """
            INSERT INTO record (sequence, time, kind, link, reason, reference, detail, salt, account, address, personal)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """
        )
        statement.bind(1, sequence)
        statement.bind(2, fields.time.milliseconds)
        statement.bind(3, Int64(fields.kind.rawValue))
        statement.bind(4, link.octets)
        statement.bind(5, fields.reason)
        statement.bind(6, fields.reference)
        statement.bind(7, fields.detail)
        statement.bind(8, salt)
        statement.bind(9, fields.account)
        statement.bind(10, fields.address)
        statement.bind(11, fields.personal)
        try statement.run()
    }
}

extension AuditRecord {
    /// nil where the row has no content any more, or none that this version can read.
    init?(_ row: PreparedStatement) {
        guard let detail = row.optionalOctets(5), let kind = AuditEvent.Kind(rawValue: UInt8(clamping: row.int64(2)))
        else { return nil }
        let fields = AuditFields(
            kind: kind,
            time: Timestamp(milliseconds: row.int64(1)),
            reason: row.optionalText(3),
            reference: row.optionalText(4),
            detail: detail,
            account: row.optionalText(6),
            address: row.optionalOctets(7),
            personal: row.optionalOctets(8)
        )
        guard let event = fields.event else { return nil }
        self.init(sequence: row.int64(0), event: event, state: row.isNull(9) ? .whole : .erased)
    }
}

extension AuditRow {
    /// The columns in the order of ``auditRowColumns``; lent until the statement steps.
    init?(lending row: PreparedStatement) {
        guard let link = row.rawOctets(3).flatMap({ AuditHash($0) }) else { return nil }
        self.init(sequence: row.int64(0), time: row.int64(1), kind: UInt8(clamping: row.int64(2)), link: link)
        self.reason = row.rawOctets(4)
        self.reference = row.rawOctets(5)
        self.detail = row.rawOctets(6)
        self.salt = row.rawOctets(7)
        self.account = row.rawOctets(8)
        self.address = row.rawOctets(9)
        self.personal = row.rawOctets(10)
        // Of the wrong size they fit nothing, and absent they would be taken for what was never there.
        self.commitment = row.rawOctets(11).map { AuditHash($0) ?? .zero }
        self.content = row.rawOctets(12).map { AuditHash($0) ?? .zero }
        self.mark = row.rawOctets(13)
    }

    static let columns =
        """
        sequence, time, kind, link, reason, reference, detail, salt, account, address, personal, commitment, content, mark
        """
}
