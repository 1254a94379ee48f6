internal import MailSyntax

extension AuthenticationResults {
    /// Why a value cannot be read.
    public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
        /// The rule that was broken.
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    /// The most octets of a value that are read.
    public static let maximumOctets = 1 << 16

    /// Reads the value of a field, folded or not (RFC 8601 §2.2). Comments are dropped, save the first after each result.
    ///
    /// Two things that others write are read though the grammar has them not: a semicolon at the end, and underscores in
    /// names.
    ///
    /// - Complexity: O(n).
    public init(parsing octets: some Collection<UInt8>) throws(SyntaxError) {
        guard octets.count <= Self.maximumOctets else { throw SyntaxError("the field is too long") }
        var parser = AuthenticationResultsParser(octets: Array(octets))
        self = try parser.read()
    }

    /// Reads a value from text.
    public init(parsing text: String) throws(SyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// Reads authres-payload from left to right, each octet once.
struct AuthenticationResultsParser {
    typealias SyntaxError = AuthenticationResults.SyntaxError

    private let octets: [UInt8]
    private var index = 0

    init(octets: [UInt8]) {
        self.octets = octets
    }

    private var next: UInt8? { self.index < self.octets.count ? self.octets[self.index] : nil }

    mutating func read() throws(SyntaxError) -> AuthenticationResults {
        _ = try self.skipSpace()
        var results = AuthenticationResults(serviceIdentifier: try self.value())
        _ = try self.skipSpace()
        if let next, ASCII.isDigit(next) {
            results.version = try self.number()
            _ = try self.skipSpace()
        }
        guard self.next == ASCII.semicolon else { throw SyntaxError("a semicolon must follow the identifier") }
        while self.take(ASCII.semicolon) {
            _ = try self.skipSpace()
            guard self.next != nil else { break }
            let name = try self.keyword()
            _ = try self.skipSpace()
            if ASCII.equalIgnoringCase(name, "none"), results.results.isEmpty, self.next == nil { return results }
            results.results.append(try self.result(of: name))
        }
        guard self.next == nil else { throw SyntaxError("a semicolon must stand between results") }
        guard !results.results.isEmpty else { throw SyntaxError("there is no result") }
        return results
    }

    /// The rest of a result whose method's name was read.
    private mutating func result(of method: String) throws(SyntaxError) -> AuthenticationResults.Result {
        var version: Int?
        if self.take(ASCII.slash) {
            _ = try self.skipSpace()
            version = try self.number()
            _ = try self.skipSpace()
        }
        guard self.take(ASCII.equals) else { throw SyntaxError("= must follow a method") }
        _ = try self.skipSpace()
        var result = AuthenticationResults.Result(
            .init(rawValue: method),
            try self.keyword(),
            methodVersion: version
        )
        result.comment = try self.skipSpace()
        while let next, next != ASCII.semicolon {
            let type = try self.keyword()
            _ = try self.skipSpace()
            if self.take(ASCII.equals) {
                guard ASCII.equalIgnoringCase(type, "reason"), result.reason == nil, result.properties.isEmpty else {
                    throw SyntaxError("a property needs type, dot and name")
                }
                _ = try self.skipSpace()
                result.reason = try self.value()
            } else {
                guard self.take(ASCII.dot) else { throw SyntaxError("a property needs type, dot and name") }
                _ = try self.skipSpace()
                let name = try self.keyword()
                _ = try self.skipSpace()
                guard self.take(ASCII.equals) else { throw SyntaxError("= must follow a property") }
                _ = try self.skipSpace()
                result.properties.append(.init(.init(rawValue: type), name, try self.propertyValue()))
            }
            _ = try self.skipSpace()
        }
        return result
    }

    private mutating func take(_ octet: UInt8) -> Bool {
        guard self.next == octet else { return false }
        self.index += 1
        return true
    }

    private mutating func run(_ isMember: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = self.index
        while let next, isMember(next) { self.index += 1 }
        return self.octets[start..<self.index]
    }

    private mutating func keyword() throws(SyntaxError) -> String {
        let octets = self.run { ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen || $0 == UInt8(ascii: "_") }
        guard !octets.isEmpty else { throw SyntaxError("a name is missing") }
        return String(decoding: octets, as: UTF8.self)
    }

    private mutating func number() throws(SyntaxError) -> Int {
        let digits = self.run(ASCII.isDigit)
        guard (1...9).contains(digits.count) else { throw SyntaxError("a version is not a number") }
        return digits.reduce(0) { $0 * 10 + Int($1 &- ASCII.zero) }
    }

    /// A token or quoted-string.
    private mutating func value() throws(SyntaxError) -> String {
        if self.next == ASCII.quote { return try self.quotedString() }
        let octets = self.run(HeaderText.isToken)
        guard !octets.isEmpty else { throw SyntaxError("a value is missing") }
        return String(decoding: octets, as: UTF8.self)
    }

    /// A value, or an address without angle brackets; also what others leave unquoted, such as base64 and selectors.
    private mutating func propertyValue() throws(SyntaxError) -> String {
        var text = ""
        if self.next == ASCII.quote {
            text = try self.quotedString()
            guard self.next == ASCII.at else { return text }
        }
        let octets = self.run { octet in
            HeaderText.isAtomText(octet) || HeaderText.isToken(octet) || octet == ASCII.at || octet == ASCII.colon
                || octet == ASCII.leftBracket || octet == ASCII.rightBracket || octet == ASCII.comma
        }
        guard !octets.isEmpty else { throw SyntaxError("a value is missing") }
        return text + String(decoding: octets, as: UTF8.self)
    }

    /// The content of a quoted string, folding removed.
    private mutating func quotedString() throws(SyntaxError) -> String {
        self.index += 1
        var content: [UInt8] = []
        while let octet = self.next {
            self.index += 1
            switch octet {
            case ASCII.quote: return String(decoding: content, as: UTF8.self)
            case ASCII.backslash:
                guard let escaped = self.next, !ASCII.isControl(escaped) || escaped == ASCII.tab else {
                    throw SyntaxError("a quoted string is not valid")
                }
                content.append(escaped)
                self.index += 1
            case ASCII.cr where self.next == ASCII.lf:
                self.index += 1
            default:
                guard !ASCII.isControl(octet) || octet == ASCII.tab else {
                    throw SyntaxError("a quoted string is not valid")
                }
                content.append(octet)
            }
        }
        throw SyntaxError("a quoted string is never closed")
    }

    /// Passes over CFWS (RFC 5322 §3.2.2).
    ///
    /// - Returns: The text of its first comment, without the parentheses, escapes undone; nil when there is none.
    private mutating func skipSpace() throws(SyntaxError) -> String? {
        var depth = 0
        var comment: [UInt8] = []
        var first: String?
        while let octet = self.next {
            switch octet {
            case ASCII.space, ASCII.tab:
                if depth > 0 { comment.append(octet) }
            case ASCII.cr:
                guard self.index + 1 < self.octets.count, self.octets[self.index + 1] == ASCII.lf else {
                    throw SyntaxError("a CR stands alone")
                }
                self.index += 1
            case ASCII.leftParenthesis:
                if depth > 0 { comment.append(octet) }
                depth += 1
            case ASCII.rightParenthesis where depth > 0:
                depth -= 1
                if depth > 0 {
                    comment.append(octet)
                } else {
                    first = first ?? String(decoding: comment, as: UTF8.self)
                    comment = []
                }
            case ASCII.backslash where depth > 0:
                self.index += 1
                guard let escaped = self.next, !ASCII.isControl(escaped) else {
                    throw SyntaxError("a comment is not valid")
                }
                comment.append(escaped)
            default:
                guard depth > 0 else { return first }
                guard !ASCII.isControl(octet) else { throw SyntaxError("a comment is not valid") }
                comment.append(octet)
            }
            self.index += 1
        }
        guard depth == 0 else { throw SyntaxError("a comment is never closed") }
        return first
    }
}
