package import SMTP

/// What this server says about a delivery where no peer said anything; shown in notifications and the queue.
extension Reply {
    /// `556 5.1.10` The domain takes no mail (RFC 7505 §4.2).
    package static let nullMX = Reply(556, .init(5, 1, 10), "The recipient's domain does not accept mail")
    /// `550 5.1.2` (RFC 3463 §3.2).
    package static let domainDoesNotExist = Reply(550, .init(5, 1, 2), "The recipient's domain does not exist")
    /// `553 5.1.2` What stands behind the `@` cannot be asked for in DNS.
    package static let domainNameInvalid = Reply(553, .init(5, 1, 2), "The recipient's domain is not a domain name")
    /// `550 5.4.4` The domain exists, and there is no host to send to (RFC 3463 §3.5).
    package static let hostHasNoAddress = Reply(550, .init(5, 4, 4), "No host takes mail for the recipient's domain")
    /// `451 4.4.3` (RFC 3463 §3.5).
    package static let nameServerTrouble = Reply(451, .init(4, 4, 3), "The name servers do not answer for the domain")
    /// `554 5.4.6` (RFC 3463 §3.5).
    package static let mailLoopsToUs = Reply(554, .init(5, 4, 6), "Mail for the domain would come back to this server")
    /// `550 5.1.1` No store of mailboxes is configured.
    package static let noMailboxForPostmaster = Reply(550, .init(5, 1, 1), "This server has no postmaster's mailbox")
    /// `451 4.4.1` (RFC 3463 §3.5).
    package static let noAnswerFromHost = Reply(451, .init(4, 4, 1), "No host of the destination answers")
    /// `451 4.4.2` (RFC 3463 §3.5).
    package static let connectionLost = Reply(451, .init(4, 4, 2), "The connection was lost")
    /// `454 4.7.0` The smarthost does not let this server log in; for the operator to mend, so no message fails for it.
    package static let relayLoginRefused = Reply(454, .init(4, 7, 0), "The relay refused this server's login")
    /// `454 4.7.0` Nothing to log in to the smarthost with at this time.
    package static let accessTokenUnavailable = Reply(454, .init(4, 7, 0), "There is no access token for the relay now")
    /// `454 4.7.5` TLS is required and cannot be had (RFC 3463 §3.8).
    package static let tlsUnavailable = Reply(454, .init(4, 7, 5), "The required TLS could not be set up")
    /// `554 5.6.0` The content has a lone CR or LF, which nobody may send (RFC 5321 §2.3.8).
    package static let contentUnsendable = Reply(554, .init(5, 6, 0), "The message cannot be sent as it is")
    /// `451 4.3.0` Our own store or disk.
    package static let contentUnreadable = Reply(451, .init(4, 3, 0), "The message cannot be read now")
}
