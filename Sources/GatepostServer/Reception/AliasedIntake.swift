internal import GatepostModel
internal import MailSyntax
internal import SMTP

/// Keeps submitted mail after its recipients were followed through aliases, as those of received mail are at RCPT.
///
/// Return paths stay: they are of accounts here, whose domains' SPF records name this host.
struct AliasedIntake: MessageIntake {
    let store: any MessageIntake
    let directory: any RecipientDirectory
    let rules: RecipientRules

    func enqueue(_ messages: [NewMessage], sending: SendingChange?) async throws {
        var followed: [NewMessage] = []
        followed.reserveCapacity(messages.count)
        for message in messages { followed += try await self.follow(message) }
        try await self.store.enqueue(followed, sending: sending)
    }

    private func follow(_ message: NewMessage) async throws -> [NewMessage] {
        // What stays in the sender's sandbox is shown as it was written.
        if case .sandbox = message.route { return [message] }
        var recipients: [EnvelopeRecipient] = []
        var isChanged = false
        for recipient in message.recipients {
            let targets = try await self.targets(of: recipient.forwardPath)
            if targets == [recipient.forwardPath] {
                if !recipients.contains(where: { $0.forwardPath == recipient.forwardPath }) {
                    recipients.append(recipient)
                }
                continue
            }
            isChanged = true
            for target in targets where !recipients.contains(where: { $0.forwardPath == target }) {
                var entry = recipient
                entry.forwardPath = target
                // Notifications name the address that the sender wrote to (RFC 3461 §5.2.7).
                entry.originalRecipient =
                    recipient.originalRecipient
                    ?? OriginalRecipient(
                        addressType: recipient.forwardPath.isASCII ? "rfc822" : "utf-8",
                        address: recipient.forwardPath.description
                    )
                recipients.append(entry)
            }
        }
        guard isChanged else { return [message] }
        var changed = message
        changed.recipients = recipients
        return [changed]
    }

    /// Itself for all but aliases: what nobody has, the store of mailboxes may have.
    private func targets(of path: ForwardPath) async throws -> [ForwardPath] {
        guard let mailbox = path.mailbox,
            let domain = try await self.rules.localDomain(of: mailbox, in: self.directory),
            case .alias = try await self.rules.match(mailbox, domain, in: self.directory),
            case .places(let places) = try await self.rules.resolve(path, in: self.directory)
        else { return [path] }
        return places.map { place in
            switch place {
            case .account(_, _, let path): .mailbox(path)
            case .elsewhere(let target, _): .mailbox(target)
            case .postmaster(let path): path
            case .reports(let path): .mailbox(path)
            }
        }
    }
}
