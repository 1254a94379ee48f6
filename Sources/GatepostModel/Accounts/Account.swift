package import MailSyntax

/// Someone or something that logs in and submits mail.
package struct Account: Hashable, Sendable, CustomStringConvertible {
    package var id: Int64
    /// Canonical (`Mailbox.canonical`): what the account is looked up by.
    package var address: String
    package var isEnabled: Bool
    /// What the account submits goes to its own sandbox inbox; nothing leaves.
    package var isSandbox: Bool
    /// Granted beyond its own address.
    package var identities: [IdentityPattern]
    package var credentials: [Credential]

    package init(
        id: Int64,
        address: String,
        isEnabled: Bool = true,
        isSandbox: Bool = false,
        identities: [IdentityPattern] = [],
        credentials: [Credential] = []
    ) {
        self.id = id
        self.address = address
        self.isEnabled = isEnabled
        self.isSandbox = isSandbox
        self.identities = identities
        self.credentials = credentials
    }

    /// Whether the account may use this mailbox as reverse-path or author: its own address, its subaddresses, and what was granted.
    package func maySend(as mailbox: Mailbox) -> Bool {
        if let own = IdentityPattern(self.address), own.matches(mailbox) { return true }
        return self.identities.contains { $0.matches(mailbox) }
    }

    /// Whether this server knows its password; else another store may.
    package var hasOwnPassword: Bool { self.credentials.contains { $0.keys.hasKeys } }

    package var description: String { self.address }
}
