/// The MD4 message digest (RFC 1320). Broken as a hash; here only since NTLM's stored hash is made with it.
enum MD4 {
    /// The digest, 16 octets.
    static func hash(_ message: some Collection<UInt8>) -> [UInt8] {
        var state = State()
        var padded = Array(message)
        let bits = UInt64(padded.count) &* 8
        // §3.1, §3.2: one bit, zeros up to 8 octets short of a block, the length.
        padded.append(0x80)
        padded.append(contentsOf: repeatElement(0, count: (120 - padded.count % 64) % 64))
        for shift in 0..<8 {
            padded.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt64(shift))))
        }
        for start in stride(from: 0, to: padded.count, by: 64) {
            state.add(padded[start..<start + 64])
        }
        return [state.a, state.b, state.c, state.d].flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) }
        }
    }

    /// §3.3, §3.4.
    private struct State {
        var a: UInt32 = 0x6745_2301
        var b: UInt32 = 0xEFCD_AB89
        var c: UInt32 = 0x98BA_DCFE
        var d: UInt32 = 0x1032_5476

        /// The order in which a round takes the block's words.
        private static let second = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]
        private static let third = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]

        mutating func add(_ block: ArraySlice<UInt8>) {
            let octets = Array(block)
            let words = (0..<16).map { index in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(octets[index * 4 + $1]) << (8 * UInt32($1)) }
            }
            let before = self
            for index in 0..<16 {
                self.step(
                    (self.b & self.c) | (~self.b & self.d),
                    plus: words[index],
                    rotatedBy: [3, 7, 11, 19][index % 4]
                )
            }
            for index in 0..<16 {
                self.step(
                    (self.b & self.c) | (self.b & self.d) | (self.c & self.d),
                    plus: words[Self.second[index]] &+ 0x5A82_7999,
                    rotatedBy: [3, 5, 9, 13][index % 4]
                )
            }
            for index in 0..<16 {
                self.step(
                    self.b ^ self.c ^ self.d,
                    plus: words[Self.third[index]] &+ 0x6ED9_EBA1,
                    rotatedBy: [3, 9, 11, 15][index % 4]
                )
            }
            self.a &+= before.a
            self.b &+= before.b
            self.c &+= before.c
            self.d &+= before.d
        }

        /// One operation; the four words change places, so that each operation looks alike.
        private mutating func step(_ function: UInt32, plus word: UInt32, rotatedBy count: UInt32) {
            let sum = self.a &+ function &+ word
            let rotated = sum << count | sum >> (32 - count)
            (self.a, self.b, self.c, self.d) = (self.d, rotated, self.b, self.c)
        }
    }
}
