/// The members of one JSON object (RFC 8259) as servers send them about tokens: texts, numbers and flags; what is nested is checked and left out.
///
/// Takes input of any kind without trapping: octets, depth and members are bounded, a name that comes twice spoils the whole.
package struct JSONObject: Sendable, Hashable {
    package enum Value: Sendable, Hashable {
        case text(String)
        /// As written.
        case number(String)
        case flag(Bool)
        case null
        /// An array or an object.
        case nested
    }

    /// Longer input is refused unread.
    package static let maximumOctets = 262_144
    static let maximumDepth = 16
    static let maximumMembers = 256

    package let members: [String: Value]

    /// - Returns: nil for anything but one well-formed object.
    package init?(_ octets: some Collection<UInt8>) {
        guard octets.count <= Self.maximumOctets else { return nil }
        var parser = JSONParser(Array(octets))
        guard let members = parser.document() else { return nil }
        self.members = members
    }

    package func text(_ name: String) -> String? {
        guard case .text(let text) = self.members[name] else { return nil }
        return text
    }

    /// A whole number that is not negative, be it written as a number or, as some servers do, as a text.
    package func integer(_ name: String) -> Int? {
        let digits: String
        switch self.members[name] {
        case .number(let text), .text(let text): digits = text
        case .flag, .null, .nested, nil: return nil
        }
        guard (1...15).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }
}

private struct JSONParser {
    private let octets: [UInt8]
    private var at = 0

    init(_ octets: [UInt8]) {
        self.octets = octets
    }

    mutating func document() -> [String: JSONObject.Value]? {
        self.skipSpace()
        guard let members = self.object(depth: 1) else { return nil }
        self.skipSpace()
        return self.at == self.octets.count ? members : nil
    }

    private var next: UInt8? { self.at < self.octets.count ? self.octets[self.at] : nil }

    private mutating func take(_ octet: Character) -> Bool {
        guard let expected = octet.asciiValue, self.next == expected else { return false }
        self.at += 1
        return true
    }

    private mutating func skipSpace() {
        while let octet = self.next, octet == 0x20 || octet == 0x09 || octet == 0x0a || octet == 0x0d { self.at += 1 }
    }

    private mutating func object(depth: Int) -> [String: JSONObject.Value]? {
        guard depth <= JSONObject.maximumDepth, self.take("{") else { return nil }
        var members: [String: JSONObject.Value] = [:]
        self.skipSpace()
        if self.take("}") { return members }
        while members.count < JSONObject.maximumMembers {
            self.skipSpace()
            guard let name = self.string() else { return nil }
            self.skipSpace()
            guard self.take(":"), let value = self.value(depth: depth) else { return nil }
            guard members.updateValue(value, forKey: name) == nil else { return nil }
            self.skipSpace()
            if self.take("}") { return members }
            guard self.take(",") else { return nil }
        }
        return nil
    }

    private mutating func array(depth: Int) -> Bool {
        guard depth <= JSONObject.maximumDepth, self.take("[") else { return false }
        self.skipSpace()
        if self.take("]") { return true }
        while true {
            guard self.value(depth: depth) != nil else { return false }
            self.skipSpace()
            if self.take("]") { return true }
            guard self.take(",") else { return false }
        }
    }

    private mutating func value(depth: Int) -> JSONObject.Value? {
        self.skipSpace()
        switch self.next {
        case UInt8(ascii: "\""): return self.string().map { .text($0) }
        case UInt8(ascii: "{"): return self.object(depth: depth + 1).map { _ in .nested }
        case UInt8(ascii: "["): return self.array(depth: depth + 1) ? .nested : nil
        case UInt8(ascii: "t"): return self.word("true") ? .flag(true) : nil
        case UInt8(ascii: "f"): return self.word("false") ? .flag(false) : nil
        case UInt8(ascii: "n"): return self.word("null") ? .null : nil
        default: return self.number()
        }
    }

    private mutating func word(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        let isThere = word.withUTF8Buffer { self.octets[self.at...].prefix(length).elementsEqual($0) }
        if isThere { self.at += length }
        return isThere
    }

    private mutating func number() -> JSONObject.Value? {
        let start = self.at
        while let octet = self.next,
            (0x30...0x39).contains(octet) || octet == 0x2b || octet == 0x2d || octet == 0x2e || octet | 0x20 == 0x65
        {
            self.at += 1
        }
        let text = self.octets[start..<self.at]
        guard (1...64).contains(text.count), text.contains(where: { (0x30...0x39).contains($0) }) else { return nil }
        return .number(String(decoding: text, as: UTF8.self))
    }

    private mutating func string() -> String? {
        guard self.take("\"") else { return nil }
        var text: [UInt8] = []
        while let octet = self.next {
            self.at += 1
            switch octet {
            case UInt8(ascii: "\""):
                return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard self.escape(into: &text) else { return nil }
            case 0..<0x20:
                return nil
            default:
                text.append(octet)
            }
        }
        return nil
    }

    private mutating func escape(into text: inout [UInt8]) -> Bool {
        guard let octet = self.next else { return false }
        self.at += 1
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(octet)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard var code = self.hexadecimal() else { return false }
            if (0xd800..<0xdc00).contains(code) {
                guard self.take("\\"), self.take("u"), let low = self.hexadecimal(), (0xdc00..<0xe000).contains(low)
                else { return false }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { return false }
            text += Array(String(Character(scalar)).utf8)
        default: return false
        }
        return true
    }

    private mutating func hexadecimal() -> UInt32? {
        guard self.at + 4 <= self.octets.count else { return nil }
        var code: UInt32 = 0
        for octet in self.octets[self.at..<(self.at + 4)] {
            switch octet {
            case 0x30...0x39: code = code << 4 | UInt32(octet - 0x30)
            case 0x41...0x46, 0x61...0x66: code = code << 4 | UInt32((octet | 0x20) - 0x61 + 10)
            default: return nil
            }
        }
        self.at += 4
        return code
    }
}
