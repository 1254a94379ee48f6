/// A list of `name=value` directives, separated by commas, as both sides of DIGEST-MD5 write it (RFC 2831 §7.1).
///
/// ```
/// realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8
/// ```
struct DigestDirectives: Sendable {
    /// More directives than both messages of RFC 2831 have together.
    static let maximumCount = 32

    private struct Directive: Sendable {
        /// In lower case.
        var name: [UInt8]
        /// Without the quotes and the backslashes.
        var value: [UInt8]
    }

    private var directives: [Directive] = []

    /// Parses a whole message.
    ///
    /// Spaces and tabs may stand around commas and equals signs, and list elements may be empty (RFC 2616 §2.1).
    ///
    /// - Parameter repeatable: Which directive may stand more than once; any other one that does fails the message, since the
    ///   two sides could take different ones for valid.
    /// - Returns: `nil` for a name or an unquoted value that is no token, a quoted string without its end or with control
    ///   characters, anything between a value and the next comma, too many directives, or none.
    init?(parsing octets: [UInt8], repeatable: String? = nil) {
        var rest = octets[...]
        while true {
            Self.skipWhiteSpace(&rest)
            guard let first = rest.first else { break }
            if first == UInt8(ascii: ",") {
                rest.removeFirst()
                continue
            }
            guard self.directives.count < Self.maximumCount, let name = Self.token(&rest) else { return nil }
            Self.skipWhiteSpace(&rest)
            guard rest.popFirst() == UInt8(ascii: "=") else { return nil }
            Self.skipWhiteSpace(&rest)
            guard let value = rest.first == UInt8(ascii: "\"") ? Self.quotedString(&rest) : Self.token(&rest) else {
                return nil
            }
            Self.skipWhiteSpace(&rest)
            guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
            let directive = Directive(name: Self.lowercased(name), value: value)
            if !directive.name.elementsEqual((repeatable ?? "").utf8),
                self.directives.contains(where: { $0.name == directive.name })
            {
                return nil
            }
            self.directives.append(directive)
        }
        guard !self.directives.isEmpty else { return nil }
    }

    /// The value of the first directive of this name, in lower case; `nil` where there is none.
    subscript(_ name: String) -> [UInt8]? {
        self.directives.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// The values of all directives of this name, in order.
    func values(of name: String) -> [[UInt8]] {
        self.directives.filter { $0.name.elementsEqual(name.utf8) }.map(\.value)
    }

    /// The value between quotes, with a backslash before each quote and backslash.
    static func quote(_ value: some Sequence<UInt8>) -> [UInt8] {
        var quoted = [UInt8(ascii: "\"")]
        for octet in value {
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") {
                quoted.append(UInt8(ascii: "\\"))
            }
            quoted.append(octet)
        }
        quoted.append(UInt8(ascii: "\""))
        return quoted
    }

    /// The octets with ASCII letters in lower case.
    static func lowercased(_ octets: some Sequence<UInt8>) -> [UInt8] {
        octets.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    private static func skipWhiteSpace(_ rest: inout ArraySlice<UInt8>) {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    /// `1*<any CHAR except CTLs or separators>` (RFC 2616 §2.2).
    private static func token(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        let token = rest.prefix(while: self.isTokenOctet)
        guard !token.isEmpty else { return nil }
        rest = rest[token.endIndex...]
        return Array(token)
    }

    private static func isTokenOctet(_ octet: UInt8) -> Bool {
        guard (0x21...0x7E).contains(octet) else { return false }
        return switch octet {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "\\"), UInt8(ascii: "\""),
            UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "?"), UInt8(ascii: "="),
            UInt8(ascii: "{"), UInt8(ascii: "}"):
            false
        default:
            true
        }
    }

    /// A quoted string from its opening quote on. Control characters have no place in any directive, escaped or not.
    private static func quotedString(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        rest.removeFirst()
        var value: [UInt8] = []
        var isEscaped = false
        while let octet = rest.popFirst() {
            guard octet >= 0x20, octet != 0x7F else { return nil }
            if isEscaped {
                // A quoted pair is of ASCII (RFC 2616 §2.2).
                guard octet < 0x80 else { return nil }
                value.append(octet)
                isEscaped = false
            } else if octet == UInt8(ascii: "\\") {
                isEscaped = true
            } else if octet == UInt8(ascii: "\"") {
                return value
            } else {
                value.append(octet)
            }
        }
        return nil
    }
}
