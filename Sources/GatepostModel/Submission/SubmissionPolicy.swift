package import MailSyntax
package import SMTP

/// Who may send as whom (RFC 6409 §6.1).
package enum SubmissionPolicy {
    /// Where in a submission an address stood.
    package enum Place: Hashable, Sendable {
        /// `MAIL FROM`.
        case reversePath
        /// The header field `From`.
        case author
    }

    package enum Verdict: Hashable, Sendable {
        case allowed
        /// The account may not use this address there.
        case refused(Mailbox, Place)

        /// What the client is told; nil when allowed.
        package var reply: Reply? {
            switch self {
            case .allowed: nil
            case .refused(let mailbox, let place): .notAllowed(mailbox, place)
            }
        }
    }

    /// The null reverse-path is allowed: mail clients send read receipts and automatic answers with it (RFC 8098 §3), and
    /// the author is checked all the same.
    package static func mayUse(_ reversePath: ReversePath, account: Account) -> Verdict {
        switch reversePath {
        case .null: .allowed
        case .mailbox(let mailbox):
            account.maySend(as: mailbox) ? .allowed : .refused(mailbox, .reversePath)
        }
    }

    /// Every author must be an address that the account may use.
    package static func mayUse(authors: [Mailbox], account: Account) -> Verdict {
        for author in authors where !account.maySend(as: author) { return .refused(author, .author) }
        return .allowed
    }
}

extension Reply {
    /// `550 5.7.1` The account may not send as this address.
    package static func notAllowed(_ mailbox: Mailbox, _ place: SubmissionPolicy.Place) -> Reply {
        switch place {
        case .reversePath: Reply(550, .init(5, 7, 1), "You may not send as <\(mailbox)>")
        case .author: Reply(550, .init(5, 7, 1), "You may not write as <\(mailbox)> in From")
        }
    }
}
