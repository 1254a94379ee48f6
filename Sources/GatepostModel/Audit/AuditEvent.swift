package import MailSyntax

/// Something that the audit trail keeps: what was decided, about whom, from where, and what came of it. Holds no secret.
///
/// Texts that a peer chose are cut to a few hundred octets when they are stored.
package enum AuditEvent: Hashable, Sendable {
    /// An AUTH exchange, good or bad.
    case authentication(AuthenticationEvent)
    /// Somebody changed what the server holds, or asked for what others may not see.
    case administration(AdministrationEvent)
    /// A message was accepted, held or refused.
    case sending(SendingEvent)
    /// A lock or ban began, grew or ended.
    case lockout(LockoutEvent)
    /// Events that could not be kept, because they came faster than the disk took them.
    case gap(GapEvent)

    package enum Kind: UInt8, Sendable, Hashable, Codable, CaseIterable {
        case authentication = 1
        case administration = 2
        case sending = 3
        case lockout = 4
        case gap = 5
    }

    package var kind: Kind {
        switch self {
        case .authentication: .authentication
        case .administration: .administration
        case .sending: .sending
        case .lockout: .lockout
        case .gap: .gap
        }
    }

    package var time: Timestamp {
        switch self {
        case .authentication(let event): event.attempt.time
        case .administration(let event): event.time
        case .sending(let event): event.time
        case .lockout(let event): event.time
        case .gap(let event): event.time
        }
    }

    /// The address of the account that it is about, whether or not there is one; nil where none is meant, or it was erased.
    package var account: String? {
        switch self {
        case .authentication(let event): event.attempt.account
        case .administration(let event): event.account
        case .sending(let event): event.account
        case .lockout(let event): event.account
        case .gap: nil
        }
    }

    /// Where the peer is; nil where there is none, or it was erased.
    package var address: IPAddress? {
        switch self {
        case .authentication(let event): event.attempt.address
        case .administration, .gap: nil
        case .sending(let event): event.address
        case .lockout(let event): event.network?.address
        }
    }
}

/// Events that were lost: said in their place, so that nobody takes silence for peace.
package struct GapEvent: Hashable, Sendable {
    /// When the last of them came.
    package var time: Timestamp
    /// When the first of them came.
    package var since: Timestamp
    package var count: Int

    package init(time: Timestamp, since: Timestamp, count: Int) {
        self.time = time
        self.since = since
        self.count = count
    }
}
