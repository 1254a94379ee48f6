internal import MailSyntax

/// `application/x-www-form-urlencoded`: all but the unreserved octets as `%xx`.
package enum FormEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    package static func encode(_ octets: [UInt8]) -> [UInt8] {
        octets.flatMap { octet -> [UInt8] in
            switch octet {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                [octet]
            default:
                [UInt8(ascii: "%"), Self.digits[Int(octet >> 4)], Self.digits[Int(octet & 15)]]
            }
        }
    }

    /// Names and values, joined.
    static func form(_ fields: [(name: String, value: [UInt8])]) -> [UInt8] {
        var form: [UInt8] = []
        for field in fields {
            if !form.isEmpty { form.append(UInt8(ascii: "&")) }
            form += self.encode(Array(field.name.utf8))
            form.append(UInt8(ascii: "="))
            form += self.encode(field.value)
        }
        return form
    }

    /// The values of a query string; nil for a `%` without two digits.
    static func values(_ query: some StringProtocol) -> [String: String]? {
        var values: [String: String] = [:]
        for pair in Array(query.utf8).split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap(self.decode), let value = self.decode(parts.dropFirst().first ?? [])
            else { return nil }
            values[name] = value
        }
        return values
    }

    private static func decode(_ text: ArraySlice<UInt8>) -> String? {
        var octets: [UInt8] = []
        var rest = text
        while let octet = rest.popFirst() {
            if octet == UInt8(ascii: "%") {
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    let high = ASCII.hexadecimalValue(high), let low = ASCII.hexadecimalValue(low)
                else { return nil }
                octets.append(high << 4 | low)
            } else {
                octets.append(octet == UInt8(ascii: "+") ? 0x20 : octet)
            }
        }
        return String(validating: octets, as: UTF8.self)
    }
}
