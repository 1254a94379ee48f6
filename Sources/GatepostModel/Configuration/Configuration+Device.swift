package import MailSyntax

extension Configuration {
    /// What a listener for printers and scanners lets through, which know no TLS and often no AUTH.
    package struct Device: Sendable, Hashable {
        /// What is done with mail that does not say the fixed `From`.
        package enum OtherFrom: String, Sendable, Hashable, CaseIterable {
            case refuse
            /// The fixed address takes its place.
            case rewrite
        }

        package static let defaultMessagesPerHour = 30

        /// All that may connect.
        package var clients: [IPNetwork]
        /// Whose mail it is without AUTH; nil: an app password is asked for.
        package var account: String?
        /// nil: whatever the account may use.
        package var from: Mailbox?
        package var otherFrom: OtherFrom
        /// nil: everybody.
        package var recipients: [IdentityPattern]?
        /// Of one client address, in any 60 minutes.
        package var messagesPerHour: Int

        package init(
            clients: [IPNetwork],
            account: String? = nil,
            from: Mailbox? = nil,
            otherFrom: OtherFrom = .refuse,
            recipients: [IdentityPattern]?,
            messagesPerHour: Int = Device.defaultMessagesPerHour
        ) {
            self.clients = clients
            self.account = account
            self.from = from
            self.otherFrom = otherFrom
            self.recipients = recipients
            self.messagesPerHour = messagesPerHour
        }

        /// Who every author must be.
        package var fixedAuthor: FixedAuthor? {
            self.from.map { FixedAuthor(mailbox: $0, replacesOthers: self.otherFrom == .rewrite) }
        }

        /// Whether its devices may send there. `postmaster` without a domain is this host's.
        package func maySend(to recipient: ForwardPath) -> Bool {
            guard let recipients = self.recipients, case .mailbox(let mailbox) = recipient else { return true }
            return recipients.contains { $0.matches(mailbox) }
        }
    }

}

extension Configuration.Device: CustomStringConvertible {
    /// For `config show` and the log.
    package var description: String {
        [
            "from \(self.clients.map(\.description).joined(separator: ", "))",
            self.account.map { "as \($0) without AUTH" } ?? "with app passwords",
            self.from.map { "writing as \($0) (\(self.otherFrom.rawValue) others)" },
            "to \(self.recipients?.map(\.description).joined(separator: ", ") ?? "everybody")",
            "\(self.messagesPerHour) messages an hour",
        ].compactMap { $0 }.joined(separator: "; ")
    }
}
