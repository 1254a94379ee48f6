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
    /// Passwords that it had before, the latest first.
    package var former: [FormerCredential]
    /// Whether its owner proved that one-time passwords work: from then on the main password does not open the mail protocols.
    package var hasSecondFactor: Bool
    /// What is said about this account; the configuration's limits hold where nothing is.
    package var limits: SendingLimits
    /// Set for a session whose credential is limited: whom else it may not send as. Empty limits nothing.
    package var sendsOnlyAs: [IdentityPattern]

    package init(
        id: Int64,
        address: String,
        isEnabled: Bool = true,
        isSandbox: Bool = false,
        identities: [IdentityPattern] = [],
        credentials: [Credential] = [],
        former: [FormerCredential] = [],
        hasSecondFactor: Bool = false,
        limits: SendingLimits = SendingLimits()
    ) {
        self.id = id
        self.address = address
        self.isEnabled = isEnabled
        self.isSandbox = isSandbox
        self.identities = identities
        self.credentials = credentials
        self.former = former
        self.hasSecondFactor = hasSecondFactor
        self.limits = limits
        self.sendsOnlyAs = []
    }

    /// The account as one of its credentials may use it.
    package func limited(by rules: CredentialRules) -> Account {
        var account = self
        account.sendsOnlyAs = rules.identities
        return account
    }

    /// Whether the account may use this mailbox as reverse-path or author: its own address, its subaddresses, and what was granted.
    package func maySend(as mailbox: Mailbox) -> Bool { self.missingGrant(for: mailbox) == nil }

    /// Who would have to be granted the mailbox, so that it may be used as reverse-path or author.
    package enum MissingGrant: Hashable, Sendable {
        case account
        /// The account has it, the credential that was logged in with is limited to others.
        case credential
    }

    /// nil when the account may use this mailbox as reverse-path or author: its own address, its subaddresses, and what was granted.
    package func missingGrant(for mailbox: Mailbox) -> MissingGrant? {
        let isOwn = IdentityPattern(self.address)?.matches(mailbox) == true
        guard isOwn || self.identities.contains(where: { $0.matches(mailbox) }) else { return .account }
        let isWithin = self.sendsOnlyAs.isEmpty || self.sendsOnlyAs.contains { $0.matches(mailbox) }
        return isWithin ? nil : .credential
    }

    /// Whether this server knows its password; else another store may.
    package var hasOwnPassword: Bool { self.credentials.contains { $0.kind == .password && $0.keys.hasKeys } }

    package var description: String { self.address }
}
