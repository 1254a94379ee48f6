internal import DNS
internal import MailSyntax
internal import MessageAuthentication

extension DomainCheck {
    /// SPF of the domain and of the host, judged as a receiver would judge mail from this host's addresses.
    func checkSPF(_ addresses: Set<IPAddress>) async -> [Finding] {
        var findings: [Finding] = []
        for entry in self.entries(.spf) { findings += await self.checkSPF(entry, addresses) }
        return findings
    }

    private func checkSPF(_ entry: DomainRecords.Entry, _ addresses: Set<IPAddress>) async -> [Finding] {
        let all: [TXTRecord]
        switch await self.texts(entry.name) {
        case .failed(let reason): return [self.unknown(entry, reason)]
        case .nothing: return [self.missing(entry, "there is no SPF record")]
        case .found(let records): all = records.filter { Self.isSPF($0.octets) }
        }
        let found = all.map(\.description)
        guard let text = all.first else {
            return [self.missing(entry, "there is text, but none of it is an SPF record")]
        }
        guard all.count == 1 else {
            return [
                self.finding(
                    entry,
                    .fault,
                    "there are \(all.count) SPF records, and with more than one none counts (RFC 7208 §4.5)",
                    advice: "Make one of them: all terms in one record.",
                    found: found
                )
            ]
        }
        let record: SPF.Record
        do throws(SPF.SyntaxError) {
            record = try SPF.Record(parsing: text.octets)
        } catch {
            return [
                self.finding(
                    entry,
                    .fault,
                    "the SPF record cannot be read: \(error)",
                    advice: "Mend that term, or publish \(entry.value)",
                    found: found
                )
            ]
        }
        var findings = await self.judge(entry, record, addresses, found)
        if let looseness = Self.looseness(of: record) {
            findings.append(self.finding(entry, looseness.0, looseness.1, advice: looseness.2, found: found))
        }
        return findings
    }

    private static func isSPF(_ octets: [UInt8]) -> Bool {
        let version = Array("v=spf1".utf8)
        return ASCII.equalIgnoringCase(octets.prefix(6), version) && (octets.count == 6 || octets[6] == ASCII.space)
    }

    /// Whether the record lets too many send for the domain.
    private static func looseness(of record: SPF.Record) -> (Status, String, String)? {
        guard let end = record.directives.first(where: { $0.mechanism == .all }) else {
            guard record.redirect == nil else { return nil }
            return (.note, "the record does not say what holds for all others", "End it with ~all or -all.")
        }
        switch end.qualifier {
        case .pass: return (.warning, "\(end.text) permits the whole internet", "End the record with ~all or -all.")
        case .neutral: return (.note, "\(end.text) says nothing about others", "End the record with ~all or -all.")
        case .softfail, .fail: return nil
        }
    }

    private func judge(
        _ entry: DomainRecords.Entry,
        _ record: SPF.Record,
        _ addresses: Set<IPAddress>,
        _ found: [String]
    ) async -> [Finding] {
        let isHost = entry.name == self.hostname && entry.name != self.domain
        if let relay = self.records.host.relay {
            return [
                self.finding(
                    entry,
                    .good,
                    "there is a record; whether it permits \(relay), by which mail leaves, its operator knows",
                    found: found
                )
            ]
        }
        let outgoing = addresses.union(self.own.filter { Self.isPublic($0) })
        guard !outgoing.isEmpty else {
            return [self.finding(entry, .unknown, "no address of this host is known to judge it by", found: found)]
        }
        var findings: [Finding] = []
        var passed: [String] = []
        for address in outgoing.sorted(by: { $0.description < $1.description }) {
            let request =
                isHost
                ? SPF.Request.helo(entry.name, clientAddress: address, receiver: self.hostname)
                : SPF.Request(
                    identity: .mailFrom,
                    localPart: "postmaster",
                    domain: self.domain,
                    clientAddress: address,
                    helo: self.hostname,
                    receiver: self.hostname
                )
            let verdict = await SPF.check(request, resolver: self.resolver, clock: self.clock)
            switch verdict.result {
            case .pass: passed.append("\(address) by \(verdict.decidingTerm ?? "the record")")
            case .temperror: findings.append(self.unknown(entry, verdict.problem?.description ?? "no answer"))
            case .permerror:
                findings.append(
                    self.finding(
                        entry,
                        .fault,
                        "receivers find the record broken: \(verdict.problem?.description ?? "permerror")",
                        advice: "Until it is mended no mail of the domain passes SPF.",
                        found: found
                    )
                )
            case .none, .neutral, .softfail, .fail:
                // Of an address that DNS does not know it is not sure that mail leaves by it.
                let isKnown = addresses.contains(address)
                findings.append(
                    self.finding(
                        entry,
                        isHost || !isKnown ? .warning : .fault,
                        "mail from \(address), an address of this host, gets \(verdict.result.rawValue)",
                        advice: isHost
                            ? "Add a to the record of \(entry.name)."
                            : isKnown
                                ? "Add mx or a:\(self.hostname) to the record, before its all."
                                : "If mail leaves by it, add ip\(address.family == .v4 ? 4 : 6):\(address) to the record.",
                        found: found
                    )
                )
            }
        }
        if !passed.isEmpty, !findings.contains(where: { $0.status > .warning }) {
            findings.append(self.finding(entry, .good, "permits \(passed.joined(separator: ", "))", found: found))
        }
        return findings
    }
}
