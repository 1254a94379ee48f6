/// A block of addresses in CIDR form, `192.0.2.0/24` (RFC 4632 §3.1).
public struct IPNetwork: Hashable, Sendable {
    /// The first address of the block: all bits after the prefix are zero.
    public let address: IPAddress
    /// How many leading bits are fixed: 0–32 or 0–128.
    public let prefixLength: Int

    /// The block of `prefixLength` bits that holds `address`; bits after the prefix are cleared. Nil when the prefix is
    /// longer than the address.
    public init?(address: IPAddress, prefixLength: Int) {
        guard (0...address.bitWidth).contains(prefixLength) else { return nil }
        self.address = address.masked(to: prefixLength)
        self.prefixLength = prefixLength
    }

    fileprivate init(around address: IPAddress, clamped length: Int) {
        let length = min(max(length, 0), address.bitWidth)
        self.address = address.masked(to: length)
        self.prefixLength = length
    }

    /// Reads `address/prefix`, or a bare address as the block of only itself; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = Array(text.utf8).split(separator: ASCII.slash, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(parsing: first) else { return nil }
        switch parts.count {
        case 1:
            self.init(address: address, prefixLength: address.bitWidth)
        case 2:
            guard (1...3).contains(parts[1].count), parts[1].allSatisfy(ASCII.isDigit) else { return nil }
            self.init(
                address: address,
                prefixLength: parts[1].reduce(0) { $0 * 10 + Int($1 &- ASCII.zero) }
            )
        default:
            return nil
        }
    }

    /// Whether the block holds `address`. An IPv4-mapped IPv6 address counts as the IPv4 address it maps, unless the
    /// block itself is written in IPv6.
    public func contains(_ address: IPAddress) -> Bool {
        let candidate = address.family == self.address.family ? address : address.unmapped
        guard candidate.family == self.address.family else { return false }
        return candidate.masked(to: self.prefixLength) == self.address
    }
}

extension IPNetwork: CustomStringConvertible {
    /// `address/prefix`, always with the prefix.
    public var description: String { "\(self.address)/\(self.prefixLength)" }
}

extension IPAddress {
    /// The block around the address: of `v4` bits for IPv4, also when it is mapped into IPv6, and of `v6` bits for IPv6.
    ///
    /// One customer's line is a `/32` and a `/64`: who has the line has all of the `/64` (RFC 6177 §2).
    public func network(v4: Int = 32, v6: Int = 64) -> IPNetwork {
        let address = self.unmapped
        return IPNetwork(around: address, clamped: address.family == .v4 ? v4 : v6)
    }

    /// The address with all bits after the first `length` cleared.
    func masked(to length: Int) -> IPAddress {
        func mask(_ bits: Int, of width: Int) -> UInt64 {
            let all = width == 64 ? UInt64.max : (1 << UInt64(width)) - 1
            // Swift's smart shift gives zero for a shift by the whole width.
            return bits <= 0 ? 0 : all & (UInt64.max << UInt64(max(0, width - bits)))
        }
        switch self.family {
        case .v4:
            return IPAddress(v4: UInt32(truncatingIfNeeded: self.low & mask(length, of: 32)))
        case .v6:
            return IPAddress(
                v6High: self.high & mask(min(length, 64), of: 64),
                low: self.low & mask(length - 64, of: 64)
            )
        }
    }
}
