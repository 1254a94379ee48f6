internal import GatepostModel
internal import MailSyntax
internal import SMTP

extension Reply {
    /// `550 5.7.1` The listener's `from` is another address.
    static func deviceMaySendOnly(as mailbox: Mailbox) -> Reply {
        Reply(550, .init(5, 7, 1), "Devices send as <\(mailbox)> here; set that as the sender's address")
    }

    /// `550 5.7.1` The listener's `recipients` have it not.
    static func deviceMayNotSend(to recipient: ForwardPath) -> Reply {
        Reply(550, .init(5, 7, 1), "Devices may not send to <\(recipient)> here")
    }

    /// `450 4.7.1` Too many messages in an hour; says when the next one may come.
    static func deviceRateExceeded(limit: Int, wait: Duration) -> Reply {
        let minutes = max(1, (wait.components.seconds + 59) / 60)
        return Reply(
            450,
            .init(4, 7, 1),
            "A device may send \(limit) messages an hour here; try again in \(minutes) minutes"
        )
    }

    /// `550 5.7.1` There is no such account, or it is disabled.
    static let deviceAccountMissing = Reply(550, .init(5, 7, 1), "The account of this listener cannot send")
}
