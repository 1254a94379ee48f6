internal import MailSyntax

/// Why octets are no reply. The line is kept for people, cut and with control octets replaced.
public struct ReplySyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case lineTooLong = "line too long"
        case replyTooLong = "reply too long"
        /// Not three digits, the first of them 2 to 5, then a blank, a hyphen or the end of the line (RFC 5321 §4.2).
        case notAReply = "not a reply"
        /// The lines of one reply have different codes (RFC 5321 §4.2.1).
        case codesDiffer = "codes of one reply differ"
    }

    public var code: Code
    /// At most 100 octets of the line.
    public var line: String

    public var description: String { "\(self.code.rawValue): \"\(self.line)\"" }
}

/// Makes replies of octets as they arrive (RFC 5321 §4.2), in bounded memory.
///
/// Lines end with CRLF. A bare LF is taken for a line ending too, as Postfix's client does: unlike in mail data it can smuggle
/// nothing here, since whoever sends it is the server whose replies these are. Control octets in the text become `?`; octets that are no UTF-8
/// become U+FFFD. The enhanced status code (RFC 2034) is taken off each line where it is there.
public struct ReplyDecoder: Sendable {
    private let maximumLineOctets: Int
    private let maximumReplyOctets: Int
    private var buffer: [UInt8] = []
    /// Where the next line starts in `buffer`.
    private var start = 0
    /// How far `buffer` was searched for a line ending.
    private var searched = 0
    private var partial: PartialReply?

    private struct PartialReply {
        var code: Int
        var enhanced: EnhancedStatusCode?
        var lines: [String]
        var octets: Int
    }

    /// - Parameters:
    ///   - maximumLineOctets: Longest line with its ending. RFC 5321 §4.5.3.1.5 says 512; servers say more.
    ///   - maximumReplyOctets: Longest reply, all its lines together.
    public init(maximumLineOctets: Int = 4096, maximumReplyOctets: Int = 65_536) {
        self.maximumLineOctets = maximumLineOctets
        self.maximumReplyOctets = maximumReplyOctets
    }

    /// Whether no octet is waiting, be it a whole reply or a part of one.
    public var isEmpty: Bool { self.start == self.buffer.count && self.partial == nil }

    /// Adds octets as received, any number. Call ``next()`` until it returns nil before adding more, so that the buffer stays small.
    public mutating func append(_ octets: some Collection<UInt8>) {
        if self.start == self.buffer.count {
            self.buffer.removeAll(keepingCapacity: true)
            self.start = 0
            self.searched = 0
        }
        self.buffer.append(contentsOf: octets)
    }

    /// Takes the next whole reply; nil when more octets are needed.
    public mutating func next() throws(ReplySyntaxError) -> Reply? {
        while let line = try self.nextLine() {
            if let reply = try self.add(line) { return reply }
        }
        return nil
    }

    /// The range of the next line without its ending, taken out of the buffer.
    private mutating func nextLine() throws(ReplySyntaxError) -> Range<Int>? {
        guard let end = self.buffer[self.searched...].firstIndex(of: ASCII.lf) else {
            self.searched = self.buffer.count
            guard self.buffer.count - self.start <= self.maximumLineOctets else {
                throw self.error(.lineTooLong, self.start..<self.buffer.count)
            }
            if self.start > 0 {
                self.buffer.removeFirst(self.start)
                self.searched -= self.start
                self.start = 0
            }
            return nil
        }
        let first = self.start
        self.start = end + 1
        self.searched = end + 1
        guard end + 1 - first <= self.maximumLineOctets else { throw self.error(.lineTooLong, first..<end) }
        let hasCR = end > first && self.buffer[end - 1] == ASCII.cr
        return first..<(hasCR ? end - 1 : end)
    }

    private mutating func add(_ line: Range<Int>) throws(ReplySyntaxError) -> Reply? {
        let octets = self.buffer[line]
        guard let code = Self.code(octets) else { throw self.error(.notAReply, line) }
        let isLast = octets.count == 3 || octets[octets.startIndex + 3] == ASCII.space
        let text = octets.dropFirst(4)
        var partial =
            self.partial
            ?? PartialReply(code: code, enhanced: Self.enhanced(text, code: code)?.code, lines: [], octets: 0)
        guard partial.code == code else { throw self.error(.codesDiffer, line) }
        partial.octets += line.count
        guard partial.octets <= self.maximumReplyOctets else { throw self.error(.replyTooLong, line) }
        if let enhanced = partial.enhanced, let found = Self.enhanced(text, code: code), found.code == enhanced {
            partial.lines.append(Self.text(found.rest))
        } else {
            partial.lines.append(Self.text(text))
        }
        guard isLast else {
            self.partial = partial
            return nil
        }
        self.partial = nil
        return Reply(code: partial.code, enhanced: partial.enhanced, lines: partial.lines)
    }

    private static func code(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.count >= 3 else { return nil }
        let at = line.startIndex
        let (first, second, third) = (line[at], line[at + 1], line[at + 2])
        guard (UInt8(ascii: "2")...UInt8(ascii: "5")).contains(first), ASCII.isDigit(second), ASCII.isDigit(third)
        else {
            return nil
        }
        if line.count > 3, line[at + 3] != ASCII.space, line[at + 3] != ASCII.hyphen { return nil }
        return Int(first & 15) * 100 + Int(second & 15) * 10 + Int(third & 15)
    }

    /// The enhanced status code at the start of the text, when its class is that of the reply (RFC 2034 §4), and what follows its blank.
    private static func enhanced(
        _ text: ArraySlice<UInt8>,
        code: Int
    ) -> (code: EnhancedStatusCode, rest: ArraySlice<UInt8>)? {
        var numbers = (0, 0, 0)
        var part = 0
        var digits = 0
        var at = text.startIndex
        while at < text.endIndex, text[at] != ASCII.space {
            let octet = text[at]
            if ASCII.isDigit(octet), digits < 3 {
                let digit = Int(octet & 15)
                switch part {
                case 0: numbers.0 = numbers.0 * 10 + digit
                case 1: numbers.1 = numbers.1 * 10 + digit
                default: numbers.2 = numbers.2 * 10 + digit
                }
                digits += 1
            } else if octet == ASCII.dot, digits > 0, part < 2 {
                part += 1
                digits = 0
            } else {
                return nil
            }
            at += 1
        }
        guard part == 2, digits > 0, numbers.0 == code / 100, numbers.0 != 3 else { return nil }
        return (EnhancedStatusCode(numbers.0, numbers.1, numbers.2), text[at...].dropFirst())
    }

    private static func text(_ octets: ArraySlice<UInt8>) -> String {
        guard octets.contains(where: { ASCII.isControl($0) && $0 != ASCII.tab }) else {
            return String(decoding: octets, as: UTF8.self)
        }
        let shown = octets.map { ASCII.isControl($0) && $0 != ASCII.tab ? ASCII.question : $0 }
        return String(decoding: shown, as: UTF8.self)
    }

    private func error(_ code: ReplySyntaxError.Code, _ line: Range<Int>) -> ReplySyntaxError {
        ReplySyntaxError(code: code, line: Self.text(self.buffer[line].prefix(100)))
    }
}
