/// What the owner of a ``ServerSession`` must do next. The session does nothing itself.
public enum ServerAction: Sendable {
    /// Nothing more can be done with this input: read on, or wait for the open question's answer.
    case waitForInput
    /// Send the reply and go on with the rest of the input.
    case reply(Reply)
    /// Put the question to the service; hold all input back until its answer is given to ``ServerSession/receive(_:)``.
    case ask(SessionRequest)
    /// The ranges ``ServerSession/kept`` of the input just given are mail data: append them to the message.
    case content
    /// Throw the message under way away, then send the reply.
    case abandonMessage(Reply)
    /// Send the reply, then start TLS and tell ``ServerSession/tlsStarted()``.
    case startTLS(Reply)
    /// The peer is a proxy for somebody else: from here on the session is his. Decide whether he may have one and tell
    /// ``ServerSession/receive(forwarded:)``.
    case becomeClient(ForwardedClient)
    /// Send the reply if there is one, then close.
    case close(Reply?)
}
