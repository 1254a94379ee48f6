/// Cuts a stream of octets into lines of Dovecot's authentication protocol.
///
/// Holds at most ``DovecotLine/maximumOctets`` octets of a line that has not ended.
public struct DovecotLineDecoder: Sendable {
    /// What came off the wire.
    public enum Line: Hashable, Sendable {
        /// A whole line, without its line feed.
        case whole([UInt8])
        /// The beginning of a line that was longer than allowed; the rest of it was thrown away.
        case overlong([UInt8])
    }

    private let maximumOctets: Int
    private var pending: [UInt8] = []
    private var isOverlong = false

    public init(maximumOctets: Int = DovecotLine.maximumOctets) {
        self.maximumOctets = maximumOctets
    }

    /// Takes octets as they arrived, cut anywhere.
    ///
    /// - Returns: The lines that ended with them.
    public mutating func receive(_ octets: some Sequence<UInt8>) -> [Line] {
        var lines: [Line] = []
        for octet in octets {
            if octet == 0x0A {
                lines.append(self.isOverlong ? .overlong(self.pending) : .whole(self.pending))
                self.pending = []
                self.isOverlong = false
            } else if self.pending.count < self.maximumOctets {
                self.pending.append(octet)
            } else {
                self.isOverlong = true
            }
        }
        return lines
    }
}
