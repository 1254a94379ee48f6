/// What a server says about itself, and the client echoes: a list of attributes (`AV_PAIR`, MS-NLMP §2.2.2.1).
struct NTLMTargetInformation: Hashable, Sendable {
    /// The attribute's kind; an open set.
    struct Attribute: Hashable, Sendable {
        var rawValue: UInt16

        static let end = Self(rawValue: 0)
        static let computerName = Self(rawValue: 1)
        static let domainName = Self(rawValue: 2)
        static let dnsComputerName = Self(rawValue: 3)
        static let dnsDomainName = Self(rawValue: 4)
        static let flags = Self(rawValue: 6)
        static let timestamp = Self(rawValue: 7)
    }

    struct Pair: Hashable, Sendable {
        var attribute: Attribute
        var value: [UInt8]
    }

    /// In ``flags``: the message holds a MIC.
    static let hasIntegrityCode: UInt32 = 0x2

    /// Without the end mark.
    var pairs: [Pair]

    init(_ pairs: [Pair] = []) {
        self.pairs = pairs
    }

    /// Reads up to the end mark; a list that stops without one is taken too, since the octets are all there are.
    ///
    /// - Returns: `nil` where an attribute reaches beyond the octets.
    init?(parsing octets: some Collection<UInt8>) {
        var rest = Array(octets)[...]
        self.init()
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let head = Array(rest.prefix(4))
            let attribute = Attribute(rawValue: UInt16(head[0]) | UInt16(head[1]) << 8)
            let length = Int(head[2]) | Int(head[3]) << 8
            rest = rest.dropFirst(4)
            guard attribute != .end else { return }
            guard length <= rest.count else { return nil }
            self.pairs.append(Pair(attribute: attribute, value: Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
    }

    /// The value of the first attribute of this kind.
    subscript(_ attribute: Attribute) -> [UInt8]? {
        self.pairs.first { $0.attribute == attribute }?.value
    }

    /// The flags; none where they are absent or have another size than 4 octets.
    var flags: UInt32 {
        guard let value = self[.flags], value.count == 4 else { return 0 }
        return value.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The list with its end mark.
    func encode() -> [UInt8] {
        (self.pairs + [Pair(attribute: .end, value: [])]).flatMap { pair in
            let kind = pair.attribute.rawValue
            let length = UInt16(clamping: pair.value.count)
            return [
                UInt8(truncatingIfNeeded: kind), UInt8(truncatingIfNeeded: kind >> 8),
                UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8),
            ] + pair.value
        }
    }
}

/// Time as Windows counts it: in tenths of a microsecond since 1601, eight octets, the low one first (MS-DTYP §2.3.3).
enum FileTime {
    /// Zeros for a time that does not fit.
    static func encode(secondsSince1970: Int64) -> [UInt8] {
        let (seconds, overflow) = secondsSince1970.addingReportingOverflow(11_644_473_600)
        let (ticks, product) = seconds.multipliedReportingOverflow(by: 10_000_000)
        let value = overflow || product || ticks < 0 ? 0 : UInt64(ticks)
        return (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
}
