/// How much reading one report may cost. Whoever knows the address may send a report, so that none of it is trusted.
public struct ReportLimits: Hashable, Sendable {
    /// The most octets of a mail message that is looked into.
    public var maximumMessageOctets = 32 << 20
    /// The most parts of a message, those of all levels together.
    public var maximumParts = 64
    /// How deep parts may lie in one another.
    public var maximumPartDepth = 6
    /// The most octets that a compressed report may unfold to.
    public var maximumOctets = 32 << 20
    /// How many times larger than its compressed form a report may be. Reports repeat themselves: a factor of 30 is usual.
    public var maximumRatio = 250
    /// Up to this many octets the factor does not count.
    public var ratioFreeOctets = 1 << 20
    /// The most files of an archive that are looked at.
    public var maximumArchiveEntries = 16
    /// The most XML elements or JSON values of a report.
    public var maximumElements = 1_000_000
    /// The most elements of one record.
    public var maximumRecordElements = 2_000
    /// How deep elements or values may lie in one another.
    public var maximumDepth = 16
    /// The most records of an aggregate report, and failures of a TLS report.
    public var maximumRecords = 50_000
    /// Text is kept up to this many octets; the rest of it is dropped.
    public var maximumTextOctets = 1_024

    /// The usual limits.
    public init() {}
}
