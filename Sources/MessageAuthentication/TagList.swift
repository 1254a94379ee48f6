internal import MailSyntax

/// A list of `name=value` pairs with semicolons between, as DKIM and ARC fields, DKIM key records and DMARC records are
/// written (RFC 6376 §3.2).
///
/// ```
/// v=DKIM1; k=rsa; t=s:y; p=MIGfMA0GCSqGSIb3DQEB…
/// ```
///
/// Names are compared with their case. A list that names a tag twice is invalid as a whole, since two readers would
/// choose differently.
public struct TagList: Hashable, Sendable {
    /// One pair.
    public struct Tag: Hashable, Sendable {
        /// The name: a letter, then letters, digits and underscores.
        public let name: String
        /// The value's octets without the white space around it; white space and folding inside it are kept.
        public let value: [UInt8]
        /// Where the value stands in the octets that were parsed, the white space around it included.
        public let range: Range<Int>

        /// The value as text; octets that are no UTF-8 become U+FFFD.
        public var text: String { String(decoding: self.value, as: UTF8.self) }

        /// The value without any white space or folding, as base64 and lists are read.
        public var compact: [UInt8] { self.value.filter { !TagList.isSpace($0) } }

        /// The elements of a list with colons between, white space around each removed; empty ones are kept.
        public var elements: [ArraySlice<UInt8>] {
            self.value.split(separator: ASCII.colon, omittingEmptySubsequences: false).map(TagList.trimmed)
        }

        /// The decimal number that the value is, or nil for anything else and for more than `digits` digits.
        public func number(maximumDigits digits: Int) -> UInt64? {
            guard (1...max(1, digits)).contains(self.value.count), self.value.allSatisfy(ASCII.isDigit) else {
                return nil
            }
            var number: UInt64 = 0
            for digit in self.value {
                let (product, overflow) = number.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit &- ASCII.zero))
                // More than 64 bits hold is more than anything it counts.
                guard !overflow, !carry else { return .max }
                number = sum
            }
            return number
        }
    }

    /// Why octets are no tag list.
    public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// Nothing stands between two semicolons, or nothing at all in the list.
        case emptyTag
        /// A tag has no `=`.
        case missingEquals
        /// A name is empty or has other than letters, digits and underscores.
        case invalidName
        /// A value has a control octet, or a CR or LF that does not fold a line.
        case invalidValue(name: String)
        /// A name stands twice.
        case duplicate(name: String)
        /// More than ``TagList/maximumTags``.
        case tooManyTags

        /// The rule that was broken, in words.
        public var description: String {
            switch self {
            case .emptyTag: "a tag is empty"
            case .missingEquals: "a tag has no \"=\""
            case .invalidName: "a tag's name is not valid"
            case .invalidValue(let name): "the value of \(name)= has octets that are not allowed"
            case .duplicate(let name): "\(name)= stands twice"
            case .tooManyTags: "there are more than \(TagList.maximumTags) tags"
            }
        }
    }

    /// The most tags of a list.
    public static let maximumTags = 64

    /// The tags in the order they stand.
    public let tags: [Tag]

    /// Reads a list: the body of a header field with its folding, or the joined strings of a TXT record.
    ///
    /// - Parameter octets: All of it; a last semicolon may end it. Values may hold UTF-8 (RFC 8616 §2).
    /// - Complexity: O(n).
    public init(parsing octets: some Collection<UInt8>) throws(Fault) {
        let octets = Array(octets)
        var tags: [Tag] = []
        var names: Set<String> = []
        var start = 0
        while start <= octets.count {
            let end = octets[start...].firstIndex(of: ASCII.semicolon) ?? octets.count
            let specification = octets[start..<end]
            let isLast = end == octets.count
            if Self.trimmed(specification).isEmpty {
                // Only what follows the last semicolon may be empty.
                guard isLast, !tags.isEmpty else { throw .emptyTag }
                break
            }
            guard tags.count < Self.maximumTags else { throw .tooManyTags }
            guard let equals = specification.firstIndex(of: ASCII.equals) else { throw .missingEquals }
            let name = Self.trimmed(specification[..<equals])
            guard let first = name.first, ASCII.isLetter(first),
                name.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") })
            else { throw .invalidName }
            let text = String(decoding: name, as: UTF8.self)
            let range = (equals + 1)..<end
            guard Self.isValue(octets[range]) else { throw .invalidValue(name: text) }
            guard names.insert(text).inserted else { throw .duplicate(name: text) }
            tags.append(Tag(name: text, value: Array(Self.trimmed(octets[range])), range: range))
            start = end + 1
            if isLast { break }
        }
        self.tags = tags
    }

    /// The tag of a name, the case of letters counting.
    public subscript(name: String) -> Tag? {
        self.tags.first { $0.name == name }
    }

    static func isSpace(_ octet: UInt8) -> Bool {
        ASCII.isWhitespace(octet) || octet == ASCII.cr || octet == ASCII.lf
    }

    static func trimmed(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = octets.firstIndex { !self.isSpace($0) } ?? octets.endIndex
        let end = octets.lastIndex { !self.isSpace($0) }.map { $0 + 1 } ?? start
        return octets[start..<end]
    }

    /// Visible ASCII, octets above 127, white space, and CRLF before white space or at the end.
    private static func isValue(_ octets: ArraySlice<UInt8>) -> Bool {
        var index = octets.startIndex
        while index < octets.endIndex {
            let octet = octets[index]
            if octet == ASCII.cr {
                guard index + 1 < octets.endIndex, octets[index + 1] == ASCII.lf else { return false }
                guard index + 2 == octets.endIndex || ASCII.isWhitespace(octets[index + 2]) else { return false }
                index += 2
                continue
            }
            guard !ASCII.isControl(octet) || octet == ASCII.tab else { return false }
            index += 1
        }
        return true
    }
}
