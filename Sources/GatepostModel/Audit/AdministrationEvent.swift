/// Who asked for an administrative action.
package enum AuditActor: Hashable, Sendable, CustomStringConvertible {
    /// A user of this host, over the control socket.
    case user(UInt32)
    /// A user of this host, on the stores while no server ran.
    case offline(UInt32)
    /// The owner of an account, on the web or through a protocol.
    case account(String)
    /// The server by itself: a retention, a rotation, a limit.
    case server

    package var description: String {
        switch self {
        case .user(let user): "uid \(user)"
        case .offline(let user): "uid \(user) offline"
        case .account(let address): address
        case .server: "server"
        }
    }
}

/// Something that an operator, an owner or the server itself changed.
package struct AdministrationEvent: Hashable, Sendable {
    package var time: Timestamp
    package var actor: AuditActor
    /// In the words of the command that does it: `account password`, `lock lift`, `queue cancel`.
    package var action: String
    /// The account that it is about.
    package var account: String?
    /// What else it is about: a domain, a message, a network, an identity. Kept as personal data of the account.
    package var subject: String?
    /// nil when it was done, else why not.
    package var failure: String?

    package init(
        time: Timestamp,
        actor: AuditActor,
        action: String,
        account: String? = nil,
        subject: String? = nil,
        failure: String? = nil
    ) {
        self.time = time
        self.actor = actor
        self.action = action
        self.account = account
        self.subject = subject
        self.failure = failure
    }
}
