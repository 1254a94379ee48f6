package import MailSyntax
package import SMTP

/// What a credential is limited to. Empty lists and nil limit nothing.
package struct CredentialRules: Hashable, Sendable {
    /// From then on it is refused.
    package var expires: Timestamp?
    /// Where it may be used from.
    package var networks: [IPNetwork]
    /// Whom its holder may send as; what the account may not, it may not either.
    package var identities: [IdentityPattern]
    /// Domains in lower case that its holder may send to; subdomains are not in it.
    package var recipientDomains: [Domain]
    /// How much its holder may send; what the account may not, it may not either.
    package var limits: SendingLimits

    package init(
        expires: Timestamp? = nil,
        networks: [IPNetwork] = [],
        identities: [IdentityPattern] = [],
        recipientDomains: [Domain] = [],
        limits: SendingLimits = SendingLimits()
    ) {
        self.expires = expires
        self.networks = networks
        self.identities = identities
        self.recipientDomains = recipientDomains
        self.limits = limits
    }

    /// Whether a login may come from there. A local socket, which has no address, is in no network.
    package func mayLogIn(from address: IPAddress?) -> Bool {
        if self.networks.isEmpty { return true }
        guard let address else { return false }
        return self.networks.contains { $0.contains(address) }
    }

    /// Whether there is anything that its holder may not send, though the account may.
    package var limitsSending: Bool {
        !self.identities.isEmpty || !self.recipientDomains.isEmpty || !self.limits.isEmpty
    }

    /// Whether the credential's holder may use the mailbox as reverse-path or author, as far as the credential says.
    package func maySend(as mailbox: Mailbox) -> Bool {
        self.identities.isEmpty || self.identities.contains { $0.matches(mailbox) }
    }

    /// Whether the credential's holder may send there. `postmaster` without a domain is this host's.
    package func maySend(to recipient: ForwardPath) -> Bool {
        if self.recipientDomains.isEmpty { return true }
        guard case .mailbox(let mailbox) = recipient else { return true }
        return self.recipientDomains.contains(mailbox.domain.lowercased)
    }
}

extension Reply {
    /// `550 5.7.1` The app password may not send as this address, though the account may.
    package static func credentialMayNotSend(_ name: String, as mailbox: Mailbox) -> Reply {
        Reply(550, .init(5, 7, 1), "The app password '\(Reply.safe(name))' may not send as <\(mailbox)>")
    }

    /// `550 5.7.1` The app password may not send there.
    package static func credentialMayNotSend(_ name: String, to recipient: ForwardPath) -> Reply {
        Reply(550, .init(5, 7, 1), "The app password '\(Reply.safe(name))' may not send to <\(recipient)>")
    }

    /// A name that an operator chose, in the ASCII of a reply line.
    private static func safe(_ name: String) -> String {
        String(
            decoding: name.utf8.prefix(64).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self
        )
    }
}
