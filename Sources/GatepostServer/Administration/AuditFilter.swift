internal import GatepostModel
internal import MailSyntax

/// Which records of the audit trail a verb is about; all of them when nothing is set.
package struct AuditFilter: Codable, Sendable, Hashable {
    package var account: String?
    /// An address or a network.
    package var address: String?
    package var reason: String?
    /// Only logins that succeeded.
    package var isSuccess = false
    /// ``AuditReport/kind``.
    package var kind: String?
    /// Milliseconds since 1970.
    package var since: Int64?
    /// Exclusive.
    package var until: Int64?

    package init() {}
}

extension AuditFilter {
    /// Whether a record is one of those meant; ``account`` is canonical.
    func matches(_ record: AuditReport) -> Bool {
        if let account = self.account, record.account != account { return false }
        if let reason = self.reason, record.reason != reason { return false }
        if let kind = self.kind, record.kind != kind { return false }
        if self.isSuccess, record.kind != "authentication" || record.reason != nil { return false }
        if let address = self.address {
            guard let network = IPNetwork(address), let place = record.address ?? record.network?.address,
                let own = IPAddress(place), network.contains(own)
            else { return false }
        }
        guard self.since != nil || self.until != nil else { return true }
        guard let time = Timestamp(record.time)?.milliseconds else { return false }
        return time >= self.since ?? .min && time < self.until ?? .max
    }
}

extension String {
    /// The address of a network's text.
    fileprivate var address: String? { self.split(separator: "/").first.map { String($0) } }
}

/// Where a page of records, newest first, ended.
package struct AuditCursor: Codable, Sendable, Hashable {
    package var milliseconds: Int64
    package var sequence: Int64

    package init(milliseconds: Int64, sequence: Int64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }
}
