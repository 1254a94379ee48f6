/// What GSS-API said went wrong: its major and minor status in words.
public struct SecurityContextError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
