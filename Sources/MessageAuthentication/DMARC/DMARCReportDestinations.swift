public import DNS
public import MailSyntax

extension DMARC {
    /// Where an aggregate report may go.
    public struct ReportDestination: Hashable, Sendable {
        /// The address.
        public var mailbox: Mailbox
        /// The most octets that the message may have; nil without a limit.
        public var maximumOctets: Int?
    }

    /// What became of the addresses in `rua`.
    public struct ReportDestinations: Hashable, Sendable {
        /// Those that want the reports, each once.
        public var addresses: [ReportDestination] = []
        /// Those that reports must not go to, with the reason.
        public var refused: [String: String] = [:]
        /// Whether DNS did not answer for one of them, so that asking again later may find more.
        public var isIncomplete = false
    }

    /// The most addresses that are looked at: a record must not make us write to the world.
    private static let maximumDestinations = 10

    /// Finds out who wants the reports that a record asks for.
    ///
    /// An address outside of the organization must have agreed, by a record at `DOMAIN._report._dmarc.ITS-DOMAIN`
    /// (RFC 9990, verifying external destinations; RFC 7489 §7.1): or a stranger could have reports sent to a victim.
    ///
    /// - Parameters:
    ///   - record: The record.
    ///   - domain: Where it stands.
    public static func reportDestinations(
        of record: Record,
        at domain: String,
        resolver: any Resolver,
        clock: some Clock<Duration>,
        limits: Limits = Limits()
    ) async -> ReportDestinations {
        let resolver = resolver.limited(to: limits.time, clock: clock)
        var evaluation = Evaluation(resolver: resolver, limits: limits)
        var destinations = ReportDestinations()
        guard let policyDomain = Evaluation.name(domain) else { return destinations }
        for address in record.aggregateReports.prefix(self.maximumDestinations) {
            guard let mailbox = address.mailbox, case .name(let host) = mailbox.domain,
                let destination = Evaluation.name(host)
            else {
                destinations.refused[address.uri] = "is no mail address"
                continue
            }
            do throws(Evaluation.Failure) {
                let wanted = try await evaluation.consent(of: destination, to: policyDomain, address)
                if wanted.isEmpty { destinations.refused[address.uri] = "\(host) has not agreed to get the reports" }
                for address in wanted {
                    guard let mailbox = address.mailbox,
                        !destinations.addresses.contains(where: { $0.mailbox == mailbox })
                    else { continue }
                    destinations.addresses.append(.init(mailbox: mailbox, maximumOctets: address.maximumOctets))
                }
            } catch {
                destinations.refused[address.uri] = "\(error.name): \(error.error)"
                destinations.isIncomplete = true
            }
        }
        return destinations
    }
}

extension DMARC.Evaluation {
    /// The addresses that reports may go to instead of `address`: itself, those that its domain names, or none.
    fileprivate mutating func consent(
        of destination: DNSName,
        to policyDomain: DNSName,
        _ address: DMARC.Record.ReportAddress
    ) async throws(Failure) -> [DMARC.Record.ReportAddress] {
        if destination == policyDomain { return [address] }
        let organization = try await self.organizationalDomain(of: policyDomain)
        if try await self.organizationalDomain(of: destination) == organization { return [address] }
        guard let place = policyDomain.appending(destination, below: ["_report", "_dmarc"]) else { return [] }
        var records: [DMARC.Record] = []
        do throws(DNSError) {
            records = try await self.resolver.records(.txt, at: place).records.compactMap { record in
                guard case .txt(let text) = record, text.octets.count <= self.limits.maximumRecordOctets else {
                    return nil
                }
                return DMARC.Record(parsing: text.octets)
            }
        } catch {
            guard !error.isTemporary else { throw Failure(name: place.description, error: error) }
        }
        guard !records.isEmpty else { return [] }
        let named = records.flatMap(\.aggregateReports)
        guard !named.isEmpty else { return [address] }
        // The override may name another address, but at no other host, or the consent could be passed on for ever.
        let isHonest = named.allSatisfy { name in
            if case .name(let host) = name.mailbox?.domain { return Self.name(host) == destination }
            return false
        }
        return isHonest ? Array(named.prefix(10)) : []
    }
}

extension DNSName {
    /// `self.LABELS.suffix`; nil when that is too long.
    fileprivate func appending(_ suffix: DNSName, below labels: [String]) -> DNSName? {
        DNSName(labels: labels.map { Array($0.utf8) })?.appending(suffix).flatMap { self.appending($0) }
    }
}
