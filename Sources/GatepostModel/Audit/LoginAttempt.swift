package import MailSyntax
package import SASL

/// One AUTH exchange, good or bad, as far as it is known: what lockout counts and the case file keeps. Holds no secret.
package struct LoginAttempt: Hashable, Sendable {
    package var time: Timestamp
    /// As the client typed it; empty where it said none.
    package var loginName: String
    /// The account's address that the name means, whether or not there is such an account; nil when it means none.
    package var account: String?
    package var mechanism: MechanismName
    /// nil on a local socket.
    package var address: IPAddress?
    /// The listener's name, such as `submission 0.0.0.0:587`.
    package var listener: String
    /// TLS version, such as `1.3`; nil without TLS.
    package var tls: String?
    /// What the client called itself in EHLO.
    package var clientName: String?
    /// Tells one wrong secret from another without telling which: 16 bits under a key that is renewed daily. nil where the mechanism does
    /// not bring the secret (SCRAM, CRAM-MD5, …).
    package var secretTag: UInt16?
    /// The credential that proved right; of an old password the former one that it was, where that is known.
    package var credential: Int64?

    package init(
        time: Timestamp,
        loginName: String,
        account: String?,
        mechanism: MechanismName,
        address: IPAddress?,
        listener: String,
        tls: String? = nil,
        clientName: String? = nil,
        secretTag: UInt16? = nil,
        credential: Int64? = nil
    ) {
        self.time = time
        self.loginName = loginName
        self.account = account
        self.mechanism = mechanism
        self.address = address
        self.listener = listener
        self.tls = tls
        self.clientName = clientName
        self.secretTag = secretTag
        self.credential = credential
    }
}

/// What an exchange came to.
package enum LoginResult: Hashable, Sendable {
    case succeeded
    case refused(AuthenticationReason)
}
