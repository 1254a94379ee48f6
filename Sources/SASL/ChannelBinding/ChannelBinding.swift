/// The registered name of a channel binding type (RFC 5056 §7), such as `tls-exporter`.
public struct ChannelBindingType: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// Letters, digits, dots and hyphens (RFC 5802 §7, `cb-name`); nil for anything else.
    public init?(_ octets: some Collection<UInt8>) {
        guard (1...64).contains(octets.count),
            octets.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d
                    || $0 == 0x2e
            })
        else { return nil }
        self.description = String(decoding: octets, as: UTF8.self)
    }

    private init(known name: String) {
        self.description = name
    }

    /// From the TLS exporter, for TLS 1.3 (RFC 9266).
    public static let tlsExporter = ChannelBindingType(known: "tls-exporter")
    /// The hash of the server's certificate (RFC 5929 §4).
    public static let tlsServerEndPoint = ChannelBindingType(known: "tls-server-end-point")
}

/// What the connection below an exchange can be bound to.
public struct ChannelBindings: Hashable, Sendable {
    /// The binding's data by its type.
    public var data: [ChannelBindingType: [UInt8]]

    public init(_ data: [ChannelBindingType: [UInt8]] = [:]) {
        self.data = data
    }

    /// No binding: the -PLUS mechanisms cannot be used.
    public static let none = ChannelBindings()

    public var isEmpty: Bool { self.data.isEmpty }

    /// The one that a client uses: the exporter where there is one, since it names this very connection.
    public var preferred: (type: ChannelBindingType, data: [UInt8])? {
        for type in [ChannelBindingType.tlsExporter, .tlsServerEndPoint] {
            if let data = self.data[type] { return (type, data) }
        }
        return nil
    }
}
