public import SASL

/// What the owner of a ``POP3Session`` must do next. The session does nothing itself.
public enum POP3Action: Sendable {
    /// Nothing more can be done with this input: read on, or wait for the open question's answer.
    case waitForInput
    /// Send these octets and go on with the rest of the input.
    case send([UInt8])
    /// Put the question to the service; hold all input back until its answer is given to ``POP3Session/receive(_:)``.
    case ask(POP3Request)
    /// Send the octets, then start TLS and tell ``POP3Session/tlsStarted(channelBindings:hasClientCertificate:)``.
    case startTLS([UInt8])
    /// Send the octets, then close.
    case close([UInt8])
}

/// A question of a session to the service behind it. One is open at a time.
public enum POP3Request: Sendable {
    /// A mechanism needs something that only the account store knows.
    case authentication(ServerQuestion)
    /// An exchange came to its end: is the account usable?
    case authenticationEnded(MechanismName, POP3AuthenticationResult)
    /// Send `+OK` and the message, dot-stuffed and ended by a line with one dot: all of it where `bodyLines` is nil, else as TOP wants it (``ContentSelection``).
    case content(Maildrop.Message, bodyLines: Int?)
    /// The session ended with QUIT: remove these messages.
    case update(deleted: [Maildrop.Message])
}

/// How an exchange ended, as far as the mechanism knows.
public enum POP3AuthenticationResult: Sendable {
    case succeeded(AuthenticatedIdentity)
    case failed(ServerFailure)
}

/// The service's answer to a ``POP3Request``.
public enum POP3Answer: Sendable {
    /// For `.authentication`.
    case authentication(ServerAnswer)
    /// For `.authenticationEnded`: logged in, with this maildrop.
    case authenticated(Maildrop)
    /// For `.content`: it was sent. For `.update`: done.
    case done
    /// No, or not now: the client gets this reply.
    case refused(POP3Reply)
    /// No, and the session ends.
    case closed(POP3Reply)
}
