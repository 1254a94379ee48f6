internal import MailSyntax
internal import SASL

extension Capabilities {
    /// Reads a positive reply to EHLO or LHLO; its first line is the greeting and is skipped.
    ///
    /// Nothing in such a reply is an error: a line that cannot be read is an extension this client does not use.
    public init(reply: Reply) {
        self.init(lines: reply.lines.dropFirst())
    }

    /// Reads the lines after the greeting, without code and line ending.
    public init(lines: some Sequence<String>) {
        self.init()
        for line in lines {
            self.read(line)
        }
    }

    private mutating func read(_ line: String) {
        // `AUTH=LOGIN PLAIN` is what some servers say beside or instead of `AUTH LOGIN PLAIN`, from a draft of RFC 2554.
        let words = line.utf8.split(whereSeparator: { $0 == ASCII.space || $0 == ASCII.tab || $0 == ASCII.equals })
        guard let first = words.first else { return }
        let keyword = String(decoding: first.map(ASCII.uppercased), as: UTF8.self)
        let parameters = words.dropFirst()
        switch keyword {
        case "SIZE":
            let octets = parameters.first.flatMap { Int(Substring($0)) } ?? 0
            self.size = octets > 0 ? .octets(octets) : .unstated
        case "PIPELINING": self.isPipelining = true
        case "8BITMIME": self.isEightBitMIME = true
        case "SMTPUTF8": self.isSMTPUTF8 = true
        case "CHUNKING": self.isChunking = true
        case "BINARYMIME": self.isBinaryMIME = true
        case "DSN": self.isDSN = true
        case "ENHANCEDSTATUSCODES": self.isEnhancedStatusCodes = true
        case "STARTTLS": self.isSTARTTLS = true
        case "REQUIRETLS": self.isRequireTLS = true
        case "AUTH":
            for name in parameters.lazy.compactMap({ MechanismName($0) })
            where !self.authenticationMechanisms.contains(name) {
                self.authenticationMechanisms.append(name)
            }
        case "LIMITS":
            self.limits = TransactionLimits(line: line)
        default:
            // Split again at blanks only: a `=` means something to these.
            let words = line.utf8.split(whereSeparator: { $0 == ASCII.space || $0 == ASCII.tab })
            guard let name = words.first else { return }
            self.others.append(
                ServiceExtension(
                    String(decoding: name, as: UTF8.self),
                    words.dropFirst().map { String(decoding: $0, as: UTF8.self) }
                )
            )
        }
    }
}

extension Capabilities {
    /// The lines that a server prints after its greeting, always in the same order.
    ///
    /// - Returns: Lines without code and line ending, for ``Reply/lines``.
    public func ehloLines() -> [String] {
        var lines: [String] = []
        if self.isPipelining { lines.append("PIPELINING") }
        switch self.size {
        case nil: break
        case .unstated: lines.append("SIZE")
        case .octets(let octets): lines.append("SIZE \(octets)")
        }
        if self.isSTARTTLS { lines.append("STARTTLS") }
        if !self.authenticationMechanisms.isEmpty {
            lines.append((["AUTH"] + self.authenticationMechanisms.map(\.description)).joined(separator: " "))
        }
        if self.isEightBitMIME { lines.append("8BITMIME") }
        if self.isEnhancedStatusCodes { lines.append("ENHANCEDSTATUSCODES") }
        if self.isDSN { lines.append("DSN") }
        if self.isSMTPUTF8 { lines.append("SMTPUTF8") }
        if self.isChunking { lines.append("CHUNKING") }
        if self.isBinaryMIME { lines.append("BINARYMIME") }
        if self.isRequireTLS { lines.append("REQUIRETLS") }
        if let limits = self.limits { lines.append(limits.line) }
        lines += self.others.map(\.description)
        return lines
    }

    /// The whole `250` reply to EHLO.
    ///
    /// - Parameter greeting: The text of the first line, which begins with the server's domain (RFC 5321 §4.1.1.1).
    public func ehloReply(greeting: String) -> Reply {
        Reply(code: 250, enhanced: nil, lines: [greeting] + self.ehloLines())
    }
}

extension TransactionLimits {
    /// Reads `LIMITS name=value …`; names it does not know are skipped, as RFC 9422 §3 asks.
    fileprivate init(line: String) {
        self.init()
        for word in line.utf8.split(separator: ASCII.space).dropFirst() {
            let parts = word.split(separator: ASCII.equals, maxSplits: 1)
            guard parts.count == 2, let value = Int(Substring(parts[1])), value > 0 else { continue }
            switch String(decoding: parts[0].map(ASCII.uppercased), as: UTF8.self) {
            case "MAILMAX": self.transactionsPerSession = value
            case "RCPTMAX": self.recipientsPerTransaction = value
            case "RCPTDOMAINMAX": self.recipientDomainsPerSession = value
            default: continue
            }
        }
    }

    fileprivate var line: String {
        var words = ["LIMITS"]
        if let value = self.transactionsPerSession { words.append("MAILMAX=\(value)") }
        if let value = self.recipientsPerTransaction { words.append("RCPTMAX=\(value)") }
        if let value = self.recipientDomainsPerSession { words.append("RCPTDOMAINMAX=\(value)") }
        return words.joined(separator: " ")
    }
}
