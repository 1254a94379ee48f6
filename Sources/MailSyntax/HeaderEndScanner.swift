/// Finds the end of a header section in octets that come in pieces, without keeping them.
public struct HeaderEndScanner: Hashable, Sendable {
    /// How much of CRLF CRLF has been seen. A message may begin with the empty line, so the start counts as CRLF.
    private var seen = 2

    /// Creates a scanner at the start of a message.
    public init() {}

    /// Takes the next piece.
    ///
    /// - Returns: How many octets of `chunk` belong to the header section, its empty line included; nil when the section
    ///   goes on after `chunk`.
    /// - Complexity: O(n), no copy.
    public mutating func receive(_ chunk: some Collection<UInt8>) -> Int? {
        var count = 0
        for octet in chunk {
            count += 1
            switch (self.seen, octet) {
            case (0, ASCII.cr), (2, ASCII.cr): self.seen += 1
            case (1, ASCII.lf): self.seen = 2
            case (3, ASCII.lf):
                self.seen = 2
                return count
            case (_, ASCII.cr): self.seen = 1
            default: self.seen = 0
            }
        }
        return nil
    }
}
