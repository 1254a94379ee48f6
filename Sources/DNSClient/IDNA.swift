internal import CIDN2
internal import Glibc

/// Internationalised domain names (RFC 5891, with the mapping of UTS #46, non-transitional): U-labels to A-labels and back.
public enum IDNA {
    /// Why a name cannot be converted.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The rule that was broken, in words.
        public var description: String
    }

    /// The name in A-labels, lower case, as DNS and TLS need it: `bücher.example` gives `xn--bcher-kva.example`.
    ///
    /// Labels of ASCII alone are made lower case and otherwise left alone, underscores included.
    public static func toASCII(_ name: String) throws(Failure) -> String {
        guard !name.utf8.contains(0) else { throw Failure(description: "the name holds a NUL") }
        if name.utf8.allSatisfy({ $0 < 0x80 }) {
            return String(decoding: name.utf8.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
        }
        return try self.convert(name) { idn2_to_ascii_8z($0, $1, Int32(IDN2_NONTRANSITIONAL.rawValue)) }
    }

    /// The name in U-labels, as people read it: `xn--bcher-kva.example` gives `bücher.example`.
    ///
    /// - Throws: ``Failure`` too when converting back does not give `name` again: such a name is made to deceive.
    public static func toUnicode(_ name: String) throws(Failure) -> String {
        let ascii = try self.toASCII(name)
        let unicode = try self.convert(ascii) { idn2_to_unicode_8z8z($0, $1, 0) }
        guard try self.toASCII(unicode) == ascii else {
            throw Failure(description: "an A-label stands for no valid U-label")
        }
        return unicode
    }

    private static func convert(
        _ name: String,
        _ function: (UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    ) throws(Failure) -> String {
        var output: UnsafeMutablePointer<CChar>?
        let code = name.withCString { function($0, &output) }
        defer { if let output { idn2_free(output) } }
        guard code == IDN2_OK.rawValue, let output else {
            throw Failure(description: String(cString: idn2_strerror(code)))
        }
        return String(cString: output)
    }
}
