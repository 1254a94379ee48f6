/// Text as NTLM writes it: UTF-16, low octet first (MS-NLMP §2.2).
enum UTF16LE {
    static func encode(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    /// - Returns: `nil` for an odd number of octets or a surrogate without its other half.
    static func decode(_ octets: some Collection<UInt8>) -> String? {
        guard octets.count.isMultiple(of: 2) else { return nil }
        var units: [UInt16] = []
        var low: UInt8?
        for octet in octets {
            if let first = low {
                units.append(UInt16(first) | UInt16(octet) << 8)
                low = nil
            } else {
                low = octet
            }
        }
        return String(validating: units, as: UTF16.self)
    }

    /// In upper case as Windows does it: character by character, so that `ß`, which would become two, stays.
    static func uppercased(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let mapping = scalar.properties.uppercaseMapping.unicodeScalars
            scalars.append(mapping.count == 1 ? mapping.first ?? scalar : scalar)
        }
        return String(scalars)
    }
}
