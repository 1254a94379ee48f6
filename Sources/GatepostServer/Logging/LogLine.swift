package import Logging

/// What the two formats have in common: fixed order of fields, and text that can neither end a line nor drive a terminal.
enum LogLine {
    /// Names that come first, in this order: those of the line about a login, which scripts read.
    private static let order: [String: Int] = Dictionary(
        uniqueKeysWithValues: [
            "result", "reason", "account", "mech", "ip", "listener", "tls", "helo", "secret", "repeat", "ref",
        ].enumerated().map { ($0.element, $0.offset) }
    )

    private static func isBefore(_ first: String, _ second: String) -> Bool {
        let (left, right) = (Self.order[first] ?? .max, Self.order[second] ?? .max)
        return left == right ? first < second : left < right
    }

    /// Metadata of the handler, its provider and the call, the later ones winning: those of a login first, the others by name.
    static func fields(_ layers: [Logger.Metadata?]) -> [(name: String, value: Logger.MetadataValue)] {
        var merged: Logger.Metadata = [:]
        for layer in layers {
            if let layer { merged.merge(layer) { _, later in later } }
        }
        return merged.sorted { Self.isBefore($0.key, $1.key) }.map { ($0.key, $0.value) }
    }

    /// Appends text with C0, DEL and C1 controls, line separators and the two special characters escaped as in JSON.
    ///
    /// A peer's words go into the log; they must not forge a second event there (CWE-117).
    static func appendEscaped(_ text: String, to line: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: line += "\\\""
            case 0x5C: line += "\\\\"
            case 0x0A: line += "\\n"
            case 0x0D: line += "\\r"
            case 0x09: line += "\\t"
            case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069:
                let digits = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: line.unicodeScalars.append(scalar)
            }
        }
    }

    /// Whether text can stand in a `key=value` without quotes.
    static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
    }
}
