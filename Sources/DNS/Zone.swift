/// A resolver whose records are in memory: for tests, and for servers that must run without DNS.
///
/// A name of none of its records does not exist. Aliases are followed and wildcards expanded as a name server would.
///
/// ```
/// $ORIGIN example.org.
/// $TTL 300
/// @        MX     10 mx          ; relative to the origin
/// mx   60  A      192.0.2.25
/// nomail   MX     0 .            ; null MX
/// www      CNAME  @
/// flaky    FAIL   MX             ; asking for MX fails for now; without a type, any question does
/// forged   BOGUS                 ; every answer fails DNSSEC validation
/// $DNSSEC on                     ; what follows is authenticated
/// _25._tcp.mx TLSA 3 1 1 2bb183af…
/// ```
public struct Zone: Sendable {
    /// What stands at one name.
    struct Node: Sendable {
        var records: [(record: Record, ttl: Duration)] = []
        var isAuthenticated = false
        var failures: [RecordType: DNSError] = [:]
        var failureOfAll: DNSError?
    }

    private(set) var nodes: [DNSName: Node] = [:]
    /// Names that exist since others lie below them.
    private var ancestors: Set<DNSName> = []

    /// Creates a zone without records.
    public init() {}

    /// Reads a zone from text; see ``Zone``.
    public init(parsing text: some StringProtocol) throws(ZoneSyntaxError) {
        var parser = ZoneParser()
        for (line, text) in Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            try parser.read(line: text, number: line + 1)
        }
        self = try parser.finish()
    }

    /// Adds a record.
    public mutating func add(
        _ record: Record,
        at name: DNSName,
        ttl: Duration = .seconds(300),
        isAuthenticated: Bool = false
    ) {
        self.change(name) { node in
            node.records.append((record, ttl))
            node.isAuthenticated = isAuthenticated
        }
    }

    /// Lets questions at a name fail: those for `type`, or all of them.
    public mutating func fail(_ name: DNSName, type: RecordType? = nil, with error: DNSError) {
        self.change(name) { node in
            if let type { node.failures[type] = error } else { node.failureOfAll = error }
        }
    }

    /// Lets a name exist, with or without records.
    mutating func touch(_ name: DNSName) {
        self.change(name) { _ in }
    }

    /// Removes all that stands at a name.
    public mutating func remove(_ name: DNSName) {
        self.nodes[name] = nil
        self.ancestors = Set(self.nodes.keys.flatMap(Self.ancestors))
    }

    private mutating func change(_ name: DNSName, _ body: (inout Node) -> Void) {
        body(&self.nodes[name, default: Node()])
        self.ancestors.formUnion(Self.ancestors(of: name))
    }

    private static func ancestors(of name: DNSName) -> [DNSName] {
        Array(sequence(first: name.parent) { $0?.parent }.prefix { $0 != nil }.compactMap(\.self))
    }

    /// The node of a name, or of the wildcard that covers it (RFC 4592 §3.3.1: the one below the closest name that exists).
    private func node(_ name: DNSName) -> Node? {
        if let node = self.nodes[name] { return node }
        guard !self.ancestors.contains(name) else { return Node() }
        var encloser = name.parent
        while let candidate = encloser {
            let wildcard = DNSName(labels: [[UInt8(ascii: "*")]])?.appending(candidate)
            if let wildcard, let node = self.nodes[wildcard] { return node }
            if self.nodes[candidate] != nil || self.ancestors.contains(candidate) { return nil }
            encloser = candidate.parent
        }
        return nil
    }
}

extension Zone: Resolver {
    /// The records of a type at a name, aliases followed.
    public func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        var name = name
        var isAuthenticated = true
        var ttl: Duration?
        // A chain of more aliases than a resolver would follow is a loop.
        for _ in 0..<12 {
            guard let node = self.node(name) else { throw .nameDoesNotExist }
            if let error = node.failureOfAll ?? node.failures[type] { throw error }
            isAuthenticated = isAuthenticated && node.isAuthenticated
            let found = node.records.filter { $0.record.type == type }
            let alias = node.records.first { $0.record.type == .cname }
            if found.isEmpty, let alias, case .cname(let target) = alias.record {
                ttl = min(ttl ?? alias.ttl, alias.ttl)
                name = target
                continue
            }
            return Answer(
                records: found.map(\.record),
                isAuthenticated: isAuthenticated,
                canonicalName: name.lowercased.description,
                ttl: found.map(\.ttl).min().map { min(ttl ?? $0, $0) } ?? ttl ?? .zero
            )
        }
        throw .temporary("the aliases form a loop")
    }
}
