/// How much a filter may make us hold. The defaults let any honest filter through.
public struct MilterLimits: Hashable, Sendable {
    /// Of one packet, its response code counted. libmilter sends 65,536 at most; others put a whole body into one.
    public var packetOctets: Int
    /// Changes of one message, of all kinds together.
    public var changes: Int
    /// Of all header fields that one message gets.
    public var headerOctets: Int
    /// Of a new body.
    public var bodyOctets: Int
    /// Of all lists of macros in the negotiation.
    public var symbolListOctets: Int
    /// How often a filter may say that it is still at work before it answers.
    public var progressReports: Int
    /// Lines of a reply to the client.
    public var replyLines: Int

    /// Creates limits.
    public init(
        packetOctets: Int = 1 << 20,
        changes: Int = 4096,
        headerOctets: Int = 1 << 20,
        bodyOctets: Int = 100 << 20,
        symbolListOctets: Int = 16 << 10,
        progressReports: Int = 10_000,
        replyLines: Int = 32
    ) {
        self.packetOctets = packetOctets
        self.changes = changes
        self.headerOctets = headerOctets
        self.bodyOctets = bodyOctets
        self.symbolListOctets = symbolListOctets
        self.progressReports = progressReports
        self.replyLines = replyLines
    }
}
