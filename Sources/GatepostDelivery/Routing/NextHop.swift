package import MailSyntax

/// Where the mail for a recipient goes from here.
package enum NextHop: Hashable, Sendable {
    /// To the mail exchangers of this domain: A-labels in lower case (RFC 5321 §5.1).
    case exchangers(of: String)
    /// To this host, which the recipient's address literal names.
    case address(IPAddress)
    /// To the configured smarthost.
    case relay
    /// To the store of local mailboxes, by LMTP.
    case local
}

extension NextHop: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exchangers(let domain): domain
        case .address(let address): Domain.address(address).description
        case .relay: "relay"
        case .local: "local"
        }
    }
}
