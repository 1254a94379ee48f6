/// Why a resolver could not be started.
public struct UnboundError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for the operator.
    public var description: String
}
