/// Something that answers questions to DNS: the network, or a ``Zone`` in memory.
///
/// One requirement; the typed questions are made of it.
public protocol Resolver: Sendable {
    /// The records of a type at a name, aliases followed.
    ///
    /// - Parameters:
    ///   - name: An absolute name; search lists are never used.
    ///   - type: The type asked for.
    /// - Returns: Records of that type alone; none when the name exists without them.
    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record>
}

extension Resolver {
    /// The records of a type at a name given as text in A-labels, with or without trailing dot.
    public func records(_ type: RecordType, at name: String) async throws(DNSError) -> Answer<Record> {
        guard let name = DNSName(name) else { throw .malformedName }
        return try await self.records(type, at: name)
    }

    /// The mail exchanges of a domain, unsorted; a null MX (RFC 7505) is a record whose `isNull` is true.
    public func mx(_ name: String) async throws(DNSError) -> Answer<MXRecord> {
        try await self.records(.mx, at: name).compactMap { if case .mx(let record) = $0 { record } else { nil } }
    }

    /// The texts of a name.
    public func txt(_ name: String) async throws(DNSError) -> Answer<TXTRecord> {
        try await self.records(.txt, at: name).compactMap { if case .txt(let record) = $0 { record } else { nil } }
    }

    /// Where a service is, at a name such as `_submission._tcp.example.org`.
    public func srv(_ name: String) async throws(DNSError) -> Answer<SRVRecord> {
        try await self.records(.srv, at: name).compactMap { if case .srv(let record) = $0 { record } else { nil } }
    }

    /// The certificate associations at a name such as `_25._tcp.mx.example.org`.
    public func tlsa(_ name: String) async throws(DNSError) -> Answer<TLSARecord> {
        try await self.records(.tlsa, at: name).compactMap { if case .tlsa(let record) = $0 { record } else { nil } }
    }

    /// The names of an address. Anyone may write any name there: look its addresses up before believing it.
    public func ptr(_ address: DNSAddress) async throws(DNSError) -> Answer<String> {
        try await self.records(.ptr, at: address.reverseName)
            .compactMap { if case .ptr(let name) = $0 { name.lowercased.description } else { nil } }
    }

    /// The alias that stands at a name itself, not followed.
    public func cname(_ name: String) async throws(DNSError) -> Answer<String> {
        try await self.records(.cname, at: name)
            .compactMap { if case .cname(let name) = $0 { name.lowercased.description } else { nil } }
    }

    /// The addresses of a host: first those of IPv6, then those of IPv4, both asked for at the same time.
    ///
    /// When only one of the two questions fails, the records of the other are the answer; without any records the
    /// failure is thrown, since the host may have addresses that could not be seen.
    public func addresses(_ name: String) async throws(DNSError) -> Answer<DNSAddress> {
        guard let name = DNSName(name) else { throw .malformedName }
        async let second = self.result(.a, at: name)
        var answers: [Answer<Record>] = []
        var failures: [DNSError] = []
        for result in await [self.result(.aaaa, at: name), second] {
            switch result {
            case .success(let answer): answers.append(answer)
            case .failure(let error): failures.append(error)
            }
        }
        let records = answers.flatMap(\.records)
        guard failures.isEmpty || !records.isEmpty else {
            // "Does not exist" beside a failure to ask is not yet certain.
            failures.sort { $0.isTemporary && !$1.isTemporary }
            throw failures[0]
        }
        return Answer(
            records: records,
            isAuthenticated: answers.allSatisfy(\.isAuthenticated),
            canonicalName: answers.first?.canonicalName ?? name.lowercased.description,
            ttl: answers.map(\.ttl).min() ?? .zero
        ).compactMap { record in
            switch record {
            case .a(let address), .aaaa(let address): address
            default: nil
            }
        }
    }

    private func result(_ type: RecordType, at name: DNSName) async -> Result<Answer<Record>, DNSError> {
        do throws(DNSError) {
            return .success(try await self.records(type, at: name))
        } catch {
            return .failure(error)
        }
    }
}
