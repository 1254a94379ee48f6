internal import DNS
internal import MailSyntax
internal import MessageAuthentication

extension DomainCheck {
    func checkMTASTS() async -> [Finding] {
        let entries = self.entries(.mtaSTS)
        guard let entry = entries.first(where: { $0.type == "TXT" }),
            let web = entries.first(where: { $0.type != "TXT" })
        else { return [] }
        let records: [TXTRecord]
        switch await self.texts(entry.name) {
        case .failed(let reason): return [self.unknown(entry, reason)]
        case .nothing: return [self.missing(entry, "there is no policy that mail must come with TLS")]
        case .found(let all): records = all.filter { $0.octets.starts(with: "v=STSv1".utf8) }
        }
        let found = records.map(\.description)
        guard let text = records.first, records.count == 1 else {
            return [
                self.finding(
                    entry,
                    .warning,
                    records.isEmpty
                        ? "the text there is no record of MTA-STS"
                        : "there are \(records.count) records, and with more than one none counts (RFC 8461 §3.1)",
                    advice: "Leave one: \(entry.value)",
                    found: found
                )
            ]
        }
        guard let id = (try? TagList(parsing: text.octets))?["id"]?.value, (1...32).contains(id.count),
            id.allSatisfy(ASCII.isLetterOrDigit)
        else {
            return [
                self.finding(
                    entry,
                    .warning,
                    "id= is missing or not 1 to 32 letters and digits",
                    advice: "Publish \(entry.value)",
                    found: found
                )
            ]
        }
        switch await self.addresses(web.name) {
        case .failed(let reason): return [self.unknown(web, reason)]
        case .nothing:
            return [
                self.finding(
                    web,
                    .warning,
                    "\(entry.name) announces a policy, and \(web.name), where others look for it, does not exist",
                    advice: "Publish \(web.name) CNAME \(web.value) and the file, or remove \(entry.name)."
                )
            ]
        case .found: return [await self.checkPolicy(entry, found)]
        }
    }

    private func checkPolicy(_ entry: DomainRecords.Entry, _ found: [String]) async -> Finding {
        guard let fetch else { return self.finding(entry, .good, "announces a policy", found: found) }
        let url = self.records.policyURL
        switch await fetch(url) {
        case .failed(let reason):
            return self.finding(
                entry,
                .warning,
                "\(url) cannot be fetched: \(reason)",
                advice:
                    "Put the file there that gatepost domain records \(self.domain) shows, or remove \(entry.name).",
                found: found
            )
        case .text(let text):
            guard let policy = MTASTSPolicy(parsing: text) else {
                return self.finding(
                    entry,
                    .warning,
                    "\(url) is no policy of MTA-STS",
                    advice: "It must hold version, mode, max_age and mx lines (RFC 8461 §3.2).",
                    found: found
                )
            }
            guard policy.mode == .none || policy.allows(self.hostname) else {
                return self.finding(
                    entry,
                    policy.mode == .enforce ? .fault : .warning,
                    "the policy does not name \(self.hostname)\(policy.mode == .enforce ? ": others refuse to send here" : "")",
                    advice: "Add the line mx: \(self.hostname) to it, and change id= in \(entry.name).",
                    found: found
                )
            }
            return self.finding(entry, .good, "the policy is to \(policy.mode.rawValue)", found: found)
        }
    }

    func checkTLSReports() async -> [Finding] {
        guard let entry = self.entries(.tlsReports).first else { return [] }
        switch await self.texts(entry.name) {
        case .failed(let reason): return [self.unknown(entry, reason)]
        case .nothing: return [self.missing(entry, "nobody reports trouble with TLS")]
        case .found(let all):
            let records = all.filter { $0.octets.starts(with: "v=TLSRPTv1".utf8) }
            let found = all.map(\.description)
            guard let record = records.first, records.count == 1 else {
                return [
                    self.finding(
                        entry,
                        .warning,
                        "there must be one record that begins with v=TLSRPTv1, and there are \(records.count)",
                        advice: "Leave one: \(entry.value)",
                        found: found
                    )
                ]
            }
            let places = (try? TagList(parsing: record.octets))?["rua"]?.text ?? ""
            let isUsable = places.split(separator: ",").contains {
                $0.trimmingPrefix(while: { $0 == " " }).hasPrefix("mailto:") || $0.contains("https:")
            }
            return [
                isUsable
                    ? self.finding(entry, .good, "reports go to \(places)", found: found)
                    : self.finding(
                        entry,
                        .warning,
                        "rua= names no mailto: or https: address",
                        advice: "Publish \(entry.value)",
                        found: found
                    )
            ]
        }
    }

    /// What mail programs look for.
    func checkServices(_ addresses: Set<IPAddress>) async -> [Finding] {
        var findings: [Finding] = []
        for entry in self.entries(.submission) { findings.append(await self.checkService(entry, addresses)) }
        for entry in self.entries(.settings) {
            switch await self.addresses(entry.name) {
            case .failed(let reason): findings.append(self.unknown(entry, reason))
            case .nothing: findings.append(self.missing(entry))
            case .found: findings.append(self.finding(entry, .good, "exists"))
            }
        }
        return findings
    }

    private func checkService(_ entry: DomainRecords.Entry, _ addresses: Set<IPAddress>) async -> Finding {
        let port = entry.value.split(separator: " ").dropFirst(2).first.flatMap { UInt16($0) }
        switch await self.look({ () async throws(DNSError) in try await self.resolver.srv(entry.name) }) {
        case .failed(let reason): return self.unknown(entry, reason)
        case .nothing: return self.missing(entry)
        case .found(let records):
            let found = records.map(\.description)
            let advice = "Publish \(entry.name) SRV \(entry.value)"
            if records.contains(where: \.isNull) {
                return self.finding(
                    entry,
                    .warning,
                    "says that there is no such service",
                    advice: advice,
                    found: found
                )
            }
            var ports: [UInt16] = []
            for record in records.prefix(20) {
                var isHere = record.target == self.hostname
                if !isHere { isHere = await self.isHere(record.target, addresses) }
                if isHere { ports.append(record.port) }
            }
            if let port, ports.contains(port) { return self.finding(entry, .good, "names this host", found: found) }
            return self.finding(
                entry,
                .warning,
                ports.isEmpty ? "names other hosts" : "names this host with another port",
                advice: advice,
                found: found
            )
        }
    }
}
