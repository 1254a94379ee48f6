extension Reply {
    // Success and progress.
    static let ok = Reply(250, .init(2, 0, 0), "Ok")
    static let senderOk = Reply(250, .init(2, 1, 0), "Sender ok")
    static let recipientOk = Reply(250, .init(2, 1, 5), "Recipient ok")
    static let startMailInput = Reply(354, nil, "Start mail input; end with <CRLF>.<CRLF>")
    static let readyToStartTLS = Reply(220, .init(2, 0, 0), "Ready to start TLS")
    /// `235 2.7.0` (RFC 4954 §6).
    static let authenticationSucceeded = Reply(235, .init(2, 7, 0), "Authentication succeeded")
    static let help = Reply(
        code: 214,
        enhanced: .init(2, 0, 0),
        lines: [
            "EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT",
            "Log in with AUTH over TLS, then send. Port 465 speaks TLS at once, port 587 after STARTTLS.",
        ]
    )
    static let cannotVerify = Reply(252, .init(2, 5, 0), "Cannot verify the user; send mail and it will be tried")

    // Sequence and form.
    static let sendGreetingFirst = Reply(503, .init(5, 5, 1), "Send EHLO first")
    static let needMailFirst = Reply(503, .init(5, 5, 1), "Send MAIL first")
    static let nestedMail = Reply(503, .init(5, 5, 1), "A mail transaction is open; send RSET to end it")
    static let noValidRecipients = Reply(554, .init(5, 5, 1), "No valid recipients")
    static let dataWithinChunks = Reply(503, .init(5, 5, 1), "DATA and BDAT may not be mixed in one transaction")
    static let unknownCommand = Reply(500, .init(5, 5, 1), "Unknown command")
    static let notImplemented = Reply(502, .init(5, 5, 1), "Command not implemented")
    static let controlOctet = Reply(500, .init(5, 5, 2), "A command may not hold control characters")
    static let commandTooLong = Reply(500, .init(5, 5, 2), "Command line too long")
    /// A client that ends lines with LF only, or an attempt to smuggle: nothing that follows can be trusted.
    static let bareLineEnding = Reply(521, .init(5, 5, 2), "A lone CR or LF was received; lines end in CRLF")
    static let crossProtocol = Reply(521, .init(5, 5, 1), "This is a mail server; it does not speak HTTP")
    /// `521 5.5.4`: the chunk's octets cannot be told from commands any more (RFC 3030 §2).
    static let badChunkSize = Reply(
        521,
        .init(5, 5, 4),
        "Syntax: BDAT size [LAST]; closing, for the octets that follow are unknown"
    )
    static let chunkAfterRefusal = Reply(503, .init(5, 5, 1), "An earlier chunk of this message was refused; send RSET")
    static let junkCommands = Reply(421, .init(4, 7, 0), "Too many commands without a message; closing")
    static let internalError = Reply(421, .init(4, 3, 0), "Internal error; closing")
    static let tooManyBadCommands = Reply(421, .init(4, 7, 0), "Too many bad commands; closing")

    // Authentication (RFC 4954 §4, §6).
    static let secondAuthentication = Reply(503, .init(5, 5, 1), "Already authenticated")
    static let authenticationInTransaction = Reply(503, .init(5, 5, 1), "AUTH is not allowed in a mail transaction")
    static let unknownMechanism = Reply(504, .init(5, 5, 4), "Mechanism unknown or not offered here")
    static let encryptionRequired = Reply(538, .init(5, 7, 11), "Encryption required; use STARTTLS first")
    /// `530 5.7.0` (RFC 4954 §6).
    public static let authenticationRequired = Reply(530, .init(5, 7, 0), "Authentication required")
    static let startTLSRequired = Reply(530, .init(5, 7, 0), "Must issue a STARTTLS command first, then AUTH")
    static let cancelled = Reply(501, .init(5, 7, 0), "Authentication cancelled")
    static let badBase64 = Reply(501, .init(5, 5, 2), "Cannot decode the base64 response")
    static let malformedResponse = Reply(501, .init(5, 5, 2), "Malformed authentication response")
    static let authenticationLineTooLong = Reply(500, .init(5, 5, 6), "Authentication exchange line too long")
    static let tooManyFailures = Reply(421, .init(4, 7, 0), "Too many failed authentication attempts; closing")

    // TLS (RFC 3207 §4).
    static let tlsActive = Reply(503, .init(5, 5, 1), "TLS is already active")
    static let tlsNotOffered = Reply(502, .init(5, 5, 1), "STARTTLS is not offered here")
    static let inputBehindStartTLS = Reply(421, .init(4, 7, 0), "Input behind STARTTLS is not allowed; closing")

    // Limits and content.
    static let tooManyRecipients = Reply(
        452,
        .init(4, 5, 3),
        "Too many recipients; send the rest in another transaction"
    )
    static let bareLineEndingInData = Reply(
        550,
        .init(5, 5, 2),
        "The message holds a lone CR or LF; lines must end in CRLF"
    )
    static let nulInData = Reply(550, .init(5, 6, 0), "The message holds a NUL octet")
    static func messageTooLarge(_ maximum: Int) -> Reply {
        Reply(552, .init(5, 3, 4), "Message too large; the limit is \(maximum) octets")
    }

    static func queued(_ identifier: String) -> Reply {
        Reply(250, .init(2, 0, 0), "Ok: queued as \(identifier)")
    }
}

extension Reply {
    /// `421 4.4.2`: the client was silent for too long (RFC 5321 §4.5.3.2).
    public static let timeout = Reply(421, .init(4, 4, 2), "Timeout; closing")
    /// `421 4.3.2`: the server is going down (RFC 5321 §3.8).
    public static let shuttingDown = Reply(421, .init(4, 3, 2), "Service shutting down; try again soon")
    /// `454 4.7.0`: the verifier is busy or broken (RFC 4954 §6).
    public static let authenticationUnavailable = Reply(454, .init(4, 7, 0), "Temporary authentication failure")
    /// `421 4.7.0`: more sessions than allowed.
    public static let tooManySessions = Reply(421, .init(4, 7, 0), "Too many sessions; try again later")
}

extension Reply {
    /// `421 4.3.2`: more sessions in all than the server takes.
    public static let serverFull = Reply(421, .init(4, 3, 2), "Too many sessions on this server; try again later")
    /// `421 4.7.0`: the client's address connects too often.
    public static let tooManyConnections = Reply(
        421,
        .init(4, 7, 0),
        "Too many connections from your address within a minute; try again later"
    )
    /// `421 4.7.0`: too many failed logins from the client's address.
    public static let addressBanned = Reply(
        421,
        .init(4, 7, 0),
        "Too many failed logins from your address; try again later"
    )
    /// `554 5.7.1`: the client's address is on the deny list.
    public static let addressDenied = Reply(554, .init(5, 7, 1), "Access from your address is denied")
}
