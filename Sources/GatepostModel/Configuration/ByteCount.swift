/// A number of octets, written like `50MiB` in the configuration.
package struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var octets: Int

    package init(octets: Int) {
        self.octets = octets
    }

    package static func mebibytes(_ count: Int) -> ByteCount {
        ByteCount(octets: count * 1_048_576)
    }

    /// Parses a whole number with an optional unit: `B`, `KiB`, `MiB`, `GiB`, or the decimal `kB`, `MB`, `GB`.
    package init?(_ text: String) {
        guard let (number, unit) = Quantity.split(text) else { return nil }
        let scale: Int
        switch unit.lowercased() {
        case "", "b": scale = 1
        case "kib", "k": scale = 1024
        case "mib", "m": scale = 1_048_576
        case "gib", "g": scale = 1_073_741_824
        case "kb": scale = 1000
        case "mb": scale = 1_000_000
        case "gb": scale = 1_000_000_000
        default: return nil
        }
        let (octets, overflow) = number.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        self.init(octets: octets)
    }

    package var description: String {
        for (scale, unit) in [(1_073_741_824, "GiB"), (1_048_576, "MiB"), (1024, "KiB")]
        where self.octets >= scale && self.octets.isMultiple(of: scale) {
            return "\(self.octets / scale)\(unit)"
        }
        return "\(self.octets)"
    }

    package static func < (one: ByteCount, other: ByteCount) -> Bool {
        one.octets < other.octets
    }
}

/// A whole number and the unit behind it.
package enum Quantity {
    /// `nil` where the text does not begin with a digit or the number is too large.
    package static func split(_ text: String) -> (number: Int, unit: String)? {
        let octets = Array(text.utf8)
        let digits = octets.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        let unit = octets[digits.endIndex...].drop { $0 == 0x20 }
        return (number, String(decoding: unit, as: UTF8.self))
    }
}
