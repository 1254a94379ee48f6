/// A set of code points as sorted, disjoint, closed ranges.
struct CodePointSet: Sendable {
    /// First and last code point of each range in turn.
    private let bounds: [UInt32]

    init(_ bounds: [UInt32]) {
        self.bounds = bounds
    }

    /// - Complexity: O(log n) in the number of ranges.
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var low = 0
        var high = self.bounds.count / 2
        while low < high {
            let middle = (low + high) / 2
            if scalar.value < self.bounds[2 * middle] {
                high = middle
            } else if scalar.value > self.bounds[2 * middle + 1] {
                low = middle + 1
            } else {
                return true
            }
        }
        return false
    }
}
