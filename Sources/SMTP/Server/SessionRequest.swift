public import SASL

/// A question of a session to the service behind it. One is open at a time.
public enum SessionRequest: Sendable {
    /// A mechanism needs something that only the account store knows.
    case authentication(ServerQuestion)
    /// A mechanism came to its end: is the account usable, and may it act as the authorization identity?
    case authenticationEnded(AuthenticationOutcome)
    /// May this session send from this reverse-path?
    case mail(MailParameters)
    /// May this message go to this forward-path?
    case recipient(RecipientParameters)
    /// Mail data is about to come: make room for it.
    case message(MailTransaction)
    /// The mail data is whole: keep it. The answer comes when it is durable.
    case endOfMessage
}

/// How an AUTH exchange ended, as far as the mechanism knows.
public struct AuthenticationOutcome: Sendable {
    public enum Result: Sendable {
        case succeeded(AuthenticatedIdentity)
        case failed(ServerFailure)
    }

    public var mechanism: MechanismName
    public var result: Result

    public init(mechanism: MechanismName, result: Result) {
        self.mechanism = mechanism
        self.result = result
    }
}

/// A mail transaction as collected before its data (RFC 5321 §3.3).
public struct MailTransaction: Sendable {
    public var mail: MailParameters
    public var recipients: [RecipientParameters]

    public init(mail: MailParameters, recipients: [RecipientParameters] = []) {
        self.mail = mail
        self.recipients = recipients
    }
}

/// The service's answer to a ``SessionRequest``.
public enum SessionAnswer: Sendable {
    /// For `.authentication`.
    case authentication(ServerAnswer)
    /// For `.authenticationEnded`: logged in as this account.
    case authenticated(account: String)
    /// For `.mail`, `.recipient` and `.message`: go on.
    case accepted
    /// For `.endOfMessage`: the message is durable under this identifier.
    case queued(identifier: String)
    /// No, or not now: the client gets this reply.
    case refused(Reply)
    /// No, and the session ends.
    case closed(Reply)
}
