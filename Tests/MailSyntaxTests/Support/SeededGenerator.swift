/// SplitMix64: the same numbers for the same seed on every host, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var bits = self.state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    mutating func octets(_ counts: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: counts, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    /// Octets among `alphabet`, which reach a grammar's corners sooner than any octets do.
    mutating func text(_ counts: ClosedRange<Int>, of alphabet: String) -> [UInt8] {
        let alphabet = Array(alphabet.unicodeScalars)
        let scalars = (0..<Int.random(in: counts, using: &self)).compactMap { _ in alphabet.randomElement(using: &self)
        }
        return Array(String(String.UnicodeScalarView(scalars)).utf8)
    }
}
