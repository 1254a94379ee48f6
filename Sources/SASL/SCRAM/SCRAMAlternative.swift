/// Another password of the identity, of the same salt and iterations as the ``SCRAMCredential`` that carries it.
///
/// The client says who it is, not which of its passwords it holds. Since it derives its proof from the salt that it is sent, a server whose
/// passwords share one salt finds out by trying the keys of each; no client has to know that there are several.
public struct SCRAMAlternative: Hashable, Sendable {
    /// What the caller knows the password by. Comes back as ``AuthenticatedIdentity/alternative`` or ``ServerFailure/alternative``.
    public var label: Int64
    /// ``SCRAMHash/outputOctets`` long.
    public var storedKey: [UInt8]
    /// ``SCRAMHash/outputOctets`` long.
    public var serverKey: [UInt8]
    /// `false`: its proof fails the exchange as a wrong password does, and only the failure, which no client sees, names it.
    public var isAccepted: Bool

    public init(label: Int64, storedKey: [UInt8], serverKey: [UInt8], isAccepted: Bool = true) {
        self.label = label
        self.storedKey = storedKey
        self.serverKey = serverKey
        self.isAccepted = isAccepted
    }
}

extension SCRAMAlternative: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "alternative \(self.label)" }
    public var debugDescription: String { self.description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
