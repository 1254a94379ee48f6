internal import MailSyntax

/// A JSON text (RFC 8259) as reports hold it.
enum JSONValue: Hashable, Sendable {
    case text(String)
    /// As written.
    case number(String)
    case flag(Bool)
    case null
    case array([JSONValue])
    case object([String: JSONValue])

    /// - Throws: ``ReportError`` for anything but one whole value within the limits.
    init(_ octets: [UInt8], _ limits: ReportLimits) throws(ReportError) {
        var parser = JSONParser(octets, limits)
        self = try parser.document()
    }

    subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    /// The elements of an array; the value itself when it is none, as some reporters leave the brackets of one element out.
    var elements: [JSONValue] {
        switch self {
        case .array(let elements): elements
        case .null: []
        case .text, .number, .flag, .object: [self]
        }
    }

    /// A text that is not empty.
    var string: String? {
        if case .text(let text) = self, !text.isEmpty { text } else { nil }
    }

    /// A whole number from 0 on, be it written as a number or as a text.
    var count: Int? {
        let digits: String
        switch self {
        case .number(let text), .text(let text): digits = text
        case .flag, .null, .array, .object: return nil
        }
        guard (1...15).contains(digits.utf8.count), digits.utf8.allSatisfy(ASCII.isDigit) else { return nil }
        return Int(digits)
    }
}

private struct JSONParser {
    private let octets: [UInt8]
    private let limits: ReportLimits
    private var at = 0
    private var values = 0

    init(_ octets: [UInt8], _ limits: ReportLimits) {
        self.octets = octets
        self.limits = limits
        if octets.starts(with: [0xEF, 0xBB, 0xBF]) { self.at = 3 }
    }

    private static let malformed = ReportError(.malformed, "the JSON breaks its grammar or ends too early")

    mutating func document() throws(ReportError) -> JSONValue {
        let value = try self.value(depth: 0)
        self.skipSpace()
        guard self.at == self.octets.count else { throw Self.malformed }
        return value
    }

    private mutating func skipSpace() {
        while self.at < self.octets.count, [0x20, 0x09, 0x0A, 0x0D].contains(self.octets[self.at]) { self.at += 1 }
    }

    private mutating func take(_ octet: UInt8) -> Bool {
        self.skipSpace()
        guard self.at < self.octets.count, self.octets[self.at] == octet else { return false }
        self.at += 1
        return true
    }

    /// Depth is bounded, so that the calls within calls are.
    private mutating func value(depth: Int) throws(ReportError) -> JSONValue {
        self.values += 1
        guard depth < self.limits.maximumDepth, self.values <= self.limits.maximumElements else {
            throw ReportError(.tooLarge, "the JSON has too many values, or too deep ones")
        }
        self.skipSpace()
        guard self.at < self.octets.count else { throw Self.malformed }
        switch self.octets[self.at] {
        case ASCII.quote: return .text(try self.string())
        case UInt8(ascii: "{"): return try self.object(depth: depth)
        case ASCII.leftBracket: return try self.array(depth: depth)
        case ASCII.hyphen, UInt8(ascii: "0")...UInt8(ascii: "9"): return self.number()
        default: return try self.word()
        }
    }

    private mutating func object(depth: Int) throws(ReportError) -> JSONValue {
        self.at += 1
        var members: [String: JSONValue] = [:]
        if self.take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            self.skipSpace()
            guard self.at < self.octets.count, self.octets[self.at] == ASCII.quote else { throw Self.malformed }
            let name = try self.string()
            guard self.take(ASCII.colon) else { throw Self.malformed }
            // Of a name that comes twice the first counts.
            let value = try self.value(depth: depth + 1)
            if members[name] == nil { members[name] = value }
        } while self.take(ASCII.comma)
        guard self.take(UInt8(ascii: "}")) else { throw Self.malformed }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(ReportError) -> JSONValue {
        self.at += 1
        var elements: [JSONValue] = []
        if self.take(ASCII.rightBracket) { return .array(elements) }
        repeat { elements.append(try self.value(depth: depth + 1)) } while self.take(ASCII.comma)
        guard self.take(ASCII.rightBracket) else { throw Self.malformed }
        return .array(elements)
    }

    private mutating func number() -> JSONValue {
        let start = self.at
        while self.at < self.octets.count,
            ASCII.isDigit(self.octets[self.at]) || "+-.eE".utf8.contains(self.octets[self.at])
        {
            self.at += 1
        }
        return .number(String(decoding: self.octets[start..<self.at].prefix(64), as: UTF8.self))
    }

    private mutating func word() throws(ReportError) -> JSONValue {
        for (word, value) in [("true", JSONValue.flag(true)), ("false", .flag(false)), ("null", .null)]
        where self.octets[self.at...].starts(with: word.utf8) {
            self.at += word.utf8.count
            return value
        }
        throw Self.malformed
    }

    private mutating func string() throws(ReportError) -> String {
        self.at += 1
        var text: [UInt8] = []
        func keep(_ octets: some Sequence<UInt8>) {
            if text.count < self.limits.maximumTextOctets { text += octets }
        }
        while self.at < self.octets.count {
            let octet = self.octets[self.at]
            self.at += 1
            switch octet {
            case ASCII.quote: return String(decoding: text, as: UTF8.self)
            case ASCII.backslash:
                let scalar = try self.escape()
                keep(String(Character(scalar)).utf8)
            default: keep(CollectionOfOne(octet))
            }
        }
        throw Self.malformed
    }

    private mutating func escape() throws(ReportError) -> Unicode.Scalar {
        guard self.at < self.octets.count else { throw Self.malformed }
        let octet = self.octets[self.at]
        self.at += 1
        switch octet {
        case ASCII.quote, ASCII.backslash, ASCII.slash: return Unicode.Scalar(octet)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw Self.malformed
        }
        let high = try self.unit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard (0xD800...0xDBFF).contains(high), self.octets[self.at...].starts(with: "\\u".utf8) else {
            return "\u{FFFD}"
        }
        self.at += 2
        let low = try self.unit()
        guard (0xDC00...0xDFFF).contains(low) else { return "\u{FFFD}" }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func unit() throws(ReportError) -> UInt32 {
        let digits = self.octets[self.at...].prefix(4).compactMap(ASCII.hexadecimalValue)
        guard digits.count == 4 else { throw Self.malformed }
        self.at += 4
        return digits.reduce(0) { $0 << 4 | UInt32($1) }
    }
}
