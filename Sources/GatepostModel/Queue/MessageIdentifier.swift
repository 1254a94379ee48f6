/// Names one message for its whole life: 22 characters of base32hex in lower case, such as `0jfh5v8m2rk3tq9d1s6n4c`.
///
/// The first 42 bits are the milliseconds of its creation, so that identifiers sort by age and the store writes new messages side by side;
/// the other 68 are random, so that nobody guesses one.
package struct MessageIdentifier: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// 42 bits of time and the first 22 random bits.
    package let high: UInt64
    /// The other 46 random bits.
    package let low: UInt64

    /// - Parameter random: 9 random octets or more; with fewer, the missing ones count as zero.
    package init(created: Timestamp, random: some Sequence<UInt8>) {
        var octets = Array(random.prefix(9))
        while octets.count < 9 { octets.append(0) }
        let first = octets[0..<3].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & 0x3f_ffff
        let second = octets[3..<9].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & 0x3fff_ffff_ffff
        let time = UInt64(truncatingIfNeeded: created.milliseconds) & 0x3ff_ffff_ffff
        self.high = time << 22 | first
        self.low = second
    }

    package init(created: Timestamp, using generator: inout some RandomNumberGenerator) {
        self.high = UInt64(truncatingIfNeeded: created.milliseconds) << 22 | generator.next() & 0x3f_ffff
        self.low = generator.next() & 0x3fff_ffff_ffff
    }

    /// From its two halves, as stored; bits beyond the 46 of `low` are dropped.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low & 0x3fff_ffff_ffff
    }

    /// Reads the text form; nil unless it is exactly one.
    package init?(_ text: some StringProtocol) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var count = 0
        for octet in text.utf8 {
            let digit: UInt64
            switch octet {
            case 0x30...0x39: digit = UInt64(octet - 0x30)
            case 0x61...0x76: digit = UInt64(octet - 0x61 + 10)
            case 0x41...0x56: digit = UInt64(octet - 0x41 + 10)
            default: return nil
            }
            guard count < 22 else { return nil }
            // 110 bits through two halves of 64 and 46.
            high = high << 5 | (low >> 41) & 0x1f
            low = low << 5 & 0x3fff_ffff_ffff | digit
            count += 1
        }
        guard count == 22 else { return nil }
        self.high = high
        self.low = low
    }

    package static func < (first: MessageIdentifier, second: MessageIdentifier) -> Bool {
        (first.high, first.low) < (second.high, second.low)
    }

    package var description: String {
        var high = self.high
        var low = self.low
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 22) { digits in
            for index in stride(from: 21, through: 0, by: -1) {
                let digit = UInt8(truncatingIfNeeded: low & 0x1f)
                digits[index] = digit < 10 ? 0x30 + digit : 0x61 + digit - 10
                low = low >> 5 | (high & 0x1f) << 41
                high >>= 5
            }
            return String(decoding: digits, as: UTF8.self)
        }
    }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let identifier = MessageIdentifier(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a message identifier")
            )
        }
        self = identifier
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
