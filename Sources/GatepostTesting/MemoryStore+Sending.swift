package import GatepostModel

extension MemoryStore {
    package func sendingRecord(of account: Int64, since step: Int64) -> SendingRecord {
        var record = self.sending[account] ?? SendingRecord()
        record.account = SendingUsage(steps: record.account.steps.filter { $0.number >= step })
        record.credentials = record.credentials.mapValues { usage in
            SendingUsage(steps: usage.steps.filter { $0.number >= step })
        }
        return record
    }

    package func knownRecipients(_ marks: [Int64], of account: Int64) -> Set<Int64> {
        (self.sentTo[account] ?? []).intersection(marks)
    }

    /// Nothing in memory lives long enough.
    package func expireSending(now: Timestamp) {}

    func keep(_ change: SendingChange) {
        guard self.accounts.values.contains(where: { $0.id == change.account }) else { return }
        var record = self.sending[change.account] ?? SendingRecord()
        if change.amount != SendingAmount() {
            _ = record.account.add(change.amount, now: change.at)
            if let credential = change.credential {
                _ = record.credentials[credential, default: SendingUsage()].add(change.amount, now: change.at)
            }
        }
        if let network = change.network {
            let first = record.networks[network]?.first ?? change.at
            record.networks[network] = SendingRecord.Network(first: first, last: change.at)
        }
        if let rule = change.told { record.told[rule.code] = change.at }
        self.sending[change.account] = record
        self.sentTo[change.account, default: []].formUnion(change.recipients)
    }
}
