public import MailSyntax

extension DMARC {
    /// Whose message it is: the domain of the one From field (RFC 9989 §3.2.2).
    public enum Author: Hashable, Sendable {
        /// The domain, in A-labels.
        case domain(String)
        /// There is none that could be judged. Such a message must not slip past a policy: it is judged `permerror`.
        case fault(AuthorFault)

        /// The domain, or nil.
        public var domain: String? {
            switch self {
            case .domain(let domain): domain
            case .fault: nil
            }
        }
    }

    /// Why a message has no author domain.
    public enum AuthorFault: Hashable, Sendable {
        /// There is no From field.
        case missing
        /// There are several: a reader may be shown any of them.
        case severalFields(Int)
        /// The field is no list of addresses.
        case malformed(MailSyntaxError)
        /// The field has no address, only empty groups (RFC 6854).
        case noAddress
        /// The addresses have several domains.
        case severalDomains([String])
        /// The domain is an address literal, or cannot be written in A-labels.
        case noDomainName(String)
    }
}

extension DMARC.Author {
    /// Takes the author domain from the fields of a message.
    ///
    /// - Parameters:
    ///   - fields: The header, first to last.
    ///   - alabels: Writes a domain with other than ASCII letters in A-labels (RFC 5890 §2.3.2.1), nil when it cannot be.
    public init(of fields: some Sequence<HeaderField>, alabels: (String) -> String? = { _ in nil }) {
        let from = fields.filter { $0.isNamed("From") }
        guard let field = from.first else {
            self = .fault(.missing)
            return
        }
        guard from.count == 1 else {
            self = .fault(.severalFields(from.count))
            return
        }
        let mailboxes: [Mailbox]
        do throws(MailSyntaxError) {
            mailboxes = try AddressList(parsing: field.valueOctets).mailboxes
        } catch {
            self = .fault(.malformed(error))
            return
        }
        guard let first = mailboxes.first else {
            self = .fault(.noAddress)
            return
        }
        var domains: [String] = []
        for mailbox in mailboxes {
            guard case .name(let name) = mailbox.domain, let ascii = mailbox.domain.isASCII ? name : alabels(name)
            else {
                self = .fault(.noDomainName(first.domain.description))
                return
            }
            let domain = ASCII.lowercased(ascii)
            if !domains.contains(domain) { domains.append(domain) }
            // Enough to know; the list may be long.
            if domains.count > 8 { break }
        }
        self = domains.count == 1 ? .domain(domains[0]) : .fault(.severalDomains(domains))
    }
}

extension DMARC.AuthorFault: CustomStringConvertible {
    /// The fault in words.
    public var description: String {
        switch self {
        case .missing: "there is no From field"
        case .severalFields(let count): "there are \(count) From fields"
        case .malformed(let error): "From cannot be read: \(error)"
        case .noAddress: "From has no address"
        case .severalDomains(let domains): "From has several domains: \(domains.joined(separator: ", "))"
        case .noDomainName(let domain): "\(domain) in From is no domain name"
        }
    }
}
