package import GatepostModel
internal import MessageAuthentication

/// What an operator may ask about the keys that domains sign with.
package enum DKIMRequest: Codable, Sendable, Hashable {
    /// Makes keys; nil algorithm: one of each. `isActive`: they sign at once, whatever DNS says.
    case add(domain: String, selector: String?, algorithm: DKIMKey.Algorithm?, isActive: Bool)
    case list(domain: String?)
    /// Makes a successor of each key that signs.
    case rotate(domain: String, isActive: Bool)
    /// Lets a key sign without waiting for DNS.
    case activate(domain: String, selector: String)
    /// `force`: also while mail is under way, or no other key signs.
    case retire(domain: String, selector: String, force: Bool)

    /// What the audit trail says; nil for those that only look.
    var action: (name: String, subject: String)? {
        switch self {
        case .list: nil
        case .add(let domain, let selector, _, _): ("dkim add", selector.map { "\(domain) \($0)" } ?? domain)
        case .rotate(let domain, _): ("dkim rotate", domain)
        case .activate(let domain, let selector): ("dkim activate", "\(domain) \(selector)")
        case .retire(let domain, let selector, _): ("dkim retire", "\(domain) \(selector)")
        }
    }
}

/// A key as reports show it: nothing of its private half.
package struct DKIMKeyReport: Codable, Sendable, Hashable {
    package var domain: String
    package var selector: String
    package var algorithm: DKIMKey.Algorithm
    package var state: DKIMKey.State
    /// Where the record stands.
    package var name: String
    /// The record's text in one piece.
    package var record: String
    package var created: String
    /// When DNS was first seen to hold the record.
    package var seen: String?
    package var activated: String?
    package var replaced: String?
    package var retired: String?
    /// Whether the key is of no use any more and may be retired.
    package var mayRetire: Bool
    /// What to know or to do now.
    package var note: String?

    /// - Parameters:
    ///   - name: Where the record stands, in A-labels.
    ///   - sighting: What DNS said last, of a key that waits.
    ///   - oldestQueued: When the oldest message of the queue came.
    package init(
        _ key: DKIMKey,
        name: String,
        sighting: DKIMKeyWatch.Sighting?,
        oldestQueued: Timestamp?,
        now: Timestamp
    ) {
        self.domain = key.domain
        self.selector = key.selector
        self.algorithm = key.algorithm
        self.state = key.state
        self.name = name
        self.record = key.record.description
        self.created = key.created.description
        self.seen = key.seen?.description
        self.activated = key.activated?.description
        self.replaced = key.replaced?.description
        self.retired = key.retired?.description
        self.mayRetire = key.isMailGone(oldestQueued: oldestQueued, now: now) && key.state == .retiring
        switch key.state {
        case .active: self.note = nil
        case .pending:
            let finding: String =
                switch sighting {
                case nil, .absent, .published: "not seen in DNS yet, add this record"
                case .different(let reason): "DNS holds something else (\(reason)), put this record there"
                case .unknown(let reason): "DNS does not answer (\(reason)); the record is"
                }
            self.note = "waiting: \(finding): \(name) TXT \"\(key.record)\""
        case .retiring:
            let until = key.neededUntil.map { " until \($0) at least" } ?? ""
            self.note =
                self.mayRetire
                ? "its mail is gone: gatepost dkim retire \(key.domain) \(key.selector)"
                : "keep its record: mail that it signed may be under way\(until)"
        case .retired: self.note = "its record may be removed from DNS"
        }
    }
}
