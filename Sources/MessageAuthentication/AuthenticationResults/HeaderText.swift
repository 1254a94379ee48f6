internal import MailSyntax

/// Pieces of trace fields, safe whatever text goes in.
enum HeaderText {
    /// A comment (RFC 5322 §3.2.2); parentheses and backslashes are escaped, controls but tabs become `?`.
    static func comment(_ text: String) -> String {
        "(" + Self.escaped(text) { $0 == ASCII.leftParenthesis || $0 == ASCII.rightParenthesis } + ")"
    }

    /// A quoted-string (RFC 5322 §3.2.4); controls but tabs become `?`.
    static func quoted(_ text: String) -> String {
        "\"" + Self.escaped(text) { $0 == ASCII.quote } + "\""
    }

    /// The text itself when it is a dot-atom, else a quoted-string.
    static func dotAtomOrQuoted(_ text: String) -> String {
        let atoms = Array(text.utf8).split(separator: ASCII.dot, omittingEmptySubsequences: false)
        return atoms.allSatisfy { !$0.isEmpty && $0.allSatisfy(Self.isAtomText) } ? text : Self.quoted(text)
    }

    /// The text itself when it is a token of MIME (RFC 2045 §5.1), else a quoted-string.
    static func tokenOrQuoted(_ text: String) -> String {
        !text.isEmpty && text.utf8.allSatisfy(Self.isToken) ? text : Self.quoted(text)
    }

    /// `atext` of RFC 5322 §3.2.3, or an octet of UTF-8 beyond ASCII (RFC 6532 §3.2).
    static func isAtomText(_ octet: UInt8) -> Bool {
        octet >= 0x80 || ASCII.isLetterOrDigit(octet) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(octet)
    }

    /// An octet of a token, or of UTF-8 beyond ASCII.
    static func isToken(_ octet: UInt8) -> Bool {
        octet >= 0x80 || (ASCII.isVisible(octet) && !"()<>@,;:\\\"/[]?=".utf8.contains(octet))
    }

    private static func escaped(_ text: String, _ isSpecial: (UInt8) -> Bool) -> String {
        var octets: [UInt8] = []
        for octet in text.utf8 {
            if isSpecial(octet) || octet == ASCII.backslash { octets.append(ASCII.backslash) }
            octets.append(ASCII.isControl(octet) && octet != ASCII.tab ? ASCII.question : octet)
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
