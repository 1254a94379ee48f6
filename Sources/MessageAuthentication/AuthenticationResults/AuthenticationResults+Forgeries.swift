public import MailSyntax

extension AuthenticationResults {
    /// The lines of a header section without the Authentication-Results fields that claim to be ours (RFC 8601 §5).
    ///
    /// - Parameters:
    ///   - lines: The lines as received.
    ///   - identifiers: All names under which hosts of this administrative domain write such fields; their case does not
    ///     matter.
    /// - Returns: The lines that stay, untouched and in order, and the fields that were taken out, for the log.
    public static func removingForgeries(
        from lines: [HeaderSection.Line],
        identifiers: some Collection<String>
    ) -> (kept: [HeaderSection.Line], removed: [HeaderField]) {
        var kept: [HeaderSection.Line] = []
        var removed: [HeaderField] = []
        for line in lines {
            if case .field(let field) = line, Self.claims(field, toBeFrom: identifiers) {
                removed.append(field)
            } else {
                kept.append(line)
            }
        }
        return (kept, removed)
    }

    /// Whether a field is an Authentication-Results of one of the identifiers, in the eyes of any reader.
    ///
    /// What counts is not what the grammar says but what some lenient program behind us might take for our name: any word
    /// before the first semicolon, quoted or not, with or without a dot at its end; and where comments or quotes are never
    /// closed, any word at all.
    public static func claims(_ field: HeaderField, toBeFrom identifiers: some Collection<String>) -> Bool {
        guard field.isNamed("Authentication-Results") else { return false }
        let body = field.bodyOctets
        return Self.words(in: body).contains { word in
            identifiers.contains { ASCII.equalIgnoringCase(word, Self.withoutFinalDots($0.utf8)) }
        }
    }

    private static func withoutFinalDots(_ name: some Collection<UInt8>) -> ArraySlice<UInt8> {
        var name = Array(name)[...]
        while name.last == ASCII.dot { name.removeLast() }
        return name
    }

    /// The words before the first semicolon outside comments and quotes; all words when there is none, or something is
    /// never closed. Words inside comments do not count then, unless the comment is never closed.
    private static func words(in body: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var head: [UInt8] = []
        var depth = 0
        var isQuoted = false
        var isComplete = false
        var rest = body
        scan: while let octet = rest.popFirst() {
            switch octet {
            case ASCII.backslash where isQuoted || depth > 0:
                if let escaped = rest.popFirst(), depth == 0 { head.append(escaped) }
            case ASCII.quote where depth == 0:
                isQuoted.toggle()
            // A quote ends a word for one reader and belongs to it for the next; here it ends none.
            case ASCII.leftParenthesis where !isQuoted:
                depth += 1
                head.append(ASCII.space)
            case ASCII.rightParenthesis where !isQuoted && depth > 0:
                depth -= 1
            case ASCII.semicolon where !isQuoted && depth == 0:
                isComplete = true
                break scan
            default:
                if depth == 0 { head.append(octet) }
            }
        }
        let isSound = isComplete || (depth == 0 && !isQuoted)
        let text = isSound ? head : head + [ASCII.space] + Array(body)
        return text.split { !Self.isNameOctet($0) }.map(Self.withoutFinalDots)
    }

    private static func isNameOctet(_ octet: UInt8) -> Bool {
        HeaderText.isToken(octet)
    }
}
