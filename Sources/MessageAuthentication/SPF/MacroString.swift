internal import MailSyntax

/// Text with macros (RFC 7208 §7.1), read and found valid.
struct MacroString: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        /// Octets that stand for themselves.
        case literal([UInt8])
        /// `%%`, `%_`, `%-`: the octets they stand for.
        case escape([UInt8])
        case macro(Macro)
    }

    /// `%{l1r+-}`
    struct Macro: Hashable, Sendable {
        /// Lower case.
        var letter: UInt8
        /// Whether the letter was upper case: the expansion is percent-encoded.
        var isURLEncoded: Bool
        /// How many parts on the right are kept; nil for all.
        var count: Int?
        var isReversed: Bool
        /// What separates parts; a dot when none is given.
        var delimiters: [UInt8]
    }

    private(set) var parts: [Part] = []
    private let text: [UInt8]

    private static let letters = Array("slodiphcrtv".utf8)
    private static let explanationLetters = Array("crt".utf8)
    private static let delimiters = Array(".-+,/_=".utf8)

    /// Reads macro-string, or explain-string when spaces are allowed.
    ///
    /// - Returns: nil when an octet is not allowed or a macro is not valid.
    init?(parsing text: some Sequence<UInt8>, allowsSpace: Bool = false) {
        self.text = Array(text)
        var literal: [UInt8] = []
        var rest = self.text[...]
        while let octet = rest.popFirst() {
            guard octet == ASCII.percent else {
                guard ASCII.isVisible(octet) || (allowsSpace && octet == ASCII.space) else { return nil }
                literal.append(octet)
                continue
            }
            if !literal.isEmpty { self.parts.append(.literal(literal)) }
            literal = []
            switch rest.popFirst() {
            case ASCII.percent: self.parts.append(.escape([ASCII.percent]))
            case UInt8(ascii: "_"): self.parts.append(.escape([ASCII.space]))
            case ASCII.hyphen: self.parts.append(.escape(Array("%20".utf8)))
            case UInt8(ascii: "{"):
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")), let macro = Self.macro(rest[..<end]) else {
                    return nil
                }
                self.parts.append(.macro(macro))
                rest = rest[(end + 1)...]
            default: return nil
            }
        }
        if !literal.isEmpty { self.parts.append(.literal(literal)) }
    }

    private static func macro(_ text: ArraySlice<UInt8>) -> Macro? {
        var rest = text
        guard let letter = rest.popFirst(), Self.letters.contains(ASCII.lowercased(letter)) else { return nil }
        let digits = rest.prefix(while: ASCII.isDigit)
        rest = rest.dropFirst(digits.count)
        var count: Int?
        if !digits.isEmpty {
            // No name has more than 127 labels; a larger number keeps all. Zero is not allowed (RFC 7208 §7.1).
            let value = digits.reduce(0) { min($0 * 10 + Int($1 &- ASCII.zero), 1000) }
            guard value > 0 else { return nil }
            count = value
        }
        var isReversed = false
        if let first = rest.first, ASCII.lowercased(first) == UInt8(ascii: "r") {
            isReversed = true
            rest = rest.dropFirst()
        }
        guard rest.allSatisfy(Self.delimiters.contains) else { return nil }
        return Macro(
            letter: ASCII.lowercased(letter),
            isURLEncoded: letter != ASCII.lowercased(letter),
            count: count,
            isReversed: isReversed,
            delimiters: rest.isEmpty ? [ASCII.dot] : Array(rest)
        )
    }

    /// Whether it uses a macro that only explanations may (RFC 7208 §7.2).
    var usesExplanationMacros: Bool { self.uses { Self.explanationLetters.contains($0) } }

    /// Whether the client's name is needed, which costs look-ups.
    var usesClientName: Bool { self.uses { $0 == UInt8(ascii: "p") } }

    private func uses(_ isMeant: (UInt8) -> Bool) -> Bool {
        self.parts.contains { if case .macro(let macro) = $0 { isMeant(macro.letter) } else { false } }
    }

    /// Whether it ends as a domain-spec must: in a macro or escape, or in `.` and a label that is no number.
    var endsAsDomain: Bool {
        switch self.parts.last {
        case .macro, .escape: return true
        case nil: return false
        case .literal(var octets):
            if octets.last == ASCII.dot { octets.removeLast() }
            guard let dot = octets.lastIndex(of: ASCII.dot) else { return false }
            let label = octets[(dot + 1)...]
            guard let first = label.first, let last = label.last, ASCII.isLetterOrDigit(first),
                ASCII.isLetterOrDigit(last),
                label.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen })
            else { return false }
            return !label.allSatisfy(ASCII.isDigit)
        }
    }
}

extension MacroString: CustomStringConvertible {
    /// The text as written.
    var description: String { String(decoding: self.text, as: UTF8.self) }
}
