/// A list of addresses or domains that is published in DNS: a DNSBL, or a DNSWL when it lists the good (RFC 5782).
///
/// ```
/// 192.0.2.99 in bl.example.org  →  99.2.0.192.bl.example.org  A 127.0.0.2
///                                                             TXT "Sent spam on 2026-11-23"
/// ```
public struct DNSList: Hashable, Sendable {
    /// What the list says of an address or domain.
    public enum Finding: Hashable, Sendable {
        /// Nothing: the name does not exist, or has no A record.
        case absent
        /// It is on the list. The values, all in 127.0.0.0/8, tell which part of the list; what each means is up to the list.
        case listed([DNSAddress])
        /// The list does not answer this resolver: a value in 127.255.255.0/24, by which lists say that a query limit is passed or
        /// that a public resolver asked.
        case refused([DNSAddress])
        /// A value outside of 127.0.0.0/8: the domain is no list any more, and somebody answers everything in it (§5).
        case notAList([DNSAddress])
    }

    /// Why a list cannot be relied on (§5).
    public enum Fault: Hashable, Sendable {
        /// The entry that each list must have is missing: the list is gone, or is none.
        case testEntryMissing
        /// The entry that no list may have is there: the list contains everything.
        case listsEverything
    }

    /// The domain below which the list lies.
    public let zone: DNSName

    /// A list in a domain such as `zen.example.org`; nil for text that is no domain name.
    public init?(_ zone: some StringProtocol) {
        guard let name = DNSName(zone), !name.isRoot else { return nil }
        self.init(zone: name)
    }

    /// A list in a domain.
    public init(zone: DNSName) {
        self.zone = zone
    }

    /// Where the list says what it knows of an address: the octets of IPv4, or the 32 hexadecimal digits of IPv6, in reverse (§2.1,
    /// §2.4). An IPv4 address mapped into IPv6 stands among those of IPv4.
    ///
    /// - Returns: nil where the zone's own name is so long that nothing fits before it.
    public func name(of address: DNSAddress) -> DNSName? {
        let octets = address.octets
        let isMapped = octets.count == 16 && octets[..<10].allSatisfy { $0 == 0 } && octets[10...11] == [0xFF, 0xFF]
        return self.exactName(of: isMapped ? DNSAddress(octets: octets[12...]) ?? address : address)
    }

    private func exactName(of address: DNSAddress) -> DNSName? {
        // The reverse name without its `in-addr.arpa` or `ip6.arpa`.
        DNSName(labels: address.reverseName.labels.dropLast(2).map(Array.init))?.appending(self.zone)
    }

    /// Where a list of domains says what it knows of one (§3); nil where the two are too long together.
    public func name(of domain: DNSName) -> DNSName? {
        domain.isRoot ? nil : domain.appending(self.zone)
    }

    /// Looks an address up.
    ///
    /// - Throws: What keeps the list from answering; a list that does not answer says nothing about anybody.
    public func finding(for address: DNSAddress, in resolver: some Resolver) async throws(DNSError) -> Finding {
        try await self.finding(at: self.name(of: address), in: resolver)
    }

    /// Looks a domain up in a list of domains.
    public func finding(for domain: DNSName, in resolver: some Resolver) async throws(DNSError) -> Finding {
        try await self.finding(at: self.name(of: domain), in: resolver)
    }

    /// What the list gives as its reason, for the reply to the peer (§2.1); nil where it gives none.
    ///
    /// - Returns: At most 255 octets of printable ASCII: the list is somebody else's text.
    public func reason(for address: DNSAddress, in resolver: some Resolver) async throws(DNSError) -> String? {
        guard let name = self.name(of: address) else { throw .malformedName }
        do {
            for case .txt(let record) in try await resolver.records(.txt, at: name).records {
                let text = record.octets.prefix(255).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
                if !text.isEmpty { return String(decoding: text, as: UTF8.self) }
            }
            return nil
        } catch .nameDoesNotExist {
            return nil
        }
    }

    /// Asks for the entries that tell whether the list works: 127.0.0.2 must be on it and 127.0.0.1 must not; for a list of IPv6
    /// addresses these two mapped into IPv6 (§5).
    public func fault(isIPv6: Bool = false, in resolver: some Resolver) async throws(DNSError) -> Fault? {
        try await self.fault(
            listed: self.testName(2, isIPv6: isIPv6),
            unlisted: self.testName(1, isIPv6: isIPv6),
            in: resolver
        )
    }

    /// The same for a list of domains: TEST must be on it and INVALID must not (§5).
    public func domainFault(in resolver: some Resolver) async throws(DNSError) -> Fault? {
        try await self.fault(
            listed: DNSName("TEST")?.appending(self.zone),
            unlisted: DNSName("INVALID")?.appending(self.zone),
            in: resolver
        )
    }

    private func testName(_ last: UInt8, isIPv6: Bool) -> DNSName? {
        let octets: [UInt8] =
            isIPv6 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 127, 0, 0, last] : [127, 0, 0, last]
        return DNSAddress(octets: octets).flatMap { self.exactName(of: $0) }
    }

    private func fault(
        listed: DNSName?,
        unlisted: DNSName?,
        in resolver: some Resolver
    ) async throws(DNSError) -> Fault? {
        guard case .listed = try await self.finding(at: listed, in: resolver) else { return .testEntryMissing }
        guard case .absent = try await self.finding(at: unlisted, in: resolver) else { return .listsEverything }
        return nil
    }

    private func finding(at name: DNSName?, in resolver: some Resolver) async throws(DNSError) -> Finding {
        guard let name else { throw .malformedName }
        let records: [Record]
        do {
            records = try await resolver.records(.a, at: name).records
        } catch .nameDoesNotExist {
            return .absent
        }
        let values = records.compactMap { record -> DNSAddress? in
            if case .a(let address) = record { address } else { nil }
        }
        if values.isEmpty { return .absent }
        if values.contains(where: { $0.octets.first != 127 }) { return .notAList(values) }
        if values.contains(where: { $0.octets.starts(with: [127, 255, 255]) }) { return .refused(values) }
        return .listed(values)
    }
}
