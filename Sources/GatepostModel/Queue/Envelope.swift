package import MailSyntax
package import SMTP

/// What `MAIL` said about a message (RFC 5321 §2.3.1), carried to the next hop.
package struct Envelope: Hashable, Sendable {
    package var reversePath: ReversePath
    /// `ENVID`, xtext decoded (RFC 3461 §4.4).
    package var envid: String?
    package var ret: DSNReturn?
    package var body: BodyType
    package var isSMTPUTF8: Bool
    /// Whether the reverse-path is known to be the sender's: somebody logged in, or SPF or DKIM proved it. Where it is not, no
    /// notification goes there, for it would go to somebody who sent nothing (backscatter).
    package var isReversePathProved: Bool

    package init(
        reversePath: ReversePath,
        envid: String? = nil,
        ret: DSNReturn? = nil,
        body: BodyType = .sevenBit,
        isSMTPUTF8: Bool = false,
        isReversePathProved: Bool = true
    ) {
        self.reversePath = reversePath
        self.envid = envid
        self.ret = ret
        self.body = body
        self.isSMTPUTF8 = isSMTPUTF8
        self.isReversePathProved = isReversePathProved
    }
}

/// What one `RCPT` said.
package struct EnvelopeRecipient: Hashable, Sendable {
    package var forwardPath: ForwardPath
    package var notify: DSNNotify?
    package var originalRecipient: OriginalRecipient?

    package init(
        forwardPath: ForwardPath,
        notify: DSNNotify? = nil,
        originalRecipient: OriginalRecipient? = nil
    ) {
        self.forwardPath = forwardPath
        self.notify = notify
        self.originalRecipient = originalRecipient
    }
}
