/// Why a peer's line or packet is refused: it breaks the protocol's grammar, its order or its limits.
///
/// The text is for the log. It never repeats what the peer sent, which may hold a password.
public struct ProtocolFault: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
