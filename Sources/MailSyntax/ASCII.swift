/// The octets of US-ASCII that mail grammars name, and the character classes of RFC 5234 appendix B.1.
///
/// Protocol text is compared and folded octet by octet: Swift's `Character` would take CR LF for one element and
/// would call several other code points line ends.
public enum ASCII {
    /// NUL, which no line of mail may hold.
    public static let nul: UInt8 = 0x00
    /// Horizontal tab.
    public static let tab: UInt8 = 0x09
    /// LF, the second octet of a line ending.
    public static let lf: UInt8 = 0x0A
    /// CR, the first octet of a line ending.
    public static let cr: UInt8 = 0x0D
    /// SP.
    public static let space: UInt8 = 0x20
    /// `"`
    public static let quote: UInt8 = 0x22
    /// `%`
    public static let percent: UInt8 = 0x25
    /// `(`
    public static let leftParenthesis: UInt8 = 0x28
    /// `)`
    public static let rightParenthesis: UInt8 = 0x29
    /// `*`
    public static let asterisk: UInt8 = 0x2A
    /// `+`
    public static let plus: UInt8 = 0x2B
    /// `,`
    public static let comma: UInt8 = 0x2C
    /// `-`
    public static let hyphen: UInt8 = 0x2D
    /// `.`
    public static let dot: UInt8 = 0x2E
    /// `/`
    public static let slash: UInt8 = 0x2F
    /// `0`
    public static let zero: UInt8 = 0x30
    /// `:`
    public static let colon: UInt8 = 0x3A
    /// `;`
    public static let semicolon: UInt8 = 0x3B
    /// `<`
    public static let less: UInt8 = 0x3C
    /// `=`
    public static let equals: UInt8 = 0x3D
    /// `>`
    public static let greater: UInt8 = 0x3E
    /// `?`
    public static let question: UInt8 = 0x3F
    /// `@`
    public static let at: UInt8 = 0x40
    /// `[`
    public static let leftBracket: UInt8 = 0x5B
    /// `\`
    public static let backslash: UInt8 = 0x5C
    /// `]`
    public static let rightBracket: UInt8 = 0x5D
    /// DEL, the last control.
    public static let del: UInt8 = 0x7F

    /// `octet`, with `A`–`Z` made `a`–`z`; every other octet unchanged, those above 127 too.
    @inlinable
    public static func lowercased(_ octet: UInt8) -> UInt8 {
        octet &- 0x41 < 26 ? octet | 0x20 : octet
    }

    /// `octet`, with `a`–`z` made `A`–`Z`; every other octet unchanged, those above 127 too.
    @inlinable
    public static func uppercased(_ octet: UInt8) -> UInt8 {
        octet &- 0x61 < 26 ? octet & 0xDF : octet
    }

    /// ALPHA.
    @inlinable
    public static func isLetter(_ octet: UInt8) -> Bool {
        (octet | 0x20) &- 0x61 < 26
    }

    /// DIGIT.
    @inlinable
    public static func isDigit(_ octet: UInt8) -> Bool {
        octet &- 0x30 < 10
    }

    /// ALPHA or DIGIT.
    @inlinable
    public static func isLetterOrDigit(_ octet: UInt8) -> Bool {
        self.isLetter(octet) || self.isDigit(octet)
    }

    /// CTL: 0–31 and 127.
    @inlinable
    public static func isControl(_ octet: UInt8) -> Bool {
        octet < 0x20 || octet == 0x7F
    }

    /// WSP: SP or HTAB.
    @inlinable
    public static func isWhitespace(_ octet: UInt8) -> Bool {
        octet == 0x20 || octet == 0x09
    }

    /// VCHAR: a visible character, 33–126.
    @inlinable
    public static func isVisible(_ octet: UInt8) -> Bool {
        octet > 0x20 && octet < 0x7F
    }

    /// The value of a hexadecimal digit of either case, or nil.
    @inlinable
    public static func hexadecimalValue(_ octet: UInt8) -> UInt8? {
        if self.isDigit(octet) { return octet &- 0x30 }
        let letter = octet | 0x20
        return letter &- 0x61 < 6 ? letter &- 0x61 &+ 10 : nil
    }

    /// Text with `A`–`Z` made `a`–`z` and nothing else changed.
    public static func lowercased(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(where: { $0 &- 0x41 < 26 }) else { return String(text) }
        return String(decoding: text.utf8.map { self.lowercased($0) }, as: UTF8.self)
    }

    /// Whether both hold the same octets, when the case of ASCII letters is set aside.
    @inlinable
    public static func equalIgnoringCase(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
        left.elementsEqual(right) { self.lowercased($0) == self.lowercased($1) }
    }

    /// Whether both texts hold the same octets, when the case of ASCII letters is set aside.
    @inlinable
    public static func equalIgnoringCase(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        self.equalIgnoringCase(left.utf8, right.utf8)
    }
}
