/// The type of a resource record (RFC 1035 §3.2.2). Any registered value may be asked for; those named here are typed in
/// ``Record``.
public struct RecordType: Hashable, Sendable, RawRepresentable {
    /// The registered number.
    public let rawValue: UInt16

    /// The type of a registered number.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// An IPv4 address (RFC 1035 §3.4.1).
    public static let a = RecordType(rawValue: 1)
    /// Another name for a name (RFC 1035 §3.3.1).
    public static let cname = RecordType(rawValue: 5)
    /// A name for an address (RFC 1035 §3.3.12).
    public static let ptr = RecordType(rawValue: 12)
    /// A mail exchange (RFC 1035 §3.3.9).
    public static let mx = RecordType(rawValue: 15)
    /// Text (RFC 1035 §3.3.14).
    public static let txt = RecordType(rawValue: 16)
    /// An IPv6 address (RFC 3596 §2.1).
    public static let aaaa = RecordType(rawValue: 28)
    /// Where a service is (RFC 2782).
    public static let srv = RecordType(rawValue: 33)
    /// A certificate association (RFC 6698 §2).
    public static let tlsa = RecordType(rawValue: 52)

    static let named: [(name: String, type: RecordType)] = [
        ("A", .a), ("CNAME", .cname), ("PTR", .ptr), ("MX", .mx), ("TXT", .txt), ("AAAA", .aaaa), ("SRV", .srv),
        ("TLSA", .tlsa),
    ]
}

extension RecordType: CustomStringConvertible {
    /// The mnemonic, or `TYPE123` (RFC 3597 §5).
    public var description: String {
        Self.named.first { $0.type == self }?.name ?? "TYPE\(self.rawValue)"
    }
}
