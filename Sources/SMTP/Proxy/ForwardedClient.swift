public import MailSyntax

/// Whom a proxy connects for, as it says in Postfix's extension `XCLIENT`.
///
/// ```
/// C: XCLIENT NAME=client.example.net ADDR=192.0.2.7 PORT=51432 PROTO=ESMTP HELO=client
/// S: 220 mail.example.org ESMTP Gatepost
/// ```
///
/// Believed only from addresses that are configured to be proxies. Of the extension's attributes `LOGIN` is not taken, for logins are checked
/// here, and neither are those of the proxy's own end.
public struct ForwardedClient: Hashable, Sendable {
    /// nil: not said, or the proxy does not know.
    public var address: IPAddress?
    public var port: Int?
    /// The client's name in DNS, as the proxy found it.
    public var name: String?
    /// What the client called itself.
    public var clientName: String?

    public init(address: IPAddress?, port: Int? = nil, name: String? = nil, clientName: String? = nil) {
        self.address = address
        self.port = port
        self.name = name
        self.clientName = clientName
    }

    /// Offered in EHLO's answer.
    static let attributes = ["NAME", "ADDR", "PORT", "PROTO", "HELO"]
    static let maximumValueOctets = 255

    /// Reads the command's arguments: attributes with values in xtext, each at most once.
    ///
    /// - Throws: ``CommandSyntaxError/badArguments(_:)``.
    init(parsing arguments: some Collection<UInt8>) throws(CommandSyntaxError) {
        self.init(address: nil)
        var seen: Set<String> = []
        let words = arguments.split { $0 == 0x20 || $0 == 0x09 }
        guard !words.isEmpty else { throw .badArguments("XCLIENT takes attributes such as ADDR=192.0.2.7") }
        for word in words {
            let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let attribute = String(decoding: parts[0], as: UTF8.self).uppercased()
            guard Self.attributes.contains(attribute) else { throw .badArguments("XCLIENT has no such attribute here") }
            guard seen.insert(attribute).inserted else { throw .badArguments("\(attribute) is given twice") }
            guard parts.count == 2, let octets = XText.decode(parts[1]), !octets.isEmpty,
                octets.count <= Self.maximumValueOctets, octets.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw .badArguments("\(attribute) has no value, or one that is not printable") }
            try self.take(attribute, String(decoding: octets, as: UTF8.self))
        }
    }

    private mutating func take(_ attribute: String, _ value: String) throws(CommandSyntaxError) {
        // The proxy does not know, or not now.
        let isUnknown = value == "[UNAVAILABLE]" || value == "[TEMPUNAVAIL]"
        switch attribute {
        case "ADDR":
            if isUnknown { return }
            let isTagged = value.utf8.prefix(5).elementsEqual("IPV6:".utf8)
            guard let address = IPAddress(isTagged ? String(value.dropFirst(5)) : value),
                isTagged == (address.family == .v6)
            else { throw .badArguments("ADDR wants an IPv4 address, or an IPv6 one behind IPV6:") }
            self.address = address.unmapped
        case "PORT":
            if isUnknown { return }
            guard let port = Command.decimal(Array(value.utf8)[...]), port <= 65_535 else {
                throw .badArguments("PORT wants a number up to 65535")
            }
            self.port = port
        case "PROTO":
            guard isUnknown || value == "SMTP" || value == "ESMTP" else {
                throw .badArguments("PROTO wants SMTP or ESMTP")
            }
        case "NAME":
            if !isUnknown { self.name = value }
        default:
            if !isUnknown { self.clientName = value }
        }
    }
}
