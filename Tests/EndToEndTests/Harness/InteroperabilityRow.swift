/// What one counterpart did with one mechanism: a cell of the table in `docs/interoperability.md`.
struct InteroperabilityRow: Codable, Sendable, Hashable {
    /// Which side of the exchange Gatepost was.
    enum Side: String, Codable, Sendable {
        case server, client
    }

    var side: Side
    /// The other program, by the name that people call it.
    var counterpart: String
    var version: String
    var mechanism: String
    /// With the right secret: ``works``, ``fails`` or ``nothing``.
    var right: String
    /// With a wrong secret: ``works`` when it was refused as it must be.
    var wrong: String
    /// An exchange that was cancelled: ``works`` when that got its reply and the session went on; ``nothing`` where an exchange has no
    /// step at which to cancel.
    var cancelled: String
    /// A habit of the counterpart's, in a sentence; else empty.
    var note: String
}

extension InteroperabilityRow {
    /// It went as it must.
    static let works = "yes"
    /// It did not.
    static let fails = "no"
    /// There is no such case.
    static let nothing = ""

    static func mark(_ isRight: Bool) -> String { isRight ? works : fails }
}
