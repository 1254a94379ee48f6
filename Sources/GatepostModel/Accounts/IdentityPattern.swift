package import MailSyntax

/// Addresses that an account may send as: one address, or every address of one domain.
///
/// Letters are compared without regard to ASCII case, in the local part too. An address stands for its subaddresses as well
/// (RFC 5233: `user+detail@domain`), a domain does not stand for its subdomains.
package enum IdentityPattern: Hashable, Sendable, CustomStringConvertible {
    /// Local part and domain in lower case.
    case address(localPart: String, domain: String)
    /// `*@domain`, in lower case.
    case domain(String)

    /// Reads an address or `*@domain`; nil for anything else.
    package init?(_ text: String) {
        guard let mailbox = try? Mailbox(parsing: text) else { return nil }
        if mailbox.localPart == "*", text.hasPrefix("*@") {
            self = .domain(mailbox.domain.lowercased)
        } else {
            self.init(mailbox)
        }
    }

    package init(_ mailbox: Mailbox) {
        self = .address(localPart: mailbox.localPart.asciiLowercased, domain: mailbox.domain.lowercased)
    }

    /// Whether mail may be sent as this mailbox.
    package func matches(_ mailbox: Mailbox) -> Bool {
        switch self {
        case .domain(let domain):
            return mailbox.domain.lowercased == domain
        case .address(let localPart, let domain):
            guard mailbox.domain.lowercased == domain else { return false }
            let candidate = mailbox.localPart.asciiLowercased.utf8
            guard candidate.starts(with: localPart.utf8) else { return false }
            let detail = candidate.dropFirst(localPart.utf8.count)
            return detail.isEmpty || (!localPart.isEmpty && detail.first == UInt8(ascii: "+"))
        }
    }

    /// The form that ``init(_:)`` reads.
    package var description: String {
        switch self {
        case .domain(let domain):
            return "*@\(domain)"
        case .address(let localPart, let domain):
            return (try? Mailbox(parsing: "\(localPart)@\(domain)"))?.description ?? Self.quoted(localPart)
                + "@\(domain)"
        }
    }

    private static func quoted(_ localPart: String) -> String {
        var quoted = "\""
        for character in localPart.unicodeScalars {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}

extension String {
    /// A to Z become lower case, everything else stays: case folding beyond ASCII depends on the language.
    package var asciiLowercased: String {
        guard self.utf8.contains(where: { (0x41...0x5a).contains($0) }) else { return self }
        return String(decoding: self.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
