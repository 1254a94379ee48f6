/// The data of one resource record of a type that mail uses.
public enum Record: Hashable, Sendable {
    /// An IPv4 address.
    case a(DNSAddress)
    /// An IPv6 address.
    case aaaa(DNSAddress)
    /// Another name.
    case cname(DNSName)
    /// A mail exchange.
    case mx(MXRecord)
    /// A name for an address.
    case ptr(DNSName)
    /// Where a service is.
    case srv(SRVRecord)
    /// A certificate association.
    case tlsa(TLSARecord)
    /// Text.
    case txt(TXTRecord)

    /// Its type.
    public var type: RecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .cname: .cname
        case .mx: .mx
        case .ptr: .ptr
        case .srv: .srv
        case .tlsa: .tlsa
        case .txt: .txt
        }
    }

    /// Reads the data of a record as a name server sent it, names not compressed.
    ///
    /// - Returns: nil when the octets do not follow the type's format to the last octet, or the type is not one of these.
    public init?(type: RecordType, data octets: some Collection<UInt8>) {
        var rest = Array(octets)[...]
        switch type {
        case .a:
            guard rest.count == 4, let address = DNSAddress(octets: rest) else { return nil }
            self = .a(address)
        case .aaaa:
            guard rest.count == 16, let address = DNSAddress(octets: rest) else { return nil }
            self = .aaaa(address)
        case .cname, .ptr:
            guard let name = DNSName(consuming: &rest), rest.isEmpty else { return nil }
            self = type == .cname ? .cname(name) : .ptr(name)
        case .mx:
            let preference = rest.prefix(2)
            rest = rest.dropFirst(2)
            guard preference.count == 2, let exchange = DNSName(consuming: &rest), rest.isEmpty else { return nil }
            self = .mx(
                MXRecord(
                    preference: preference.reduce(0) { $0 << 8 | UInt16($1) },
                    exchange: exchange.lowercased.description
                )
            )
        case .srv:
            let fields = Array(rest.prefix(6))
            rest = rest.dropFirst(6)
            guard fields.count == 6, let target = DNSName(consuming: &rest), rest.isEmpty else { return nil }
            func number(_ index: Int) -> UInt16 { UInt16(fields[index]) << 8 | UInt16(fields[index + 1]) }
            self = .srv(
                SRVRecord(
                    priority: number(0),
                    weight: number(2),
                    port: number(4),
                    target: target.lowercased.description
                )
            )
        case .tlsa:
            guard rest.count > 3 else { return nil }
            let fields = Array(rest.prefix(3))
            self = .tlsa(
                TLSARecord(
                    usage: fields[0],
                    selector: fields[1],
                    matchingType: fields[2],
                    data: Array(rest.dropFirst(3))
                )
            )
        case .txt:
            var strings: [[UInt8]] = []
            while let length = rest.popFirst() {
                guard rest.count >= Int(length) else { return nil }
                strings.append(Array(rest.prefix(Int(length))))
                rest = rest.dropFirst(Int(length))
            }
            guard !strings.isEmpty else { return nil }
            self = .txt(TXTRecord(strings: strings))
        default:
            return nil
        }
    }
}

/// A mail exchange of a domain (RFC 1035 §3.3.9, RFC 5321 §5.1).
public struct MXRecord: Hashable, Sendable, CustomStringConvertible {
    /// The lower, the earlier it is tried.
    public var preference: UInt16
    /// The host's name without trailing dot, lower case when it was read; `.` in a null MX.
    public var exchange: String

    /// Creates a record.
    public init(preference: UInt16, exchange: String) {
        self.preference = preference
        self.exchange = exchange
    }

    /// Whether it says that the domain takes no mail at all (RFC 7505 §3); it then stands alone.
    public var isNull: Bool { self.exchange == "." }

    /// Preference and exchange.
    public var description: String { "\(self.preference) \(self.exchange)" }
}

/// Where a service of a domain is (RFC 2782).
public struct SRVRecord: Hashable, Sendable, CustomStringConvertible {
    /// The lower, the earlier it is tried.
    public var priority: UInt16
    /// How large its share is among those of one priority.
    public var weight: UInt16
    /// The port of the service.
    public var port: UInt16
    /// The host's name without trailing dot, lower case when it was read; `.` says that there is no such service.
    public var target: String

    /// Creates a record.
    public init(priority: UInt16, weight: UInt16, port: UInt16, target: String) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }

    /// Whether it says that there is no such service.
    public var isNull: Bool { self.target == "." }

    /// Priority, weight, port and target.
    public var description: String { "\(self.priority) \(self.weight) \(self.port) \(self.target)" }
}

/// Text of a domain: one or more strings of at most 255 octets (RFC 1035 §3.3.14).
public struct TXTRecord: Hashable, Sendable, CustomStringConvertible {
    /// The strings in order.
    public var strings: [[UInt8]]

    /// Creates a record.
    public init(strings: [[UInt8]]) {
        self.strings = strings
    }

    /// The strings joined without anything between, as SPF, DKIM and DMARC read them (RFC 7208 §3.3).
    public var octets: [UInt8] { self.strings.flatMap(\.self) }

    /// The joined strings as text; octets that are no UTF-8 become U+FFFD.
    public var description: String { String(decoding: self.octets, as: UTF8.self) }
}

/// A certificate association (RFC 6698 §2.1). Fields hold any value; unknown ones make a record unusable, not wrong.
public struct TLSARecord: Hashable, Sendable {
    /// Certificate usage: 2 is DANE-TA, 3 is DANE-EE.
    public var usage: UInt8
    /// 0 the whole certificate, 1 its public key.
    public var selector: UInt8
    /// 0 the octets themselves, 1 SHA-256, 2 SHA-512.
    public var matchingType: UInt8
    /// What to compare with.
    public var data: [UInt8]

    /// Creates a record.
    public init(usage: UInt8, selector: UInt8, matchingType: UInt8, data: [UInt8]) {
        self.usage = usage
        self.selector = selector
        self.matchingType = matchingType
        self.data = data
    }
}
