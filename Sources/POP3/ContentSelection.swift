/// Picks what TOP shows of a message that comes in pieces: the header, the empty line and so many lines of the body (RFC 1939 §7).
public struct ContentSelection: Sendable {
    /// nil: everything.
    private var linesLeft: Int?
    private var isHeader = true
    private var isLineEmpty = true
    public private(set) var isComplete = false

    public init(bodyLines: Int?) {
        self.linesLeft = bodyLines
    }

    /// - Returns: How many of the piece's octets, from its start, belong to the selection.
    public mutating func take(_ piece: UnsafeRawBufferPointer) -> Int {
        guard self.linesLeft != nil else { return piece.count }
        if self.isComplete { return 0 }
        var index = 0
        while index < piece.count {
            let octet = piece[index]
            index += 1
            switch octet {
            case 0x0a:
                self.endLine()
                if self.isComplete { return index }
            case 0x0d: break
            default: self.isLineEmpty = false
            }
        }
        return index
    }

    private mutating func endLine() {
        if self.isHeader {
            if self.isLineEmpty {
                self.isHeader = false
                self.isComplete = self.linesLeft == 0
            }
        } else if let left = self.linesLeft {
            self.linesLeft = left - 1
            self.isComplete = left <= 1
        }
        self.isLineEmpty = true
    }
}
