/// The records found at a name; none when the name exists but has none of the type asked for.
public struct Answer<Value: Sendable>: Sendable {
    /// The records, in the order they came.
    public var records: [Value]
    /// Whether DNSSEC proved the whole answer, aliases and absence included.
    public var isAuthenticated: Bool
    /// The name at the end of the aliases (CNAME), lower case, without trailing dot; the name asked for when there are
    /// none.
    public var canonicalName: String
    /// How long the answer may be kept.
    public var ttl: Duration

    /// Creates an answer.
    public init(records: [Value], isAuthenticated: Bool = false, canonicalName: String, ttl: Duration = .zero) {
        self.records = records
        self.isAuthenticated = isAuthenticated
        self.canonicalName = canonicalName
        self.ttl = ttl
    }

    /// Whether there is no record.
    public var isEmpty: Bool { self.records.isEmpty }

    /// The answer with each record changed, or dropped for nil.
    public func compactMap<Other: Sendable>(_ transform: (Value) -> Other?) -> Answer<Other> {
        Answer<Other>(
            records: self.records.compactMap(transform),
            isAuthenticated: self.isAuthenticated,
            canonicalName: self.canonicalName,
            ttl: self.ttl
        )
    }
}

extension Answer: Equatable where Value: Equatable {}
extension Answer: Hashable where Value: Hashable {}
