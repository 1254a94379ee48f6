/// Reads the grammar of RFC 5322 §3.4 and §4.4 from left to right, each octet once.
struct AddressListParser {
    /// A piece of a phrase or local part.
    private enum Token: Equatable {
        case atom(ArraySlice<UInt8>)
        case quoted(ArraySlice<UInt8>)
        case dot

        var octets: ArraySlice<UInt8> {
            switch self {
            case .atom(let octets), .quoted(let octets): octets
            case .dot: [ASCII.dot]
            }
        }
    }

    private let octets: [UInt8]
    private let limits: AddressList.Limits
    private var index = 0
    private var count = 0

    init(octets: [UInt8], limits: AddressList.Limits) {
        self.octets = octets
        self.limits = limits
    }

    private var next: UInt8? { self.index < self.octets.count ? self.octets[self.index] : nil }

    mutating func addressList() throws(MailSyntaxError) -> [AddressList.Address] {
        var addresses: [AddressList.Address] = []
        while true {
            let tokens = try self.tokens()
            switch self.next {
            case nil where tokens.isEmpty, ASCII.comma where tokens.isEmpty:
                break  // obs-addr-list: nothing between two commas
            case ASCII.colon:
                guard !tokens.isEmpty else { throw MailSyntaxError(.invalidAddressList) }
                try self.countOne()
                self.index += 1
                addresses.append(.group(name: try self.phrase(tokens), members: try self.groupMembers()))
            default:
                addresses.append(.mailbox(try self.mailbox(after: tokens)))
            }
            switch self.next {
            case nil: return addresses
            case ASCII.comma: self.index += 1
            default: throw MailSyntaxError(.invalidAddressList)
            }
        }
    }

    private mutating func groupMembers() throws(MailSyntaxError) -> [AddressList.NamedMailbox] {
        var members: [AddressList.NamedMailbox] = []
        while true {
            let tokens = try self.tokens()
            switch self.next {
            case ASCII.semicolon where tokens.isEmpty, ASCII.comma where tokens.isEmpty:
                break
            default:
                members.append(try self.mailbox(after: tokens))
            }
            switch self.next {
            case ASCII.semicolon:
                self.index += 1
                try self.skipCommentsAndSpace()
                return members
            case ASCII.comma: self.index += 1
            default: throw MailSyntaxError(.invalidAddressList)
            }
        }
    }

    /// The rest of a mailbox whose display name or local part was just read, and the space after it.
    private mutating func mailbox(after tokens: [Token]) throws(MailSyntaxError) -> AddressList.NamedMailbox {
        try self.countOne()
        switch self.next {
        case ASCII.at:
            return .init(mailbox: try self.addressSpecification(localPart: tokens))
        case ASCII.less:
            self.index += 1
            let name = tokens.isEmpty ? nil : try self.phrase(tokens)
            try self.skipRoute()
            let localPart = try self.tokens()
            guard self.next == ASCII.at else { throw MailSyntaxError(.missingDomain) }
            let mailbox = try self.addressSpecification(localPart: localPart)
            guard self.next == ASCII.greater else { throw MailSyntaxError(.invalidAddressList) }
            self.index += 1
            try self.skipCommentsAndSpace()
            return .init(displayName: name, mailbox: mailbox)
        case nil, ASCII.comma, ASCII.semicolon:
            throw MailSyntaxError(.missingDomain)
        default:
            throw MailSyntaxError(.invalidAddressList)
        }
    }

    /// `@` and the domain, after a local part made of words with dots between.
    private mutating func addressSpecification(localPart tokens: [Token]) throws(MailSyntaxError) -> Mailbox {
        var localPart: [UInt8] = []
        var expectsWord = true
        for token in tokens {
            guard (token == .dot) != expectsWord else { throw MailSyntaxError(.invalidLocalPart) }
            expectsWord = token == .dot
            localPart += token.octets
        }
        guard !tokens.isEmpty, !expectsWord else { throw MailSyntaxError(.invalidLocalPart) }
        guard localPart.count <= Mailbox.maximumLocalPartOctets else { throw MailSyntaxError(.localPartTooLong) }
        self.index += 1
        let domain = try self.domain()
        return Mailbox(localPart: try self.validated(localPart), domain: domain)
    }

    private mutating func domain() throws(MailSyntaxError) -> Domain {
        try self.skipCommentsAndSpace()
        if self.next == ASCII.leftBracket { return try self.domainLiteral() }
        let tokens = try self.tokens()
        var name: [UInt8] = []
        var expectsAtom = true
        for token in tokens {
            if case .quoted = token { throw MailSyntaxError(.invalidDomain) }
            guard (token == .dot) != expectsAtom else { throw MailSyntaxError(.invalidDomain) }
            expectsAtom = token == .dot
            name += token.octets
        }
        guard !tokens.isEmpty, !expectsAtom else { throw MailSyntaxError(.invalidDomain) }
        guard name.count <= Domain.maximumOctets else { throw MailSyntaxError(.domainTooLong) }
        return .name(try self.validated(name))
    }

    private mutating func domainLiteral() throws(MailSyntaxError) -> Domain {
        var literal: [UInt8] = []
        while let octet = self.next {
            if try self.skipFoldingSpace() { continue }
            self.index += 1
            literal.append(octet)
            guard octet != ASCII.rightBracket else {
                try self.skipCommentsAndSpace()
                return try Domain(parsing: literal)
            }
            guard literal.count <= Domain.maximumOctets else { throw MailSyntaxError(.domainTooLong) }
        }
        throw MailSyntaxError(.invalidAddressLiteral)
    }

    /// `@a,@b:` of obs-route, which is read and forgotten (RFC 5322 §4.4).
    private mutating func skipRoute() throws(MailSyntaxError) {
        try self.skipCommentsAndSpace()
        guard self.next == ASCII.at || self.next == ASCII.comma else { return }
        while let octet = self.next {
            switch octet {
            case ASCII.comma:
                self.index += 1
                try self.skipCommentsAndSpace()
            case ASCII.at:
                self.index += 1
                _ = try self.domain()
            case ASCII.colon:
                self.index += 1
                return
            default:
                throw MailSyntaxError(.invalidAddressList)
            }
        }
        throw MailSyntaxError(.invalidAddressList)
    }

    /// Atoms, quoted strings and dots up to another special or the end, with the space and comments around them.
    private mutating func tokens() throws(MailSyntaxError) -> [Token] {
        var tokens: [Token] = []
        try self.skipCommentsAndSpace()
        while let octet = self.next {
            if octet == ASCII.dot {
                self.index += 1
                tokens.append(.dot)
            } else if octet == ASCII.quote {
                tokens.append(.quoted(try self.quotedString()))
            } else if octet.isAtomText {
                let start = self.index
                while let octet = self.next, octet.isAtomText { self.index += 1 }
                tokens.append(.atom(self.octets[start..<self.index]))
            } else if ASCII.isControl(octet) || octet == ASCII.rightParenthesis || octet == ASCII.backslash {
                throw MailSyntaxError(.invalidAddressList)
            } else {
                break
            }
            try self.skipCommentsAndSpace()
        }
        return tokens
    }

    /// The content of a quoted string, folding removed.
    private mutating func quotedString() throws(MailSyntaxError) -> ArraySlice<UInt8> {
        self.index += 1
        var content: [UInt8] = []
        while let octet = self.next {
            switch octet {
            case ASCII.quote:
                self.index += 1
                return content[...]
            case ASCII.backslash:
                guard self.index + 1 < self.octets.count else { throw MailSyntaxError(.invalidAddressList) }
                let escaped = self.octets[self.index + 1]
                // obs-qp would allow controls; none has a meaning in an address, and some have one on a terminal.
                guard !ASCII.isControl(escaped) || escaped == ASCII.tab else {
                    throw MailSyntaxError(.invalidAddressList)
                }
                content.append(escaped)
                self.index += 2
            case ASCII.cr:
                try self.skipLineFold()
            default:
                guard !ASCII.isControl(octet) || octet == ASCII.tab else { throw MailSyntaxError(.invalidAddressList) }
                content.append(octet)
                self.index += 1
            }
        }
        throw MailSyntaxError(.invalidAddressList)
    }

    /// CFWS (RFC 5322 §3.2.2), if any.
    private mutating func skipCommentsAndSpace() throws(MailSyntaxError) {
        var depth = 0
        while let octet = self.next {
            if try self.skipFoldingSpace() { continue }
            switch octet {
            case ASCII.leftParenthesis:
                depth += 1
                guard depth <= self.limits.maximumCommentDepth else { throw MailSyntaxError(.limitExceeded) }
            case ASCII.rightParenthesis where depth > 0:
                depth -= 1
            case ASCII.backslash where depth > 0:
                self.index += 1
                guard let escaped = self.next, !ASCII.isControl(escaped) || escaped == ASCII.tab else {
                    throw MailSyntaxError(.invalidAddressList)
                }
            default:
                guard depth > 0 else { return }
                guard !ASCII.isControl(octet) else { throw MailSyntaxError(.invalidAddressList) }
            }
            self.index += 1
        }
        guard depth == 0 else { throw MailSyntaxError(.invalidAddressList) }
    }

    /// White space or one line fold; false when there is neither.
    private mutating func skipFoldingSpace() throws(MailSyntaxError) -> Bool {
        guard let octet = self.next else { return false }
        if ASCII.isWhitespace(octet) {
            self.index += 1
            return true
        }
        guard octet == ASCII.cr else { return false }
        try self.skipLineFold()
        return true
    }

    /// A CRLF before white space, or at the very end of a field that was given with it.
    private mutating func skipLineFold() throws(MailSyntaxError) {
        let after = self.index + 2
        guard after <= self.octets.count, self.octets[after - 1] == ASCII.lf,
            after == self.octets.count || ASCII.isWhitespace(self.octets[after])
        else { throw MailSyntaxError(.invalidAddressList) }
        self.index = after
    }

    /// A display name: words joined by one space; dots (obs-phrase) stay where they were.
    private func phrase(_ tokens: [Token]) throws(MailSyntaxError) -> String {
        var text: [UInt8] = []
        for token in tokens {
            if !text.isEmpty, token != .dot { text.append(ASCII.space) }
            text += token.octets
        }
        // Clients of the last century put other character sets here; the name decides nothing, so it is repaired.
        return String(decoding: text, as: UTF8.self)
    }

    private func validated(_ octets: [UInt8]) throws(MailSyntaxError) -> String {
        guard let text = String(validating: octets, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.isASCII || $0.isAllowedInMail })
        else { throw MailSyntaxError(.invalidUTF8) }
        return text
    }

    private mutating func countOne() throws(MailSyntaxError) {
        self.count += 1
        guard self.count <= self.limits.maximumAddresses else { throw MailSyntaxError(.limitExceeded) }
    }
}
