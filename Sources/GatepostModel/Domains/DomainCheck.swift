package import DNS
package import MailSyntax
internal import MessageAuthentication

/// Compares what a domain should publish with what DNS holds.
///
/// What differs and means the same is as good: text split otherwise, tags in another order, an alias, another mail exchange that is this host
/// too, an SPF record that permits this host in its own way, a DMARC record that asks for more or less.
package struct DomainCheck: Sendable {
    /// How one part stands.
    package enum Status: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
        case good
        /// All is well; something could be better.
        case note
        /// Some receivers or senders may have trouble.
        case warning
        /// DNS does not answer.
        case unknown
        /// Mail is lost or not believed.
        case fault

        package static func < (first: Status, second: Status) -> Bool {
            (Self.allCases.firstIndex(of: first) ?? 0) < (Self.allCases.firstIndex(of: second) ?? 0)
        }
    }

    /// What was found of one part.
    package struct Finding: Codable, Hashable, Sendable {
        package var purpose: DomainRecords.Purpose
        package var status: Status
        /// The record that was looked at.
        package var name: String
        package var type: String
        /// What was found, in words.
        package var text: String
        /// What to do about it.
        package var advice: String?
        /// What should stand there, where it does not.
        package var wanted: String?
        /// What does stand there.
        package var found: [String]
    }

    /// All that was found.
    package struct Report: Codable, Hashable, Sendable {
        package var domain: String
        package var hostname: String
        /// The worst of the findings.
        package var status: Status
        package var findings: [Finding]
    }

    /// A file on a web server, or why there is none.
    package enum Fetched: Sendable {
        case text(String)
        case failed(String)
    }

    let records: DomainRecords
    let resolver: any Resolver
    /// Addresses of this host by which others know it.
    let own: Set<IPAddress>
    let clock: any Clock<Duration>
    /// Fetches the policy of MTA-STS; nil: it is not looked at.
    let fetch: (@Sendable (_ url: String) async -> Fetched)?

    /// - Parameters:
    ///   - own: Addresses of this host by which others know it.
    ///   - clock: Bounds how long SPF and DMARC may take.
    package init(
        _ records: DomainRecords,
        resolver: any Resolver,
        own: Set<IPAddress> = [],
        clock: any Clock<Duration>,
        fetch: (@Sendable (_ url: String) async -> Fetched)? = nil
    ) {
        self.records = records
        self.resolver = resolver
        self.own = own
        self.clock = clock
        self.fetch = fetch
    }

    var domain: String { self.records.domain }
    var hostname: String { self.records.host.hostname }

    /// What a question came to.
    enum Look<Value: Sendable>: Sendable {
        case found([Value])
        case nothing
        /// In words.
        case failed(String)
    }

    /// Looks at everything, all parts at the same time.
    ///
    /// - Parameter progress: Told of each part that was looked at.
    package func report(progress: @escaping @Sendable (_ done: Int, _ of: Int, _ part: String) -> Void) async -> Report
    {
        let (host, addresses) = await self.checkHost()
        var parts: [(String, @Sendable () async -> [Finding])] = [
            ("MX", { await self.checkMX(addresses) }),
            ("SPF", { await self.checkSPF(addresses) }),
        ]
        for entry in self.entries(.dkim) { parts.append((entry.name, { await self.checkKey(entry) })) }
        parts.append(("DMARC", { await self.checkDMARC() }))
        parts.append(("MTA-STS", { await self.checkMTASTS() }))
        parts.append(("TLS reports", { await self.checkTLSReports() }))
        parts.append(("services", { await self.checkServices(addresses) }))
        progress(1, parts.count + 1, self.hostname)
        let found = await withTaskGroup(of: (Int, [Finding]).self) { group in
            for (index, part) in parts.enumerated() { group.addTask { (index, await part.1()) } }
            var found: [Int: [Finding]] = [:]
            for await (index, findings) in group {
                found[index] = findings
                progress(found.count + 1, parts.count + 1, parts[index].0)
            }
            return found
        }
        let findings = host + parts.indices.flatMap { found[$0] ?? [] }
        return Report(
            domain: self.domain,
            hostname: self.hostname,
            status: findings.map(\.status).max() ?? .good,
            findings: findings
        )
    }

    // MARK: Common parts

    func entries(_ purpose: DomainRecords.Purpose) -> [DomainRecords.Entry] {
        self.records.entries.filter { $0.purpose == purpose }
    }

    func finding(
        _ entry: DomainRecords.Entry,
        _ status: Status,
        _ text: String,
        advice: String? = nil,
        found: [String] = []
    ) -> Finding {
        Finding(
            purpose: entry.purpose,
            status: status,
            name: entry.name,
            type: entry.type,
            text: text,
            advice: advice,
            wanted: status == .good ? nil : entry.value,
            found: found
        )
    }

    func unknown(_ entry: DomainRecords.Entry, _ reason: String) -> Finding {
        self.finding(
            entry,
            .unknown,
            "DNS does not answer for \(entry.name): \(reason)",
            advice: "Ask again later; if it stays so, the domain's name servers or dns.servers are to be looked at."
        )
    }

    /// What is missing is as bad as the record is needed.
    func missing(_ entry: DomainRecords.Entry, _ text: String? = nil) -> Finding {
        let status: Status = entry.need == .required ? .fault : .note
        return self.finding(
            entry,
            status,
            text ?? "there is no such record",
            advice: "\(status == .fault ? "Publish" : "You may publish") \(entry.name) \(entry.type) \(entry.value)"
        )
    }

    func look<Value>(_ ask: () async throws(DNSError) -> Answer<Value>) async -> Look<Value> {
        do throws(DNSError) {
            let answer = try await ask()
            return answer.records.isEmpty ? .nothing : .found(answer.records)
        } catch {
            return error.isTemporary ? .failed(error.description) : .nothing
        }
    }

    func texts(_ name: String) async -> Look<TXTRecord> {
        await self.look { () async throws(DNSError) in try await self.resolver.txt(name) }
    }

    func addresses(_ name: String) async -> Look<IPAddress> {
        await self.look { () async throws(DNSError) in
            try await self.resolver.addresses(name).compactMap { IPAddress(octets: $0.octets) }
        }
    }

    /// Whether a host is this one, by one of its addresses.
    func isHere(_ name: String, _ addresses: Set<IPAddress>) async -> Bool {
        guard case .found(let found) = await self.addresses(name) else { return false }
        return found.contains { addresses.contains($0) || self.own.contains($0) }
    }
}
