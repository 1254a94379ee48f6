/// Octets from the system's generator, for salts, nonces and keys.
package enum RandomOctets {
    package static func make(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A password for people to copy: 20 letters and digits in four groups, 100 random bits; none that look alike.
    package static func password() -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let letters = RandomOctets.make(20).map { alphabet[Int($0) % 32] }
        return stride(from: 0, to: 20, by: 5)
            .map { String(decoding: letters[$0..<($0 + 5)], as: UTF8.self) }
            .joined(separator: "-")
    }
}
