/// A line of zone text that cannot be read.
public struct ZoneSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    public var line: Int
    /// What is wrong with it.
    public var reason: String

    /// The line and what is wrong with it.
    public var description: String { "line \(self.line): \(self.reason)" }
}

/// Reads zone text (RFC 1035 §5) line by line into a ``Zone``.
struct ZoneParser {
    private enum Token: Equatable {
        case word([UInt8])
        case string([UInt8])

        var octets: [UInt8] {
            switch self {
            case .word(let octets), .string(let octets): octets
            }
        }
        var text: String { String(decoding: self.octets, as: UTF8.self) }
    }

    private var zone = Zone()
    private var origin = DNSName.root
    private var defaultTTL = Duration.seconds(300)
    private var isAuthenticated = false
    private var owner: DNSName?
    /// The entry under way: its first line's number, whether that began with white space, and what was read of it.
    private var start = 0
    private var beginsWithSpace = false
    private var tokens: [Token] = []
    private var depth = 0

    mutating func read(line octets: ArraySlice<UInt8>, number: Int) throws(ZoneSyntaxError) {
        if self.depth == 0 {
            self.start = number
            self.tokens = []
            self.beginsWithSpace = octets.first?.isZoneSpace ?? false
        }
        var index = octets.startIndex
        reading: while index < octets.endIndex {
            let octet = octets[index]
            switch octet {
            case UInt8(ascii: ";"): break reading
            case UInt8(ascii: "("):
                self.depth += 1
                index += 1
            case UInt8(ascii: ")"):
                guard self.depth > 0 else { throw self.error(") without (") }
                self.depth -= 1
                index += 1
            case UInt8(ascii: "\""): self.tokens.append(.string(try self.string(octets, &index)))
            case _ where octet.isZoneSpace: index += 1
            default:
                let first = index
                while index < octets.endIndex, !octets[index].isZoneSpace,
                    !Array(";()\"".utf8).contains(octets[index])
                {
                    index += octets[index] == UInt8(ascii: "\\") && index + 1 < octets.endIndex ? 2 : 1
                }
                self.tokens.append(.word(Array(octets[first..<index])))
            }
        }
        if self.depth == 0, !self.tokens.isEmpty { try self.entry() }
    }

    func finish() throws(ZoneSyntaxError) -> Zone {
        guard self.depth == 0 else { throw self.error("( is never closed") }
        return self.zone
    }

    /// The content of a quoted string, escapes undone.
    private func string(_ octets: ArraySlice<UInt8>, _ index: inout Int) throws(ZoneSyntaxError) -> [UInt8] {
        index += 1
        let first = index
        while index < octets.endIndex, octets[index] != UInt8(ascii: "\"") {
            index += octets[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < octets.endIndex else { throw self.error("\" is never closed") }
        defer { index += 1 }
        return Self.unescaped(octets[first..<index])
    }

    /// The octets with `\065` and `\x` replaced by what they stand for.
    private static func unescaped(_ octets: ArraySlice<UInt8>) -> [UInt8] {
        var content: [UInt8] = []
        var rest = octets
        while let octet = rest.popFirst() {
            let digits = rest.prefix(3)
            if octet != UInt8(ascii: "\\") || rest.isEmpty {
                content.append(octet)
            } else if digits.count == 3, digits.allSatisfy(\.isDigit),
                let value = UInt8(exactly: digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) })
            {
                content.append(value)
                rest = rest.dropFirst(3)
            } else if let escaped = rest.popFirst() {
                content.append(escaped)
            }
        }
        return content
    }

    private mutating func entry() throws(ZoneSyntaxError) {
        var rest = self.tokens[...]
        if case .word(let word)? = rest.first, word.first == UInt8(ascii: "$") {
            return try self.directive(rest.removeFirst().text.uppercased(), rest)
        }
        if !self.beginsWithSpace { self.owner = try self.name(rest.removeFirst()) }
        guard let owner else { throw self.error("the first entry has no name") }
        var ttl = self.defaultTTL
        while let token = rest.first {
            if let value = Self.duration(token.text) {
                ttl = value
            } else if token.text.uppercased() != "IN" {
                break
            }
            rest.removeFirst()
        }
        guard let type = rest.popFirst()?.text.uppercased() else { throw self.error("the type is missing") }
        switch type {
        case "FAIL", "BOGUS":
            let error: DNSError = type == "FAIL" ? .temporary("server failure") : .bogus("signature missing")
            guard !rest.isEmpty else { return self.zone.fail(owner, with: error) }
            for token in rest {
                let named = RecordType.named.first { $0.name == token.text.uppercased() }
                guard let named else { throw self.error("unknown type \(token.text)") }
                self.zone.fail(owner, type: named.type, with: error)
            }
        case "SOA", "NS":
            // Of use to name servers only, but the name exists.
            self.zone.touch(owner)
        default:
            let record = try self.record(type, rest.map(\.self))
            self.zone.add(record, at: owner, ttl: ttl, isAuthenticated: self.isAuthenticated)
        }
    }

    private mutating func directive(_ name: String, _ arguments: ArraySlice<Token>) throws(ZoneSyntaxError) {
        guard let argument = arguments.first, arguments.count == 1 else {
            throw self.error("\(name) takes one argument")
        }
        switch name {
        case "$ORIGIN": self.origin = try self.name(argument)
        case "$TTL":
            guard let ttl = Self.duration(argument.text) else { throw self.error("not a time: \(argument.text)") }
            self.defaultTTL = ttl
        case "$DNSSEC":
            guard ["on", "off"].contains(argument.text) else { throw self.error("$DNSSEC takes on or off") }
            self.isAuthenticated = argument.text == "on"
        default: throw self.error("unknown directive \(name)")
        }
    }

    private func record(_ type: String, _ data: [Token]) throws(ZoneSyntaxError) -> Record {
        switch (type, data.count) {
        case ("A", 1):
            guard let address = DNSAddress(data[0].text), address.isIPv4 else {
                throw self.error("not an IPv4 address")
            }
            return .a(address)
        case ("AAAA", 1):
            guard let address = DNSAddress(data[0].text), !address.isIPv4 else {
                throw self.error("not an IPv6 address")
            }
            return .aaaa(address)
        case ("CNAME", 1): return .cname(try self.name(data[0]))
        case ("PTR", 1): return .ptr(try self.name(data[0]))
        case ("MX", 2):
            guard let preference = UInt16(data[0].text) else { throw self.error("not a preference") }
            return .mx(MXRecord(preference: preference, exchange: try self.name(data[1]).lowercased.description))
        case ("TXT", 1...):
            let strings = data.map { token in
                switch token {
                case .word(let octets): Self.unescaped(octets[...])
                case .string(let octets): octets
                }
            }
            guard strings.allSatisfy({ $0.count <= 255 }) else { throw self.error("a string has over 255 octets") }
            return .txt(TXTRecord(strings: strings))
        case ("SRV", 4):
            let fields = data.prefix(3).compactMap { UInt16($0.text) }
            guard fields.count == 3 else { throw self.error("not an SRV record") }
            let target = try self.name(data[3]).lowercased.description
            return .srv(SRVRecord(priority: fields[0], weight: fields[1], port: fields[2], target: target))
        case ("TLSA", 4...):
            let fields = data.prefix(3).compactMap { UInt8($0.text) }
            let digits = data.dropFirst(3).flatMap(\.octets)
            let octets = Self.hexadecimal(digits)
            guard fields.count == 3, let octets, !octets.isEmpty else { throw self.error("not a TLSA record") }
            return .tlsa(TLSARecord(usage: fields[0], selector: fields[1], matchingType: fields[2], data: octets))
        case ("A", _), ("AAAA", _), ("CNAME", _), ("PTR", _), ("MX", _), ("TXT", _), ("SRV", _),
            ("TLSA", _):
            throw self.error("wrong number of values for \(type)")
        default:
            throw self.error("unknown type \(type)")
        }
    }

    /// A name, under the origin unless it ends in a dot.
    private func name(_ token: Token) throws(ZoneSyntaxError) -> DNSName {
        let text = token.text
        if text == "@" { return self.origin }
        guard let name = DNSName(text) else { throw self.error("not a domain name: \(text)") }
        let isAbsolute = text.hasSuffix(".") && !text.hasSuffix("\\.")
        guard let absolute = isAbsolute ? name : name.appending(self.origin) else {
            throw self.error("the name is too long")
        }
        return absolute
    }

    private func error(_ reason: String) -> ZoneSyntaxError {
        ZoneSyntaxError(line: self.start, reason: reason)
    }

    /// Seconds, or a number with `s m h d w`.
    private static func duration(_ text: String) -> Duration? {
        var digits = Array(text.utf8)
        let units: [UInt8: Int] = [0x73: 1, 0x6D: 60, 0x68: 3600, 0x64: 86_400, 0x77: 604_800]
        let unit = digits.last.flatMap { units[$0 | 0x20] }
        if unit != nil { digits.removeLast() }
        // TTLs have 31 bits (RFC 2181 §8), at most ten digits.
        guard (1...10).contains(digits.count), digits.allSatisfy(\.isDigit) else { return nil }
        let seconds = digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) } * (unit ?? 1)
        return seconds <= Int(Int32.max) ? .seconds(seconds) : nil
    }

    private static func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
        let digits = text.compactMap(\.hexadecimalValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
