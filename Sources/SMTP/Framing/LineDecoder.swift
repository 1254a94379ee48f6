/// Finds command lines in what a client sent.
///
/// Only CRLF ends a line. A lone CR or LF is reported, since a server that took it for a line end while its neighbour did
/// not would let commands be smuggled (RFC 5321 §2.3.8). A line over the limit is swallowed up to its CRLF and reported once.
///
/// - Complexity: O(n) over a line's octets however they are split: what was searched is not searched again.
public struct LineDecoder: Sendable {
    /// What stands at the front of the input.
    public enum Result: Equatable, Sendable {
        /// A line of `length` octets; with its CRLF it takes `length + 2`.
        case line(length: Int)
        /// No whole line yet. `consumed` octets of an overlong line may be dropped already.
        case needMore(consumed: Int)
        /// The end of an overlong line; `consumed` octets are done with.
        case tooLong(consumed: Int)
        /// A lone CR or LF.
        case bareLineEnding
    }

    /// Octets without CRLF that a line may have.
    public var maximumLineOctets: Int
    private var searched = 0
    /// An overlong line is being dropped: its octets bring nothing forward.
    public private(set) var isSwallowing = false

    public init(maximumLineOctets: Int) {
        self.maximumLineOctets = maximumLineOctets
    }

    /// Looks at all input that is not consumed yet.
    ///
    /// - Parameter input: Unconsumed octets, the same as last time and whatever came since.
    public mutating func next(in input: UnsafeRawBufferPointer) -> Result {
        if self.isSwallowing { return self.swallow(input) }
        var index = min(self.searched, input.count)
        while index < input.count {
            switch input[index] {
            case 0x0a:
                return .bareLineEnding
            case 0x0d:
                guard index + 1 < input.count else {
                    self.searched = index
                    return .needMore(consumed: 0)
                }
                guard input[index + 1] == 0x0a else { return .bareLineEnding }
                self.searched = 0
                return .line(length: index)
            default:
                index += 1
                if index > self.maximumLineOctets {
                    self.isSwallowing = true
                    self.searched = 0
                    return self.swallow(input)
                }
            }
        }
        self.searched = index
        return .needMore(consumed: 0)
    }

    private mutating func swallow(_ input: UnsafeRawBufferPointer) -> Result {
        var index = 0
        while index < input.count {
            if input[index] == 0x0d {
                guard index + 1 < input.count else { return .needMore(consumed: index) }
                if input[index + 1] == 0x0a {
                    self.isSwallowing = false
                    return .tooLong(consumed: index + 2)
                }
            }
            index += 1
        }
        return .needMore(consumed: index)
    }
}
