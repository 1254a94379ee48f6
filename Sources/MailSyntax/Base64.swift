/// Base64 with the standard alphabet and padding (RFC 4648 §4).
public enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// The value of each octet as a digit, 0xFF for those that are none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        Self.alphabet.withUTF8Buffer { alphabet in
            for (value, octet) in alphabet.enumerated() { values[Int(octet)] = UInt8(value) }
        }
        return values
    }()

    /// The octets in base64, on one line, padded.
    ///
    /// - Complexity: O(n), one allocation.
    public static func encode(_ octets: some Collection<UInt8>) -> [UInt8] {
        octets.withContiguousStorageIfAvailable(Self.encode(buffer:))
            ?? Array(octets).withUnsafeBufferPointer(Self.encode(buffer:))
    }

    /// The octets in base64 as text.
    public static func encodeToString(_ octets: some Collection<UInt8>) -> String {
        String(decoding: self.encode(octets), as: UTF8.self)
    }

    /// The octets that base64 text stands for.
    ///
    /// Strict, since two readers that forgive differently see two secrets: only the alphabet, whole groups of four,
    /// padding only at the end, zero bits under the padding (RFC 4648 §3.5), no white space. Empty text is empty octets.
    ///
    /// - Returns: nil when a rule is broken.
    /// - Complexity: O(n), one allocation.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        text.withContiguousStorageIfAvailable(Self.decode(buffer:))
            ?? Array(text).withUnsafeBufferPointer(Self.decode(buffer:))
    }

    /// The octets that base64 text stands for; see ``decode(_:)-(Collection<UInt8>)``.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        self.decode(text.utf8)
    }

    private static func encode(buffer: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let count = buffer.count
        return [UInt8](unsafeUninitializedCapacity: (count + 2) / 3 * 4) { output, initializedCount in
            Self.alphabet.withUTF8Buffer { alphabet in
                var read = 0
                var write = 0
                while read &+ 2 < count {
                    let group = UInt32(buffer[read]) << 16 | UInt32(buffer[read &+ 1]) << 8 | UInt32(buffer[read &+ 2])
                    output[write] = alphabet[Int(group >> 18)]
                    output[write &+ 1] = alphabet[Int(group >> 12 & 63)]
                    output[write &+ 2] = alphabet[Int(group >> 6 & 63)]
                    output[write &+ 3] = alphabet[Int(group & 63)]
                    read &+= 3
                    write &+= 4
                }
                if read < count {
                    let second: UInt8? = read &+ 1 < count ? buffer[read &+ 1] : nil
                    let group = UInt32(buffer[read]) << 16 | UInt32(second ?? 0) << 8
                    output[write] = alphabet[Int(group >> 18)]
                    output[write &+ 1] = alphabet[Int(group >> 12 & 63)]
                    output[write &+ 2] = second == nil ? ASCII.equals : alphabet[Int(group >> 6 & 63)]
                    output[write &+ 3] = ASCII.equals
                    write &+= 4
                }
                initializedCount = write
            }
        }
    }

    private static func decode(buffer: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let count = buffer.count
        guard count > 0 else { return [] }
        guard count % 4 == 0 else { return nil }
        let padding = buffer[count - 1] != ASCII.equals ? 0 : buffer[count - 2] != ASCII.equals ? 1 : 2
        let whole = padding == 0 ? count : count - 4
        var isValid = true
        let octets = self.values.withUnsafeBufferPointer { values in
            [UInt8](unsafeUninitializedCapacity: count / 4 * 3) { output, initializedCount in
                // Digits are below 64, so one bit gathered over the whole text tells whether any octet was none: the
                // loop has no branch but its own.
                var gathered: UInt8 = 0
                var read = 0
                var write = 0
                while read < whole {
                    let first = values[Int(buffer[read])]
                    let second = values[Int(buffer[read &+ 1])]
                    let third = values[Int(buffer[read &+ 2])]
                    let fourth = values[Int(buffer[read &+ 3])]
                    gathered |= first | second | third | fourth
                    output[write] = first << 2 | second >> 4
                    output[write &+ 1] = second << 4 | third >> 2
                    output[write &+ 2] = third << 6 | fourth
                    read &+= 4
                    write &+= 3
                }
                if padding > 0 {
                    let first = values[Int(buffer[read])]
                    let second = values[Int(buffer[read &+ 1])]
                    gathered |= first | second
                    output[write] = first << 2 | second >> 4
                    write &+= 1
                    if padding == 1 {
                        let third = values[Int(buffer[read &+ 2])]
                        gathered |= third
                        output[write] = second << 4 | third >> 2
                        write &+= 1
                        isValid = third & 0b11 == 0
                    } else {
                        isValid = second & 0b1111 == 0
                    }
                }
                isValid = isValid && gathered & 0x80 == 0
                initializedCount = write
            }
        }
        return isValid ? octets : nil
    }
}
