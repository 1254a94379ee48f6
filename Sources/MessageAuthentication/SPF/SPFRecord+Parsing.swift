internal import MailSyntax

extension SPF.Record {
    private static let version = Array("v=spf1".utf8)

    /// Whether a TXT record is one of SPF at all: `v=spf1`, then a space or nothing (RFC 7208 §4.5).
    public static func isRecord(_ octets: some Collection<UInt8>) -> Bool {
        let start = Array(octets.prefix(Self.version.count + 1))
        return ASCII.equalIgnoringCase(start.prefix(Self.version.count), Self.version)
            && (start.count == Self.version.count || start.last == ASCII.space)
    }

    /// Reads a record to its end: one bad term makes it all bad, wherever it stands (RFC 7208 §4.6).
    ///
    /// - Parameter octets: The strings of the TXT record joined.
    public init(parsing octets: some Collection<UInt8>) throws(SPF.SyntaxError) {
        guard Self.isRecord(octets) else { throw SPF.SyntaxError(octets.prefix(16), "not a v=spf1 record") }
        self.init(directives: [])
        for term in Array(octets.dropFirst(Self.version.count)).split(separator: ASCII.space) {
            try self.add(term)
        }
    }

    /// Reads a record from text.
    public init(parsing text: String) throws(SPF.SyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }

    private mutating func add(_ term: ArraySlice<UInt8>) throws(SPF.SyntaxError) {
        guard term.allSatisfy(ASCII.isVisible) else {
            throw SPF.SyntaxError(term, "only printable ASCII may stand in a record, with spaces between terms")
        }
        let nameEnd = term.firstIndex { !Self.isNameOctet($0) } ?? term.endIndex
        guard nameEnd < term.endIndex, term[nameEnd] == ASCII.equals else {
            return self.directives.append(try Self.directive(term))
        }
        let name = term[..<nameEnd]
        let value = term[(nameEnd + 1)...]
        guard let first = name.first, ASCII.isLetter(first) else {
            throw SPF.SyntaxError(term, "a modifier's name begins with a letter")
        }
        if ASCII.equalIgnoringCase(name, "redirect".utf8) {
            guard self.redirect == nil else { throw SPF.SyntaxError(term, "redirect= stands twice") }
            self.redirect = try Self.domain(value, of: term)
        } else if ASCII.equalIgnoringCase(name, "exp".utf8) {
            guard self.explanation == nil else { throw SPF.SyntaxError(term, "exp= stands twice") }
            self.explanation = try Self.domain(value, of: term)
        } else {
            guard MacroString(parsing: value) != nil else { throw SPF.SyntaxError(term, "a macro is not valid") }
            self.unknownModifiers.append(String(decoding: term, as: UTF8.self))
        }
    }

    private static func isNameOctet(_ octet: UInt8) -> Bool {
        ASCII.isLetterOrDigit(octet) || octet == ASCII.hyphen || octet == ASCII.dot || octet == UInt8(ascii: "_")
    }

    private static func directive(_ term: ArraySlice<UInt8>) throws(SPF.SyntaxError) -> SPF.Directive {
        var rest = term
        var qualifier = SPF.Qualifier.pass
        if let first = rest.first, let given = SPF.Qualifier(rawValue: String(decoding: [first], as: UTF8.self)) {
            qualifier = given
            rest = rest.dropFirst()
        }
        let end = rest.firstIndex { $0 == ASCII.colon || $0 == ASCII.slash } ?? rest.endIndex
        let name = ASCII.lowercased(String(decoding: rest[..<end], as: UTF8.self))
        var argument = rest[end...]
        let hasColon = argument.first == ASCII.colon
        if hasColon { argument = argument.dropFirst() }
        let mechanism: SPF.Mechanism
        switch name {
        case "all":
            guard end == rest.endIndex else { throw SPF.SyntaxError(term, "all takes no argument") }
            mechanism = .all
        case "include", "exists":
            guard hasColon else { throw SPF.SyntaxError(term, "\(name) needs : and a domain") }
            let domain = try Self.domain(argument, of: term)
            mechanism = name == "include" ? .include(domain) : .exists(domain)
        case "a", "mx":
            let lengths = try Self.takePrefixLengths(&argument, of: term)
            guard hasColon || argument.isEmpty else { throw SPF.SyntaxError(term, "not a prefix length") }
            let domain = hasColon ? try Self.domain(argument, of: term) : nil
            mechanism = name == "a" ? .a(domain, lengths) : .mx(domain, lengths)
        case "ptr":
            guard hasColon || argument.isEmpty else { throw SPF.SyntaxError(term, "ptr takes no prefix length") }
            mechanism = .ptr(hasColon ? try Self.domain(argument, of: term) : nil)
        case "ip4":
            guard hasColon else { throw SPF.SyntaxError(term, "ip4 needs : and an address") }
            mechanism = .ip4(try Self.network(argument, .v4, of: term))
        case "ip6":
            guard hasColon else { throw SPF.SyntaxError(term, "ip6 needs : and an address") }
            mechanism = .ip6(try Self.network(argument, .v6, of: term))
        default:
            throw SPF.SyntaxError(term, "unknown mechanism")
        }
        return SPF.Directive(
            qualifier: qualifier,
            mechanism: mechanism,
            text: String(decoding: term, as: UTF8.self)
        )
    }

    private static func domain(
        _ text: ArraySlice<UInt8>,
        of term: ArraySlice<UInt8>
    ) throws(SPF.SyntaxError) -> SPF.DomainSpecification {
        guard !text.isEmpty else { throw SPF.SyntaxError(term, "the domain is missing") }
        guard let macros = MacroString(parsing: text) else { throw SPF.SyntaxError(term, "a macro is not valid") }
        guard !macros.usesExplanationMacros else {
            throw SPF.SyntaxError(term, "the macros c, r and t are for explanations")
        }
        guard macros.endsAsDomain else {
            throw SPF.SyntaxError(term, "the domain must end in a top-level label or a macro")
        }
        return SPF.DomainSpecification(macros: macros)
    }

    private static func network(
        _ text: ArraySlice<UInt8>,
        _ family: IPAddress.Family,
        of term: ArraySlice<UInt8>
    ) throws(SPF.SyntaxError) -> IPNetwork {
        let parts = text.split(separator: ASCII.slash, maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(decoding: first, as: UTF8.self)),
            address.family == family
        else { throw SPF.SyntaxError(term, "not an \(family == .v4 ? "IPv4" : "IPv6") address") }
        let length = try parts.count == 1 ? address.bitWidth : Self.number(parts[1], upTo: address.bitWidth, of: term)
        // `::ffff:192.0.2.1` is an IPv4 address in another dress, as a client's address is (RFC 7208 §5).
        let isMapped = address.isMapped && length >= 96
        let network =
            isMapped
            ? IPNetwork(address: address.unmapped, prefixLength: length - 96)
            : IPNetwork(address: address, prefixLength: length)
        guard let network else {
            throw SPF.SyntaxError(term, "not a prefix length")
        }
        return network
    }

    /// Takes `/24`, `//64` or `/24//64` from the end.
    private static func takePrefixLengths(
        _ text: inout ArraySlice<UInt8>,
        of term: ArraySlice<UInt8>
    ) throws(SPF.SyntaxError) -> SPF.PrefixLengths {
        var lengths = SPF.PrefixLengths()
        guard let slash = text.lastIndex(of: ASCII.slash) else { return lengths }
        // A slash may also stand in the domain, as a macro's delimiter or a literal: only digits make a length.
        let tail = text[(slash + 1)...]
        guard tail.allSatisfy(ASCII.isDigit) else { return lengths }
        let before = text[..<slash]
        guard before.last == ASCII.slash else {
            lengths.v4 = try Self.number(tail, upTo: 32, of: term)
            text = before
            return lengths
        }
        lengths.v6 = try Self.number(tail, upTo: 128, of: term)
        text = before.dropLast()
        guard let slash = text.lastIndex(of: ASCII.slash), text[(slash + 1)...].allSatisfy(ASCII.isDigit) else {
            return lengths
        }
        lengths.v4 = try Self.number(text[(slash + 1)...], upTo: 32, of: term)
        text = text[..<slash]
        return lengths
    }

    /// A number without leading zeros.
    private static func number(
        _ digits: ArraySlice<UInt8>,
        upTo maximum: Int,
        of term: ArraySlice<UInt8>
    ) throws(SPF.SyntaxError) -> Int {
        let value = digits.prefix(4).reduce(0) { $0 * 10 + Int($1 &- ASCII.zero) }
        guard (1...3).contains(digits.count), digits.allSatisfy(ASCII.isDigit), value <= maximum,
            digits.count == 1 || digits.first != ASCII.zero
        else { throw SPF.SyntaxError(term, "a prefix length is 0 to \(maximum), without leading zeros") }
        return value
    }
}
