/// What a check of the whole trail found.
package struct AuditVerification: Hashable, Sendable {
    /// Records that are there, with or without content.
    package var records = 0
    /// Of them: personal fields were erased.
    package var erased = 0
    /// Of them: only the hash is left, because their time was up.
    package var expired = 0
    /// The first record that is there; those before were dropped because their time was up.
    package var first: Int64 = 0
    /// The last good signed head; nil for an empty trail.
    package var head: AuditHead?
    /// The first thing that does not fit; nil when all is well.
    package var fault: AuditFault?

    package init() {}
}

/// The first thing in the trail that does not fit.
package enum AuditFault: Hashable, Sendable, CustomStringConvertible {
    /// The record's content is not what was written.
    case changed(Int64)
    /// The record is not there.
    case missing(Int64)
    /// The record's place holds another one, which is found there or stood there.
    case reordered(Int64, with: Int64)
    /// A record that was written by nobody with the key.
    case added(Int64)
    /// The personal fields or the content of a record are gone, and no command took them away.
    case emptied(Int64)
    /// Up to this record all fits, but a signed head says that there was more.
    case truncated(after: Int64, expected: Int64)
    /// Records were changed behind the first number and at the latest at the second, and all hashes computed anew.
    case rewritten(after: Int64, upTo: Int64)
    /// A head's signature is not of this key.
    case forgedHead(Int64)
    /// The record at this number is not the one whose head was noted elsewhere.
    case unexpected(Int64)

    package var description: String {
        switch self {
        case .changed(let record): "record \(record) was changed"
        case .missing(let record): "record \(record) is missing"
        case .reordered(let record, let other): "records were reordered: \(other) holds what was record \(record)"
        case .added(let record): "record \(record) is covered by no signed head: it was added, or signed heads are gone"
        case .emptied(let record): "record \(record) lost its content or personal fields, and no command took them"
        case .truncated(let last, let expected):
            "the trail was cut off: it ends at record \(last), and a signed head says that it reached \(expected)"
        case .rewritten(let after, let upTo):
            "records between \(after) and \(upTo) were changed and their hashes computed anew"
        case .forgedHead(let record): "the signature of the head at record \(record) is not of this server's key"
        case .unexpected(let record): "record \(record) is not the one that was noted elsewhere"
        }
    }

    /// The record that it names.
    package var record: Int64 {
        switch self {
        case .changed(let record), .missing(let record), .reordered(let record, _), .added(let record),
            .emptied(let record), .forgedHead(let record), .unexpected(let record):
            record
        case .truncated(let after, _): after
        case .rewritten(let after, _): after
        }
    }
}
