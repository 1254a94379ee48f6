/// One way in which octets may arrive.
struct Split: Sendable, CustomStringConvertible {
    var parts: [[UInt8]]
    var description: String

    /// Whole, octet by octet, and cut in two at every place.
    static func all(of octets: [UInt8]) -> [Split] {
        var splits = [
            Split(parts: [octets], description: "whole"),
            Split(parts: octets.map { [$0] }, description: "octet by octet"),
        ]
        for place in octets.indices.dropFirst() {
            splits.append(
                Split(parts: [Array(octets[..<place]), Array(octets[place...])], description: "cut at \(place)")
            )
        }
        return splits
    }
}

extension String {
    /// The UTF-8 octets.
    var wire: [UInt8] { Array(self.utf8) }
    /// Fit for a test's name: controls as escapes.
    var escaped: String { self.unicodeScalars.map { $0.isASCII ? $0.escaped(asASCII: true) : String($0) }.joined() }
}
