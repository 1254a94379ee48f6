/// Comparison whose time tells nothing about where two secrets differ.
public enum ConstantTime {
    /// Whether both have the same octets. Time depends on the two lengths only, which are not secret.
    public static func equals(_ first: some Collection<UInt8>, _ second: some Collection<UInt8>) -> Bool {
        guard first.count == second.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(first, second) {
            difference |= left ^ right
        }
        return difference == 0
    }
}
