extension Configuration {
    /// Unix sockets at which other servers ask about their clients' logins.
    package struct AuthenticationSockets: Sendable, Hashable {
        /// Speaks Dovecot's authentication protocol, for Postfix and Exim; `nil`: none.
        package var dovecot: String?
        /// Speaks saslauthd's protocol, for Cyrus SASL; `nil`: none.
        package var saslauthd: String?
        /// Permissions of both: who may write may connect, and try passwords.
        package var mode: UInt32

        package init(dovecot: String? = nil, saslauthd: String? = nil, mode: UInt32 = 0o660) {
            self.dovecot = dovecot
            self.saslauthd = saslauthd
            self.mode = mode
        }
    }
}
