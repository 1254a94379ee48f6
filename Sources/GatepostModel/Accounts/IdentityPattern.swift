package import MailSyntax

/// Addresses that an account may send as: one address, or every address of one domain.
///
/// Letters are compared without regard to ASCII case, in the local part too. An address stands for its subaddresses as well
/// (RFC 5233: `user+detail@domain`), a domain does not stand for its subdomains.
package enum IdentityPattern: Hashable, Sendable, CustomStringConvertible {
    /// Local part and domain in lower case.
    case address(Mailbox)
    /// `*@domain`, in lower case.
    case domain(Domain)

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
        self = .address(
            Mailbox(localPart: ASCII.lowercased(mailbox.localPart), domain: mailbox.domain.lowercased)
        )
    }

    /// Whether mail may be sent as this mailbox.
    package func matches(_ mailbox: Mailbox) -> Bool {
        switch self {
        case .domain(let domain):
            return mailbox.domain.lowercased == domain
        case .address(let own):
            guard mailbox.domain.lowercased == own.domain else { return false }
            // UTF-8 octets, not characters: what looks the same to Unicode need not be the same mailbox.
            let candidate = ASCII.lowercased(mailbox.localPart).utf8
            guard candidate.starts(with: own.localPart.utf8) else { return false }
            let detail = candidate.dropFirst(own.localPart.utf8.count)
            return detail.isEmpty || (!own.localPart.isEmpty && detail.first == ASCII.plus)
        }
    }

    /// The form that ``init(_:)`` reads.
    package var description: String {
        switch self {
        case .domain(let domain): "*@\(domain)"
        case .address(let mailbox): mailbox.description
        }
    }
}
