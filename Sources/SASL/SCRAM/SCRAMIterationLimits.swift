/// What iteration counts a SCRAM client goes along with.
///
/// A count below the floor makes a stolen exchange cheap to search; one above the cap lets a server burn the client's
/// processor time (RFC 5802 §9).
public struct SCRAMIterationLimits: Hashable, Sendable {
    /// Counts below are refused.
    public var minimum: Int
    /// Counts above are refused.
    public var maximum: Int

    public init(minimum: Int, maximum: Int) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// 4,096 (RFC 7677 §4) to 600,000, which takes some tenths of a second.
    public static let standard = SCRAMIterationLimits(minimum: 4_096, maximum: 600_000)
}
