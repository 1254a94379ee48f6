/// An SMTP reply (RFC 5321 §4.2): a code, an enhanced status code where one belongs, and one or more lines of text.
///
///     S: 250-mail.example.org greets [192.0.2.7]
///     S: 250 SMTPUTF8
public struct Reply: Hashable, Sendable, CustomStringConvertible {
    /// Three digits, 200 to 599.
    public var code: Int
    /// Printed at the start of every line (RFC 2034 §4); nil for greetings, EHLO and `334`, which carry none.
    public var enhanced: EnhancedStatusCode?
    /// Text without code, enhanced code or line ending. An empty array prints as one empty line.
    public var lines: [String]

    public init(_ code: Int, _ enhanced: EnhancedStatusCode?, _ lines: String...) {
        self.init(code: code, enhanced: enhanced, lines: lines)
    }

    public init(code: Int, enhanced: EnhancedStatusCode?, lines: [String]) {
        self.code = code
        self.enhanced = enhanced
        self.lines = lines
    }

    /// 2yz: the action was done.
    public var isPositive: Bool { (200..<300).contains(self.code) }
    /// 3yz: more input is wanted.
    public var isIntermediate: Bool { (300..<400).contains(self.code) }
    /// 4yz: it may work later.
    public var isTransient: Bool { (400..<500).contains(self.code) }
    /// 5yz: it will not work.
    public var isPermanent: Bool { (500..<600).contains(self.code) }

    /// The lines joined by a blank: for logs and for people.
    public var text: String { self.lines.joined(separator: " ") }

    public var description: String {
        let status = self.enhanced.map { " \($0)" } ?? ""
        return "\(self.code)\(status) \(self.text)"
    }

    /// The octets on the wire, each line ended by CRLF.
    ///
    /// A control octet in the text becomes `?`, so that nothing that a peer said can forge a second line.
    public func encode() -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(64)
        self.encode(into: &octets)
        return octets
    }

    /// Appends what ``encode()`` returns.
    public func encode(into octets: inout [UInt8]) {
        let lines = self.lines.isEmpty ? [""] : self.lines
        for (index, line) in lines.enumerated() {
            Reply.append(self.code, to: &octets)
            octets.append(index == lines.count - 1 ? UInt8(ascii: " ") : UInt8(ascii: "-"))
            if let enhanced = self.enhanced {
                Reply.append(enhanced.class, to: &octets)
                octets.append(UInt8(ascii: "."))
                Reply.append(enhanced.subject, to: &octets)
                octets.append(UInt8(ascii: "."))
                Reply.append(enhanced.detail, to: &octets)
                octets.append(UInt8(ascii: " "))
            }
            for octet in line.utf8 {
                octets.append(octet < 0x20 || octet == 0x7f ? UInt8(ascii: "?") : octet)
            }
            octets.append(0x0d)
            octets.append(0x0a)
        }
    }

    private static func append(_ number: Int, to octets: inout [UInt8]) {
        if number >= 100 { octets.append(UInt8(truncatingIfNeeded: 0x30 + number / 100 % 10)) }
        if number >= 10 { octets.append(UInt8(truncatingIfNeeded: 0x30 + number / 10 % 10)) }
        octets.append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }
}
