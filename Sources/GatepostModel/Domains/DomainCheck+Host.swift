internal import DNS
package import MailSyntax

extension DomainCheck {
    /// The host itself: has it addresses, and do they name it?
    ///
    /// - Returns: Its addresses too.
    func checkHost() async -> (findings: [Finding], addresses: Set<IPAddress>) {
        func finding(_ status: Status, _ type: String, _ text: String, _ advice: String? = nil) -> Finding {
            Finding(
                purpose: .host,
                status: status,
                name: self.hostname,
                type: type,
                text: text,
                advice: advice,
                wanted: nil,
                found: []
            )
        }
        switch await self.addresses(self.hostname) {
        case .failed(let reason): return ([finding(.unknown, "A", "DNS does not answer: \(reason)")], [])
        case .nothing:
            let own = self.own.map(\.description).sorted()
            let known = own.isEmpty ? "" : " (this host has \(own.joined(separator: ", ")))"
            return (
                [
                    finding(
                        .fault,
                        "A",
                        "\(self.hostname) has no address: nobody can reach it",
                        "Publish A and AAAA records of \(self.hostname) with its public addresses\(known)."
                    )
                ], []
            )
        case .found(let found):
            let text = found.map(\.description).joined(separator: ", ")
            let unreachable = found.filter { !Self.isPublic($0) }
            guard unreachable.isEmpty else {
                let list = unreachable.map(\.description).joined(separator: ", ")
                return (
                    [finding(.warning, "A", "others cannot reach \(list)", "Publish public addresses only.")],
                    Set(found)
                )
            }
            var findings = [finding(.good, "A", "has \(text)")]
            // By a smarthost nobody sees the addresses.
            if self.records.host.relay == nil {
                for address in found { findings.append(await self.checkReverseName(address, finding)) }
            }
            return (findings, Set(found))
        }
    }

    private func checkReverseName(
        _ address: IPAddress,
        _ finding: (Status, String, String, String?) -> Finding
    ) async -> Finding {
        guard let asked = DNSAddress(octets: address.octets) else { return finding(.good, "PTR", "", nil) }
        let advice =
            "Ask whoever runs the network to set the reverse name of \(address) to \(self.hostname): many servers refuse mail from "
            + "hosts without."
        switch await self.look({ () async throws(DNSError) in try await self.resolver.ptr(asked) }) {
        case .failed(let reason): return finding(.unknown, "PTR", "DNS does not answer for \(address): \(reason)", nil)
        case .nothing: return finding(.warning, "PTR", "\(address) has no reverse name", advice)
        case .found(let names):
            if names.contains(self.hostname) { return finding(.good, "PTR", "\(address) names the host", nil) }
            return finding(.warning, "PTR", "\(address) is named \(names.prefix(3).joined(separator: ", "))", advice)
        }
    }

    private static let notPublic = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::/127", "fc00::/7", "fe80::/10",
    ].compactMap { IPNetwork($0) }

    /// Whether others may reach an address.
    package static func isPublic(_ address: IPAddress) -> Bool {
        !Self.notPublic.contains { $0.contains(address.unmapped) }
    }

    func checkMX(_ addresses: Set<IPAddress>) async -> [Finding] {
        guard let entry = self.entries(.mx).first else { return [] }
        let advice = "Publish \(entry.name) MX \(entry.value)"
        switch await self.look({ () async throws(DNSError) in try await self.resolver.mx(self.domain) }) {
        case .failed(let reason): return [self.unknown(entry, reason)]
        case .nothing:
            // Without MX the domain's own address is tried (RFC 5321 §5.1).
            if await self.isHere(self.domain, addresses) {
                return [
                    self.finding(
                        entry,
                        .note,
                        "there is no MX, but the domain's own address is this host's",
                        advice: "\(advice), so that mail does not hang on an address."
                    )
                ]
            }
            return [self.missing(entry)]
        case .found(let records):
            let found = records.map(\.description)
            if records.contains(where: \.isNull) {
                return [
                    self.finding(
                        entry,
                        .fault,
                        "a null MX says that the domain takes no mail at all (RFC 7505)",
                        advice: "\(advice) in its place.",
                        found: found
                    )
                ]
            }
            return await self.compare(entry, records, addresses, advice: advice, found: found)
        }
    }

    private func compare(
        _ entry: DomainRecords.Entry,
        _ records: [MXRecord],
        _ addresses: Set<IPAddress>,
        advice: String,
        found: [String]
    ) async -> [Finding] {
        var findings: [Finding] = []
        var here: [MXRecord] = []
        for record in records.sorted(by: { $0.preference < $1.preference }).prefix(20) {
            var isHere = record.exchange == self.hostname
            if !isHere { isHere = await self.isHere(record.exchange, addresses) }
            if isHere { here.append(record) }
            if case .found = await self.look({ () async throws(DNSError) in
                try await self.resolver.cname(record.exchange)
            }) {
                findings.append(
                    self.finding(
                        entry,
                        .warning,
                        "\(record.exchange) is an alias, which an MX must not name (RFC 2181 §10.3)",
                        advice: "Name the host itself.",
                        found: found
                    )
                )
            }
        }
        guard let first = here.first else {
            let names = records.map(\.exchange).joined(separator: ", ")
            return findings + [
                self.finding(
                    entry,
                    .fault,
                    "mail goes to \(names), and none of these is this host",
                    advice: "\(advice), or remove the domain here if it is to be elsewhere.",
                    found: found
                )
            ]
        }
        let others = records.filter { !here.contains($0) }
        let name = first.exchange == self.hostname ? "" : ", by another name of this host"
        if let better = others.filter({ $0.preference < first.preference }).first {
            findings.append(
                self.finding(
                    entry,
                    .note,
                    "mail goes to \(better.exchange) first and here only when that does not answer",
                    advice: "If that is not meant, give \(first.exchange) the lowest preference.",
                    found: found
                )
            )
        } else {
            let more = others.isEmpty ? "" : "; also to \(others.map(\.exchange).joined(separator: ", "))"
            findings.append(self.finding(entry, .good, "mail goes to \(first.exchange)\(name)\(more)", found: found))
        }
        return findings
    }
}
