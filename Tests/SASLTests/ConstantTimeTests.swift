import SASL
import Testing

@Suite("Comparison in constant time")
struct ConstantTimeTests {
    @Test("says what == says", arguments: [([], []), ([1], [1]), ([1], [2]), ([1, 2], [1]), ([0, 0], [0, 0])])
    func equals(_ first: [UInt8], _ second: [UInt8]) {
        #expect(ConstantTime.equals(first, second) == (first == second))
    }
}
