package import MailSyntax
package import SMTP

/// Who may send as whom (RFC 6409 §6.1).
package enum SubmissionPolicy {
    /// Where in a submission an address stood.
    package enum Place: Hashable, Sendable, CaseIterable {
        /// `MAIL FROM`.
        case reversePath
        /// The header field `From`.
        case author
        case sender
        case resentFrom
        case resentSender

        /// The header field; nil for the envelope.
        package var field: String? {
            switch self {
            case .reversePath: nil
            case .author: "From"
            case .sender: "Sender"
            case .resentFrom: "Resent-From"
            case .resentSender: "Resent-Sender"
            }
        }
    }

    package enum Verdict: Hashable, Sendable {
        case allowed
        /// The account, or the credential that was logged in with, may not use this address there.
        case refused(Mailbox, Place, Account.MissingGrant = .account)

        /// What the client is told; nil when allowed.
        package var reply: Reply? {
            switch self {
            case .allowed: nil
            case .refused(let mailbox, let place, let missing): .notAllowed(mailbox, place, missing)
            }
        }
    }

    /// The null reverse-path is allowed: mail clients send read receipts and automatic answers with it (RFC 8098 §3), and
    /// the author is checked all the same.
    package static func mayUse(_ reversePath: ReversePath, account: Account) -> Verdict {
        switch reversePath {
        case .null: .allowed
        case .mailbox(let mailbox): self.mayUse([mailbox], in: .reversePath, account: account)
        }
    }

    /// Every mailbox that a header field names as author or sender must be one that the account may use.
    package static func mayUse(_ mailboxes: [Mailbox], in place: Place, account: Account) -> Verdict {
        for mailbox in mailboxes {
            if let missing = account.missingGrant(for: mailbox) { return .refused(mailbox, place, missing) }
        }
        return .allowed
    }
}

extension Reply {
    /// `550 5.7.1` The account may not send as this address; says which grant is missing.
    package static func notAllowed(
        _ mailbox: Mailbox,
        _ place: SubmissionPolicy.Place,
        _ missing: Account.MissingGrant = .account
    ) -> Reply {
        let what = place.field.map { "write as <\(mailbox)> in \($0)" } ?? "send as <\(mailbox)>"
        let why =
            switch missing {
            case .account: "this address is not granted to the account"
            case .credential: "it is granted to the account, but the app password is limited to other addresses"
            }
        return Reply(550, .init(5, 7, 1), "You may not \(what): \(why)")
    }
}
