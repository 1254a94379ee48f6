/// How long a client may stay silent in each phase (RFC 5321 §4.5.3.2).
public struct SessionTimeouts: Sendable, Hashable {
    /// Waiting for a command; at least 5 minutes says §4.5.3.2.7.
    public var command: Duration
    /// Waiting for the next piece of mail data.
    public var data: Duration
    /// From connect or STARTTLS to the end of the TLS handshake.
    public var tlsHandshake: Duration
    /// From the last reply to the end of the connection, for a client that reads no replies or does not close.
    public var closing: Duration

    public init(
        command: Duration = .seconds(300),
        data: Duration = .seconds(180),
        tlsHandshake: Duration = .seconds(30),
        closing: Duration = .seconds(10)
    ) {
        self.command = command
        self.data = data
        self.tlsHandshake = tlsHandshake
        self.closing = closing
    }
}
