internal import GatepostModel

/// An identifier as the tables keep it: 63 bits that begin with the time and so are appended to, and the 47 bits that remain.
///
/// The 21 random bits of the key collide now and then among messages of one millisecond; the row then takes the next free key, and the
/// tail tells the two apart.
struct MessageKey {
    var key: Int64
    var tail: Int64

    /// How far behind its own key a row may lie.
    static let reach: Int64 = 16

    init(_ identifier: MessageIdentifier) {
        self.key = Int64(bitPattern: identifier.high >> 1)
        self.tail = Int64(bitPattern: identifier.low | (identifier.high & 1) << 46)
    }
}

extension MessageIdentifier {
    /// The identifier of a row. The key of the row may lie up to ``MessageKey/reach`` behind the identifier's own, so the row
    /// keeps by how much in the bits of the tail that are free.
    init(storedKey: Int64, storedTail: Int64) {
        let tail = UInt64(bitPattern: storedTail)
        let key = UInt64(bitPattern: storedKey) &- tail >> 47
        self.init(high: key << 1 | (tail >> 46) & 1, low: tail)
    }
}

extension Connection {
    /// The key of the row of a message; nil when it is gone.
    func key(of identifier: MessageIdentifier) throws -> Int64? {
        let wanted = MessageKey(identifier)
        let statement = try self.statement(
            "SELECT key FROM message WHERE key BETWEEN ?1 AND ?2 AND tail & 0x7fffffffffff = ?3 LIMIT 1"
        )
        statement.bind(1, wanted.key)
        statement.bind(2, wanted.key + MessageKey.reach)
        statement.bind(3, wanted.tail)
        return try statement.first { $0.int64(0) }
    }
}
