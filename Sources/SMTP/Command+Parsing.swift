internal import MailSyntax
internal import SASL

extension Command {
    /// Parses one command line.
    ///
    /// - Parameter line: The octets of the line without its CRLF.
    /// - Throws: ``CommandSyntaxError``, which names the reply.
    /// - Complexity: O(n); nothing is read twice.
    /// - SeeAlso: RFC 5321 §4.1.1; RFC 4954 §4; RFC 3030 §2; RFC 3461 §4; RFC 6531 §3.4
    public init(parsing line: some Collection<UInt8>) throws(CommandSyntaxError) {
        var words = Words(Array(line))
        let verb = words.next()
        let upper = verb.map(\.uppercasedASCII)
        // Control octets are nowhere allowed, and must never be echoed; TAB only stands where WSP does.
        if words.containsControl {
            if Command.isHTTP(upper) { throw .crossProtocol }
            throw upper == Array("BDAT".utf8) ? .badChunkSize : .controlOctet
        }
        switch String(decoding: upper, as: UTF8.self) {
        case "EHLO": self = .ehlo(try Command.greetingName(&words))
        case "HELO": self = .helo(try Command.greetingName(&words))
        case "MAIL": self = .mail(try MailParameters(parsing: &words))
        case "RCPT": self = .rcpt(try RecipientParameters(parsing: &words))
        case "DATA":
            try words.requireEnd("DATA takes no argument")
            self = .data
        case "BDAT": self = try Command.bdat(&words)
        case "RSET":
            try words.requireEnd("RSET takes no argument")
            self = .rset
        case "NOOP": self = .noop
        case "VRFY": self = .vrfy(String(decoding: words.rest(), as: UTF8.self))
        case "EXPN": self = .expn
        case "HELP": self = .help
        case "QUIT":
            try words.requireEnd("QUIT takes no argument")
            self = .quit
        case "STARTTLS":
            try words.requireEnd("STARTTLS takes no argument")
            self = .startTLS
        case "AUTH": self = try Command.auth(&words)
        case "XCLIENT": self = .xclient(Array(words.rest()))
        default:
            if Command.isHTTP(upper) { throw .crossProtocol }
            throw .unknownCommand
        }
    }

    private static func isHTTP(_ verb: [UInt8]) -> Bool {
        ["GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS", "PRI", "HOST:"].contains(
            String(decoding: verb, as: UTF8.self)
        )
    }

    private static func greetingName(_ words: inout Words) throws(CommandSyntaxError) -> String {
        let name = words.next()
        // Real clients send names with underscores, bare addresses, their own host name in UTF-8: the name is only
        // logged and put into Received, so it need only be printable (RFC 5321 §4.1.4: do not refuse for its value).
        guard !name.isEmpty else { throw .badArguments("a domain or an address literal must follow") }
        guard name.count <= 255 else { throw .badArguments("the domain is longer than 255 octets") }
        try words.requireEnd("one domain or address literal only")
        return String(decoding: name, as: UTF8.self)
    }

    private static func bdat(_ words: inout Words) throws(CommandSyntaxError) -> Command {
        guard let size = Command.decimal(words.next()) else { throw .badChunkSize }
        let marker = words.next()
        if marker.isEmpty { return .bdat(size: size, isLast: false) }
        guard marker.map(\.uppercasedASCII) == Array("LAST".utf8), words.next().isEmpty else { throw .badChunkSize }
        return .bdat(size: size, isLast: true)
    }

    private static func auth(_ words: inout Words) throws(CommandSyntaxError) -> Command {
        let name = words.next()
        guard !name.isEmpty else { throw .badArguments("AUTH takes a mechanism and an optional initial response") }
        guard let mechanism = MechanismName(String(decoding: name, as: UTF8.self)) else {
            throw .badArguments("that is no SASL mechanism name")
        }
        // Windows Mail sends two spaces before the initial response; Words skips them all.
        let response = words.next()
        try words.requireEnd("one initial response only")
        return .auth(mechanism: mechanism, initialResponse: response.isEmpty ? nil : Array(response))
    }

    /// A decimal number of 1 to 20 digits that fits in Int; nil otherwise, so that no size can overflow.
    static func decimal(_ octets: ArraySlice<UInt8>) -> Int? {
        guard Command.isNumber(octets) else { return nil }
        var value = 0
        for octet in octets {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            let (sum, carry) = product.addingReportingOverflow(Int(octet - UInt8(ascii: "0")))
            guard !carry else { return nil }
            value = sum
        }
        return value
    }

    /// 1 to 20 digits (`size-value`, RFC 1870 §3).
    static func isNumber(_ octets: ArraySlice<UInt8>) -> Bool {
        !octets.isEmpty && octets.count <= 20 && octets.allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension MailParameters {
    fileprivate init(parsing words: inout Words) throws(CommandSyntaxError) {
        guard words.skip(prefix: "FROM:") else { throw .badArguments("MAIL FROM:<reverse-path> is wanted") }
        let path = try words.path()
        if path.isEmpty {
            self.init(reversePath: .null)
        } else {
            self.init(reversePath: .mailbox(try Command.mailbox(path, or: { .badReversePath($0) })))
        }
        var seen: Set<String> = []
        while let (keyword, value) = try words.parameter() {
            guard seen.insert(keyword).inserted else { throw .badArguments("\(keyword) is given twice") }
            switch keyword {
            case "SIZE":
                guard let value, Command.isNumber(value) else { throw .badArguments("SIZE wants a number") }
                // A number that is well-formed but beyond Int is beyond every limit too: that is said later, by 552.
                self.size = Command.decimal(value) ?? .max
            case "BODY":
                guard let value,
                    let body = BodyType(rawValue: String(decoding: value.map(\.uppercasedASCII), as: UTF8.self))
                else { throw .badArguments("BODY is 7BIT or 8BITMIME") }
                self.body = body
            case "SMTPUTF8":
                guard value == nil else { throw .badArguments("SMTPUTF8 takes no value") }
                self.isSMTPUTF8 = true
            case "RET":
                guard let value,
                    let ret = DSNReturn(rawValue: String(decoding: value.map(\.uppercasedASCII), as: UTF8.self))
                else { throw .badArguments("RET is FULL or HDRS") }
                self.ret = ret
            case "ENVID":
                // Once decoded it is printable ASCII (RFC 3461 §4.4).
                guard let value, value.count <= 100, let decoded = XText.decode(value), Command.isPrintable(decoded),
                    decoded.allSatisfy({ $0 < 0x80 })
                else { throw .badArguments("ENVID wants xtext of up to 100 octets") }
                self.envelopeIdentifier = String(decoding: decoded, as: UTF8.self)
            case "AUTH":
                guard let value, value.count <= 500, let decoded = XText.decode(value),
                    let submitter = Command.submitter(decoded)
                else { throw .badArguments("AUTH wants an xtext mailbox or <>") }
                self.submitter = submitter
            default:
                throw .unsupportedParameter(keyword)
            }
        }
        if case .mailbox(let mailbox) = self.reversePath, !mailbox.isASCII, !self.isSMTPUTF8 {
            // RFC 6531 §3.4: a non-ASCII address needs the SMTPUTF8 parameter.
            throw .badReversePath("a non-ASCII address needs SMTPUTF8")
        }
    }
}

extension RecipientParameters {
    fileprivate init(parsing words: inout Words) throws(CommandSyntaxError) {
        guard words.skip(prefix: "TO:") else { throw .badArguments("RCPT TO:<forward-path> is wanted") }
        let path = try words.path()
        if path.isEmpty { throw .badForwardPath("the forward-path is empty") }
        if path.map(\.uppercasedASCII) == Array("POSTMASTER".utf8) {
            self.init(forwardPath: .postmaster)
        } else {
            self.init(forwardPath: .mailbox(try Command.mailbox(path, or: { .badForwardPath($0) })))
        }
        var seen: Set<String> = []
        while let (keyword, value) = try words.parameter() {
            guard seen.insert(keyword).inserted else { throw .badArguments("\(keyword) is given twice") }
            switch keyword {
            case "NOTIFY":
                guard let value, let notify = DSNNotify(parsing: value) else {
                    throw .badArguments("NOTIFY is NEVER or a list of SUCCESS, FAILURE, DELAY")
                }
                self.notify = notify
            case "ORCPT":
                guard let value, value.count <= 500, let recipient = OriginalRecipient(parsing: value) else {
                    throw .badArguments("ORCPT wants type;xtext")
                }
                self.originalRecipient = recipient
            default:
                throw .unsupportedParameter(keyword)
            }
        }
    }
}

extension DSNNotify {
    /// Reads the value of `NOTIFY`; nil when it breaks RFC 3461 §4.1.
    init?(parsing value: ArraySlice<UInt8>) {
        self = []
        for item in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let option: DSNNotify
            switch String(decoding: item.map(\.uppercasedASCII), as: UTF8.self) {
            case "NEVER": option = .never
            case "SUCCESS": option = .success
            case "FAILURE": option = .failure
            case "DELAY": option = .delay
            default: return nil
            }
            guard !self.contains(option) else { return nil }
            self.insert(option)
        }
        if self.contains(.never), self != .never { return nil }
    }
}

extension OriginalRecipient {
    /// Reads the value of `ORCPT`, `type;xtext`; for `utf-8` also the unencoded form of RFC 6533 §3.
    init?(parsing value: ArraySlice<UInt8>) {
        guard let separator = value.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let type = value[..<separator].map(\.lowercasedASCII)
        guard !type.isEmpty, type.allSatisfy({ $0.isAtomText }) else { return nil }
        let text = value[value.index(after: separator)...]
        let decoded: [UInt8]
        if let plain = XText.decode(text) {
            decoded = plain
        } else if type == Array("utf-8".utf8) {
            decoded = Array(text)
        } else {
            return nil
        }
        guard !decoded.isEmpty, Command.isPrintable(decoded), let address = String(validating: decoded, as: UTF8.self)
        else { return nil }
        self.init(addressType: String(decoding: type, as: UTF8.self), address: address)
    }
}

extension Command {
    fileprivate static func mailbox(
        _ path: ArraySlice<UInt8>,
        or failure: (String) -> CommandSyntaxError
    ) throws(CommandSyntaxError) -> Mailbox {
        // A source route would be a way to relay past a check of the last address; RFC 5321 §4.1.1.3 lets us refuse.
        if path.first == UInt8(ascii: "@") { throw failure("source routes are refused") }
        do {
            return try Mailbox(parsing: path)
        } catch {
            throw failure("\(error)")
        }
    }

    /// `<>`, or a mailbox in its own spelling; nil for anything else, which `+0D+0A` could make of it (RFC 4954 §5).
    fileprivate static func submitter(_ decoded: [UInt8]) -> String? {
        if decoded == Array("<>".utf8) { return "<>" }
        do {
            return try Mailbox(parsing: decoded).description
        } catch {
            return nil
        }
    }

    fileprivate static func isPrintable(_ octets: [UInt8]) -> Bool {
        octets.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }
}

/// The words of a command line; hands out slices, never past the end.
private struct Words {
    let octets: [UInt8]
    var position: Int

    init(_ octets: [UInt8]) {
        self.octets = octets
        self.position = 0
    }

    var containsControl: Bool { self.octets.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f } }

    private mutating func skipSpace() {
        while self.position < self.octets.count,
            self.octets[self.position] == 0x20 || self.octets[self.position] == 0x09
        {
            self.position += 1
        }
    }

    /// The next word up to white space; empty at the end of the line.
    mutating func next() -> ArraySlice<UInt8> {
        self.skipSpace()
        let start = self.position
        while self.position < self.octets.count, self.octets[self.position] != 0x20, self.octets[self.position] != 0x09
        {
            self.position += 1
        }
        return self.octets[start..<self.position]
    }

    mutating func rest() -> ArraySlice<UInt8> {
        self.skipSpace()
        defer { self.position = self.octets.count }
        return self.octets[self.position...]
    }

    mutating func requireEnd(_ message: String) throws(CommandSyntaxError) {
        self.skipSpace()
        guard self.position == self.octets.count else { throw .badArguments(message) }
    }

    /// Skips `prefix` in any case and the white space that many clients put after its colon.
    mutating func skip(prefix: String) -> Bool {
        self.skipSpace()
        let wanted = Array(prefix.utf8)
        guard self.octets.count - self.position >= wanted.count,
            self.octets[self.position..<self.position + wanted.count].map(\.uppercasedASCII) == wanted
        else { return false }
        self.position += wanted.count
        self.skipSpace()
        return true
    }

    /// The path between angle brackets; a quoted local part may hold `>` and blanks.
    mutating func path() throws(CommandSyntaxError) -> ArraySlice<UInt8> {
        guard self.position < self.octets.count, self.octets[self.position] == UInt8(ascii: "<") else {
            throw .badArguments("the path must stand in angle brackets")
        }
        let start = self.position + 1
        var index = start
        var isQuoted = false
        while index < self.octets.count {
            switch self.octets[index] {
            case UInt8(ascii: "\\") where isQuoted: index += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ">") where !isQuoted:
                self.position = index + 1
                return self.octets[start..<index]
            default: break
            }
            index += 1
        }
        throw .badArguments("the closing angle bracket is missing")
    }

    /// The next ` KEYWORD[=value]`; nil at the end of the line.
    mutating func parameter() throws(CommandSyntaxError) -> (keyword: String, value: ArraySlice<UInt8>?)? {
        if self.position < self.octets.count, self.octets[self.position] != 0x20, self.octets[self.position] != 0x09 {
            throw .badArguments("a blank must stand before a parameter")
        }
        let word = self.next()
        guard !word.isEmpty else { return nil }
        let keyword = word.prefix { $0 != UInt8(ascii: "=") }
        guard !keyword.isEmpty, keyword.count <= 64,
            keyword.allSatisfy({ $0.isAlphanumericASCII || $0 == UInt8(ascii: "-") })
        else { throw .badArguments("a parameter is KEYWORD or KEYWORD=value") }
        let name = String(decoding: keyword.map(\.uppercasedASCII), as: UTF8.self)
        guard keyword.endIndex < word.endIndex else { return (name, nil) }
        let value = word[word.index(after: keyword.endIndex)...]
        guard !value.isEmpty else { throw .badArguments("\(name)= has no value") }
        return (name, value)
    }
}

extension UInt8 {
    fileprivate var uppercasedASCII: UInt8 { (0x61...0x7a).contains(self) ? self &- 0x20 : self }
    fileprivate var lowercasedASCII: UInt8 { (0x41...0x5a).contains(self) ? self &+ 0x20 : self }
    fileprivate var isAlphanumericASCII: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
    }
    fileprivate var isAtomText: Bool { self.isAlphanumericASCII || self == UInt8(ascii: "-") }
}
