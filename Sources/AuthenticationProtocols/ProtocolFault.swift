/// Why a peer's line or packet is refused: it breaks the protocol's grammar or order.
public struct ProtocolFault: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}
