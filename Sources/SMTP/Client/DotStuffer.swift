internal import MailSyntax

/// A CR or LF that is not part of a CRLF.
///
/// Some servers end mail data at `LF . LF`, so that passing one on lets an author hide a second message in the first
/// (SMTP smuggling, CVE-2023-51764).
public struct BareLineEnding: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        case carriageReturn = "CR"
        case lineFeed = "LF"
    }

    public var kind: Kind
    /// Octets before it, from the start of the content.
    public var offset: Int

    public init(kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    public var description: String { "bare \(self.kind.rawValue) at octet \(self.offset) of the content" }
}

/// Makes mail data of content: adds a dot to each line that starts with one, and the end (RFC 5321 §4.5.2).
///
///     content:  .a CRLF b
///     sent:     ..a CRLF b CRLF . CRLF
///
/// Content arrives in chunks of any length, which may split a CRLF. It checks line endings on the way and also serves for that
/// alone, where content goes by BDAT.
public struct DotStuffer: Sendable {
    private enum Position: Sendable {
        case lineStart
        case withinLine
        case afterCR
    }

    private var position = Position.lineStart
    /// Octets of content seen.
    public private(set) var octets = 0
    /// Whether an octet above 127 was seen.
    public private(set) var isEightBit = false

    public init() {}

    /// Finds where dots have to be added to a chunk.
    ///
    /// - Parameters:
    ///   - chunk: The next octets of the content.
    ///   - body: Is given offsets into `chunk`, ascending; a dot belongs before each.
    /// - Throws: ``BareLineEnding`` at the first one; do not go on after that.
    /// - Complexity: O(n), no copy, no allocation; eight octets a step within lines.
    public mutating func scan(
        _ chunk: UnsafeRawBufferPointer,
        dotBefore body: (Int) -> Void
    ) throws(BareLineEnding) {
        var at = 0
        let count = chunk.count
        var position = self.position
        var seen: UInt64 = 0
        defer {
            self.position = position
            if seen & 0x8080_8080_8080_8080 != 0 { self.isEightBit = true }
        }
        while at < count {
            if position == .withinLine {
                while at &+ 8 <= count {
                    let word = chunk.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    guard !Self.holds(word, 0x0D0D_0D0D_0D0D_0D0D), !Self.holds(word, 0x0A0A_0A0A_0A0A_0A0A) else {
                        break
                    }
                    seen |= word
                    at &+= 8
                }
                guard at < count else { break }
            }
            let octet = chunk[at]
            seen |= UInt64(octet)
            switch position {
            case .lineStart, .withinLine:
                if octet == ASCII.lf { throw BareLineEnding(kind: .lineFeed, offset: self.octets + at) }
                if octet == ASCII.cr {
                    position = .afterCR
                } else {
                    if position == .lineStart, octet == ASCII.dot { body(at) }
                    position = .withinLine
                }
            case .afterCR:
                guard octet == ASCII.lf else {
                    throw BareLineEnding(kind: .carriageReturn, offset: self.octets + at - 1)
                }
                position = .lineStart
            }
            at &+= 1
        }
        self.octets += count
    }

    /// Whether the content as seen so far ends within a line, so that mail data needs a CRLF after it.
    ///
    /// - Throws: ``BareLineEnding`` when it ends with a CR.
    public func endsWithinLine() throws(BareLineEnding) -> Bool {
        switch self.position {
        case .lineStart: false
        case .withinLine: true
        case .afterCR: throw BareLineEnding(kind: .carriageReturn, offset: self.octets - 1)
        }
    }

    /// What ends the mail data: a CRLF where the content lacks one, then `. CRLF`.
    public func terminator() throws(BareLineEnding) -> StaticString {
        try self.endsWithinLine() ? "\r\n.\r\n" : ".\r\n"
    }

    /// The mail data of one chunk, for those who hold arrays; without the terminator.
    public mutating func encode(_ chunk: [UInt8]) throws(BareLineEnding) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(chunk.count + 16)
        var offsets: [Int] = []
        var failure: BareLineEnding?
        chunk.withUnsafeBytes { octets in
            do throws(BareLineEnding) {
                try self.scan(octets) { offsets.append($0) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        var copied = 0
        for offset in offsets {
            encoded += chunk[copied..<offset]
            encoded.append(ASCII.dot)
            copied = offset
        }
        encoded += chunk[copied...]
        return encoded
    }

    /// Whether one of the eight octets of `word` equals the one repeated in `pattern`.
    private static func holds(_ word: UInt64, _ pattern: UInt64) -> Bool {
        let difference = word ^ pattern
        return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080 != 0
    }
}
