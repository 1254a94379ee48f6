internal import MailSyntax

/// Reads an XML document child by child of its root: enough of XML 1.0 for reports, and no more.
///
/// A document type declaration is refused, so that there are no entities but the five of XML and no way to unfold or to
/// fetch anything. Namespaces are set aside: reporters forget and invent them. An ampersand that begins no reference is taken
/// for itself, as reporters write the names of companies so.
struct XMLReader {
    private let octets: [UInt8]
    private let limits: ReportLimits
    private var at = 0
    private var elements = 0
    /// Texts of the elements that are open, beside `open`.
    private var texts: [[UInt8]] = []
    private var open: [XMLElement] = []
    /// Full names, which the end tags must repeat.
    private var names: [[UInt8]] = []

    /// Reads `octets`, which are UTF-8; others are mended.
    init(_ octets: [UInt8], _ limits: ReportLimits) {
        self.octets = octets
        self.limits = limits
    }

    private static func malformed(_ reason: String) -> ReportError { ReportError(.malformed, "the XML \(reason)") }

    /// - Parameter body: Gets each child of the root when it is whole, in order.
    /// - Returns: The name of the root.
    mutating func read(_ body: (XMLElement) throws(ReportError) -> Void) throws(ReportError) -> String {
        if self.octets.starts(with: [0xFE, 0xFF]) || self.octets.starts(with: [0xFF, 0xFE]) {
            throw ReportError(.unsupported, "the XML is not UTF-8")
        }
        if self.octets.starts(with: [0xEF, 0xBB, 0xBF]) { self.at = 3 }
        var root: String?
        // In the child that is open.
        var childElements = 0
        while root == nil || !self.open.isEmpty {
            try self.readText()
            guard self.at < self.octets.count else { throw Self.malformed("ends too early") }
            if self.skipsMarkup("<!--", until: "-->") || self.skipsMarkup("<?", until: "?>") { continue }
            if self.starts(with: "<![CDATA[") {
                try self.readLiteral()
            } else if self.starts(with: "<!") {
                throw ReportError(.unsupported, "the XML declares a document type, which reports have no need of")
            } else if self.starts(with: "</") {
                guard let element = try self.readEnd() else { break }
                if self.open.count == 1 {
                    childElements = 0
                    try body(element)
                } else if let last = self.open.indices.last {
                    self.open[last].children.append(element)
                }
            } else {
                childElements += 1
                guard childElements <= self.limits.maximumRecordElements + 1 else {
                    throw ReportError(.tooLarge, "a part of the XML has too many elements")
                }
                let isEmpty = try self.readStart()
                if root == nil { root = self.open.first?.name }
                guard isEmpty else { continue }
                let element = self.close()
                if self.open.count == 1 {
                    childElements = 0
                    try body(element)
                } else if let last = self.open.indices.last {
                    self.open[last].children.append(element)
                }
            }
        }
        return root ?? ""
    }

    private func starts(with text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard self.octets.count - self.at >= count else { return false }
        return (0..<count).allSatisfy { self.octets[self.at + $0] == text.utf8Start[$0] }
    }

    /// Skips a comment or an instruction, to the end of the document when it has no end.
    private mutating func skipsMarkup(_ start: StaticString, until end: StaticString) -> Bool {
        guard self.starts(with: start) else { return false }
        self.at += start.utf8CodeUnitCount
        while self.at < self.octets.count, !self.starts(with: end) { self.at += 1 }
        self.at = min(self.octets.count, self.at + end.utf8CodeUnitCount)
        return true
    }

    private mutating func readLiteral() throws(ReportError) {
        self.at += 9
        while !self.starts(with: "]]>") {
            guard self.at < self.octets.count else { throw Self.malformed("ends too early") }
            self.keep(self.octets[self.at])
            self.at += 1
        }
        self.at += 3
    }

    private mutating func keep(_ octet: UInt8) {
        guard let last = self.texts.indices.last, self.texts[last].count < self.limits.maximumTextOctets else { return }
        self.texts[last].append(octet)
    }

    /// Text up to the next markup. Outside the root it is passed over.
    private mutating func readText() throws(ReportError) {
        while self.at < self.octets.count, self.octets[self.at] != ASCII.less {
            let octet = self.octets[self.at]
            if octet == UInt8(ascii: "&"), let (scalar, count) = self.reference() {
                for octet in String(Character(scalar)).utf8 { self.keep(octet) }
                self.at += count
            } else {
                self.keep(octet)
                self.at += 1
            }
        }
    }

    /// The character of the reference here, and how long the reference is.
    private func reference() -> (Unicode.Scalar, count: Int)? {
        // The longest is `&#1114111;`.
        guard let end = self.octets[self.at...].prefix(11).firstIndex(of: ASCII.semicolon) else { return nil }
        let name = self.octets[(self.at + 1)..<end]
        let count = end + 1 - self.at
        if name.first == UInt8(ascii: "#") {
            let isHexadecimal = name.dropFirst().first.map { ASCII.lowercased($0) } == UInt8(ascii: "x")
            let digits = name.dropFirst(isHexadecimal ? 2 : 1)
            guard digits.allSatisfy({ ASCII.hexadecimalValue($0) != nil }),
                let value = UInt32(String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10),
                value >= 0x20 || value == 9 || value == 10 || value == 13
            else { return nil }
            return Unicode.Scalar(value).map { ($0, count) }
        }
        let known: [(StaticString, Unicode.Scalar)] = [
            ("lt", "<"), ("gt", ">"), ("amp", "&"), ("quot", "\""), ("apos", "'"),
        ]
        for (word, scalar) in known {
            let text = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
            if name.elementsEqual(text) { return (scalar, count) }
        }
        return nil
    }

    private mutating func readName() throws(ReportError) -> [UInt8] {
        let start = self.at
        while self.at < self.octets.count, Self.isNamePart(self.octets[self.at]) { self.at += 1 }
        guard self.at > start, self.at - start <= 128 else { throw Self.malformed("has a tag without a name") }
        return Array(self.octets[start..<self.at])
    }

    private static func isNamePart(_ octet: UInt8) -> Bool {
        ASCII.isLetterOrDigit(octet) || octet == ASCII.colon || octet == ASCII.hyphen || octet == ASCII.dot
            || octet == UInt8(ascii: "_") || octet >= 0x80
    }

    private mutating func skipSpace() {
        while self.at < self.octets.count, self.octets[self.at] <= ASCII.space { self.at += 1 }
    }

    /// - Returns: Whether the element ends with its tag.
    private mutating func readStart() throws(ReportError) -> Bool {
        self.at += 1
        let name = try self.readName()
        self.elements += 1
        guard self.elements <= self.limits.maximumElements, self.open.count < self.limits.maximumDepth else {
            throw ReportError(.tooLarge, "the XML has too many elements, or too deep ones")
        }
        let local = name.split(separator: ASCII.colon, omittingEmptySubsequences: false).last ?? []
        self.open.append(XMLElement(name: String(decoding: local, as: UTF8.self)))
        self.texts.append([])
        self.names.append(name)
        var quote: UInt8?
        while self.at < self.octets.count {
            let octet = self.octets[self.at]
            self.at += 1
            if let open = quote {
                if octet == open { quote = nil }
            } else if octet == ASCII.quote || octet == UInt8(ascii: "'") {
                quote = octet
            } else if octet == ASCII.greater {
                return self.octets[self.at - 2] == ASCII.slash
            } else if octet == ASCII.less {
                throw Self.malformed("has a tag in a tag")
            }
        }
        throw Self.malformed("ends too early")
    }

    /// - Returns: The element that ended; nil when it was the root.
    private mutating func readEnd() throws(ReportError) -> XMLElement? {
        self.at += 2
        let name = try self.readName()
        self.skipSpace()
        guard self.at < self.octets.count, self.octets[self.at] == ASCII.greater, self.names.last == name else {
            throw Self.malformed("has an end tag in the wrong place")
        }
        self.at += 1
        let element = self.close()
        return self.open.isEmpty ? nil : element
    }

    private mutating func close() -> XMLElement {
        self.names.removeLast()
        var octets = (self.texts.popLast() ?? [])[...]
        while let first = octets.first, first <= ASCII.space { octets.removeFirst() }
        while let last = octets.last, last <= ASCII.space { octets.removeLast() }
        var element = self.open.popLast() ?? XMLElement(name: "")
        element.text = String(decoding: octets, as: UTF8.self)
        return element
    }
}
