/// Durations as people write them: `10s`, `5m`, `4h`, `5d`, `250ms`, `1h30m`.
package enum DurationText {
    /// `nil` where a unit is missing or unknown, or the sum is too large.
    package static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        let octets = Array(text.utf8)
        guard !octets.isEmpty, octets.count <= 40 else { return nil }
        var milliseconds = 0
        var index = 0
        while index < octets.count {
            let digits = octets[index...].prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
            index = digits.endIndex
            let unit = octets[index...].prefix { !(0x30...0x39).contains($0) }
            index = unit.endIndex
            guard let scale = DurationText.scale(of: String(decoding: unit, as: UTF8.self)) else { return nil }
            let (part, tooLarge) = number.multipliedReportingOverflow(by: scale)
            let (sum, overflow) = milliseconds.addingReportingOverflow(part)
            guard !tooLarge, !overflow else { return nil }
            milliseconds = sum
        }
        // A century: more is a slip, and later arithmetic on it could overflow.
        guard milliseconds <= 100 * 366 * 86_400_000 else { return nil }
        return .milliseconds(milliseconds)
    }

    /// The shortest such text.
    package static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        for (scale, unit) in [(Int64(86_400_000), "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")]
        where milliseconds >= scale && milliseconds.isMultiple(of: scale) {
            return "\(milliseconds / scale)\(unit)"
        }
        return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
    }

    private static func scale(of unit: String) -> Int? {
        switch unit {
        case "ms": 1
        case "s": 1000
        case "m", "min": 60_000
        case "h": 3_600_000
        case "d": 86_400_000
        case "w": 7 * 86_400_000
        case "y": 365 * 86_400_000
        default: nil
        }
    }
}
