/// One header field of a message, with the very octets it was received in (RFC 5322 §2.2).
///
/// The octets are kept since signatures cover them and forwarding must not change them; name and value are views.
public struct HeaderField: Hashable, Sendable {
    /// Name, colon, value with its folding, and the final CRLF, as received. The last field of a header section that
    /// was cut off may lack the CRLF.
    public let octets: [UInt8]
    /// Where the name ends; white space may follow before the colon (RFC 5322 §4.5, obs-fields).
    private let nameEnd: Int
    /// Where the colon stands.
    private let colon: Int

    /// Reads one field: printable octets but colon, perhaps white space, a colon, anything.
    ///
    /// - Returns: nil when `octets` do not begin that way.
    public init?(octets: some Sequence<UInt8>) {
        self.init(received: octets.octets())
    }

    init?(received octets: [UInt8]) {
        var nameEnd = 0
        while nameEnd < octets.count, ASCII.isVisible(octets[nameEnd]), octets[nameEnd] != ASCII.colon { nameEnd += 1 }
        var colon = nameEnd
        while colon < octets.count, ASCII.isWhitespace(octets[colon]) { colon += 1 }
        guard nameEnd > 0, colon < octets.count, octets[colon] == ASCII.colon else { return nil }
        self.octets = octets
        self.nameEnd = nameEnd
        self.colon = colon
    }

    /// Writes a field, folded at white space so that lines stay within 78 octets where they can (RFC 5322 §2.1.1).
    ///
    /// - Parameters:
    ///   - name: Printable ASCII without colon.
    ///   - value: One line of UTF-8.
    /// - Returns: nil when the name is none, or a CR, LF or NUL in the value would break out of the field.
    public init?(name: String, value: String) {
        guard !name.isEmpty, name.utf8.allSatisfy({ ASCII.isVisible($0) && $0 != ASCII.colon }) else { return nil }
        guard !value.utf8.contains(where: { $0 == ASCII.cr || $0 == ASCII.lf || $0 == ASCII.nul }) else { return nil }
        var octets = Array(name.utf8)
        octets.append(ASCII.colon)
        octets.append(ASCII.space)
        var lineStart = 0
        var word: [UInt8] = []
        var lineHasWord = false
        func flush() {
            // A line of white space alone must not arise (RFC 5322 §3.2.2), so only a word moves to the next line, and
            // never the first.
            if lineHasWord, octets.count - lineStart + word.count > 78, let first = word.first,
                ASCII.isWhitespace(first), word.contains(where: { !ASCII.isWhitespace($0) })
            {
                octets += [ASCII.cr, ASCII.lf]
                lineStart = octets.count
            }
            lineHasWord = lineHasWord || word.contains { !ASCII.isWhitespace($0) }
            octets += word
            word.removeAll(keepingCapacity: true)
        }
        var previousIsWhitespace = true
        for octet in value.utf8 {
            let isWhitespace = ASCII.isWhitespace(octet)
            if isWhitespace, !previousIsWhitespace { flush() }
            word.append(octet)
            previousIsWhitespace = isWhitespace
        }
        flush()
        octets += [ASCII.cr, ASCII.lf]
        self.init(received: octets)
    }

    /// The name's octets, in the letters they were received in.
    public var nameOctets: ArraySlice<UInt8> { self.octets[..<self.nameEnd] }

    /// The name, in the letters it was received in.
    public var name: String { String(decoding: self.nameOctets, as: UTF8.self) }

    /// Whether the name is `name`, when the case of letters is set aside.
    public func isNamed(_ name: some StringProtocol) -> Bool {
        self.nameEnd == name.utf8.count && ASCII.equalIgnoringCase(self.nameOctets, name.utf8)
    }

    /// The octets between the colon and the final CRLF, folding and white space included.
    public var bodyOctets: ArraySlice<UInt8> {
        let body = self.octets[(self.colon + 1)...]
        return body.suffix(2).elementsEqual([ASCII.cr, ASCII.lf]) ? body.dropLast(2) : body
    }

    /// The value's octets: unfolded (each CRLF before white space removed, RFC 5322 §2.2.3), white space around it removed.
    public var valueOctets: [UInt8] {
        let body = self.bodyOctets
        var value: [UInt8] = []
        value.reserveCapacity(body.count)
        var index = body.startIndex
        while index < body.endIndex {
            let rest = body.endIndex - index
            if rest >= 3, body[index] == ASCII.cr, body[index + 1] == ASCII.lf, ASCII.isWhitespace(body[index + 2]) {
                index += 2
                continue
            }
            if !value.isEmpty || !ASCII.isWhitespace(body[index]) { value.append(body[index]) }
            index += 1
        }
        while let last = value.last, ASCII.isWhitespace(last) { value.removeLast() }
        return value
    }

    /// The value unfolded, white space around it removed; octets that are no UTF-8 become U+FFFD.
    public var value: String { String(decoding: self.valueOctets, as: UTF8.self) }
}

extension HeaderField: CustomStringConvertible {
    /// Name and unfolded value.
    public var description: String { "\(self.name): \(self.value)" }
}
