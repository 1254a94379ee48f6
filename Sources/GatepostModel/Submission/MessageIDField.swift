internal import MailSyntax

/// The value of `Message-ID` (RFC 5322 §3.6.4).
enum MessageIDField {
    /// The identifier with its angle brackets, without comments around it.
    ///
    /// Forgiving within the brackets, since other servers already know the message by it: anything visible with an `@` between
    /// two parts will do.
    ///
    /// - Returns: nil when there is none, or it is malformed, and so has to be replaced (RFC 6409 §8.3).
    static func read(_ value: [UInt8]) -> String? {
        let trimmed = value.drop { ASCII.isWhitespace($0) }
        guard trimmed.count <= 998, trimmed.first == ASCII.less, let end = trimmed.firstIndex(of: ASCII.greater)
        else { return nil }
        let rest = trimmed[(end + 1)...].drop { ASCII.isWhitespace($0) }
        guard rest.isEmpty || rest.first == ASCII.leftParenthesis else { return nil }
        let inner = trimmed[(trimmed.startIndex + 1)..<end]
        guard let at = inner.lastIndex(of: ASCII.at), at > inner.startIndex, at + 1 < inner.endIndex,
            inner.allSatisfy({ $0 > ASCII.space && $0 != ASCII.del && $0 != ASCII.less })
        else { return nil }
        return String(decoding: trimmed[...end], as: UTF8.self)
    }
}
