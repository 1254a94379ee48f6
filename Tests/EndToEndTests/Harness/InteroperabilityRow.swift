/// What one counterpart did with one mechanism, as `docs/interoperability.md` shows it.
struct InteroperabilityRow: Codable, Sendable, Hashable {
    enum Side: String, Codable, Sendable {
        case server
        case client
    }

    var side: Side
    var counterpart: String
    var version: String
    var mechanism: String
    var right: String
    var wrong: String
    var cancelled: String
    var note: String
}
