internal import DNS
internal import MailSyntax
internal import MessageAuthentication

extension DomainCheck {
    /// The record of one key.
    func checkKey(_ entry: DomainRecords.Entry) async -> [Finding] {
        let wanted: DKIM.KeyRecord
        do throws(DKIM.KeyRecord.Fault) {
            wanted = try DKIM.KeyRecord(parsing: Array(entry.value.utf8))
        } catch {
            return [
                self.finding(
                    entry,
                    .fault,
                    "the key that is kept here makes no record: \(error)",
                    advice: "gatepost dkim rotate \(self.domain) makes another"
                )
            ]
        }
        switch await self.texts(entry.name) {
        case .failed(let reason): return [self.unknown(entry, reason)]
        case .nothing: return [await self.missingKey(entry)]
        case .found(let records): return self.compare(entry, wanted, records)
        }
    }

    /// What is missing is a fault of a key that signs or signed; one that is to sign waits.
    private func missingKey(_ entry: DomainRecords.Entry) async -> Finding {
        // Many forms append the domain to what is typed, which then stands there twice.
        if case .found = await self.texts("\(entry.name).\(self.domain)") {
            return self.finding(
                entry,
                .fault,
                "the record stands at \(entry.name).\(self.domain): the domain was appended twice",
                advice: "In the form of the DNS provider write the name without .\(self.domain)"
            )
        }
        let text: String =
            switch entry.keyState {
            case .pending: "not seen in DNS yet: the key waits and does not sign"
            case .retiring: "the record is gone, and mail that the key signed may be under way"
            default: "the key signs, and nobody can verify what it signs"
            }
        return self.missing(entry, text)
    }

    private func compare(_ entry: DomainRecords.Entry, _ wanted: DKIM.KeyRecord, _ records: [TXTRecord]) -> [Finding] {
        let found = records.map(\.description)
        var problems: [String] = []
        var match: DKIM.KeyRecord?
        for text in records {
            do throws(DKIM.KeyRecord.Fault) {
                let record = try DKIM.KeyRecord(parsing: text.octets)
                if let objection = Self.objection(to: record, wanted) {
                    problems.append(objection)
                } else {
                    match = record
                }
            } catch {
                let isQuoted = text.octets.contains(UInt8(ascii: "\""))
                problems.append(isQuoted ? "quotes are part of the text" : error.description)
            }
        }
        guard let match else {
            return [
                self.finding(
                    entry,
                    .fault,
                    "the record is not that of the key: \(problems.joined(separator: "; "))",
                    advice: "Put there what gatepost domain records \(self.domain) prints.",
                    found: found
                )
            ]
        }
        if records.count > 1 {
            return [
                self.finding(
                    entry,
                    .warning,
                    "there are \(records.count) records at the name, and a verifier may take the wrong one (RFC 6376 §3.6.2.2)",
                    advice: "Leave the one of the key.",
                    found: found
                )
            ]
        }
        if match.isTesting {
            return [
                self.finding(
                    entry,
                    .warning,
                    "t=y says that the domain only tests: its signatures may count for nothing",
                    advice: "Take t=y out.",
                    found: found
                )
            ]
        }
        let state = entry.keyState == .pending ? "; it signs when the server sees it too" : ""
        return [self.finding(entry, .good, "holds the key\(state)", found: found)]
    }

    private static func objection(to record: DKIM.KeyRecord, _ wanted: DKIM.KeyRecord) -> String? {
        if record.isRevoked { return "p= is empty, which revokes the key" }
        if record.keyType != wanted.keyType { return "it is a key of the type \(record.keyType)" }
        if record.publicKey != wanted.publicKey {
            // Pasted text often loses its end.
            return wanted.publicKey.starts(with: record.publicKey)
                ? "p= ends after \(record.publicKey.count) of \(wanted.publicKey.count) octets" : "p= holds another key"
        }
        if !record.allowsMail { return "s= does not allow mail" }
        if !record.allowsSHA256 { return "h= does not allow sha256" }
        return nil
    }

    func checkDMARC() async -> [Finding] {
        guard let entry = self.entries(.dmarc).first else { return [] }
        let records: [TXTRecord]
        switch await self.texts(entry.name) {
        case .failed(let reason): return [self.unknown(entry, reason)]
        case .nothing: records = []
        case .found(let all): records = all
        }
        let readable = records.compactMap { DMARC.Record(parsing: $0.octets) }
        let found = records.map(\.description)
        guard let record = readable.first else { return [await self.inheritedPolicy(entry, found)] }
        guard readable.count == 1 else {
            return [
                self.finding(
                    entry,
                    .fault,
                    "there are \(readable.count) DMARC records, and with more than one none counts (RFC 9989 §4.7)",
                    advice: "Leave one.",
                    found: found
                )
            ]
        }
        return [self.judge(entry, record, found)] + (await self.checkReportAddresses(entry, record, found))
    }

    private func judge(_ entry: DomainRecords.Entry, _ record: DMARC.Record, _ found: [String]) -> Finding {
        guard let policy = record.policy else {
            return self.finding(
                entry,
                record.hasUsableReports ? .warning : .fault,
                "p= is missing or none of none, quarantine and reject",
                advice: "Say p=quarantine, or p=none to have reports only.",
                found: found
            )
        }
        if policy == .none || record.isTesting && policy == .quarantine {
            return self.finding(
                entry,
                .note,
                "asks others for nothing (\(record.isTesting ? "t=y with " : "")p=\(policy.rawValue))",
                advice: "When the reports show that all mail passes, say p=quarantine or p=reject.",
                found: found
            )
        }
        let close = [("adkim", record.dkimAlignment), ("aspf", record.spfAlignment)].filter { $0.1 == .strict }
        let strict = close.isEmpty ? "" : ", \(close.map { "\($0.0)=s" }.joined(separator: " "))"
        let reports = record.hasUsableReports ? "" : "; nobody gets reports, since there is no rua="
        return self.finding(
            entry,
            record.hasUsableReports ? .good : .note,
            "asks others to \(policy.rawValue) what proves nothing\(strict)\(reports)",
            advice: record.hasUsableReports ? nil : "Add rua=mailto:… to hear what others see.",
            found: found
        )
    }

    /// A domain without a record has that of the domain above it (RFC 9989 §4.10).
    private func inheritedPolicy(_ entry: DomainRecords.Entry, _ found: [String]) async -> Finding {
        let verdict = await DMARC.discover(self.domain, resolver: self.resolver, clock: self.clock)
        if let above = verdict.policyDomain, let policy = verdict.policy, above != self.domain {
            return self.finding(
                entry,
                policy == .none ? .note : .good,
                "there is no record of its own; that of \(above) holds and asks to \(policy.rawValue)",
                found: found
            )
        }
        guard found.isEmpty else {
            return self.finding(
                entry,
                .fault,
                "the text there is no DMARC record: it must begin with v=DMARC1",
                advice: "Publish \(entry.value)",
                found: found
            )
        }
        return self.missing(entry, "there is no DMARC record: anybody may write in the domain's name")
    }

    /// Whoever gets reports about other domains must agree (RFC 9990 §4).
    private func checkReportAddresses(
        _ entry: DomainRecords.Entry,
        _ record: DMARC.Record,
        _ found: [String]
    ) async -> [Finding] {
        var findings: [Finding] = []
        for case .name(let name)? in record.aggregateReports.prefix(10).map(\.mailbox?.domain) {
            let other = ASCII.lowercased(name)
            let isRelated =
                other == self.domain || other.hasSuffix(".\(self.domain)") || self.domain.hasSuffix(".\(other)")
            guard !isRelated else { continue }
            let consent = "\(self.domain)._report._dmarc.\(other)"
            if case .nothing = await self.texts(consent) {
                findings.append(
                    self.finding(
                        entry,
                        .warning,
                        "reports are to go to \(other), which does not say that it takes them",
                        advice: "\(other) has to publish \(consent) TXT v=DMARC1",
                        found: found
                    )
                )
            }
        }
        return findings
    }
}
