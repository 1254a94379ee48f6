package import MailSyntax

/// Whether a credential that proved right lets its holder in.
///
/// What is refused here looks to the client like a wrong password, save for the two things that its holder must be told to go on:
/// that an app password is needed, and that the password must be changed.
package enum CredentialCheck {
    /// What is logged in to.
    package enum Use: Hashable, Sendable {
        /// SMTP, POP3, the Dovecot socket: programs that know a name and a password.
        case mail
        /// The web pages, where a second factor can be asked for and a password changed.
        case web
        /// The HTTP interface.
        case interface
    }

    package enum Verdict: Hashable, Sendable {
        case allowed
        case refused(AuthenticationReason)
    }

    /// - Parameters:
    ///   - maximumAge: After so long a main password must be changed; nil: never.
    ///   - address: Where the login comes from; nil for a local socket.
    package static func verdict(
        on credential: Credential,
        of account: Account,
        for use: Use,
        from address: IPAddress?,
        now: Timestamp,
        maximumAge: Duration? = nil
    ) -> Verdict {
        guard account.isEnabled, credential.isEnabled else { return .refused(.disabled) }
        if let expires = credential.rules.expires, now >= expires { return .refused(.expired) }
        guard credential.rules.mayLogIn(from: address) else { return .refused(.addressRefused) }
        switch (credential.kind, use) {
        case (.password, .web): return .allowed
        case (.password, .mail): break
        case (.appPassword, .mail): return .allowed
        case (.apiToken, .interface): return .allowed
        case (.password, .interface), (.appPassword, .web), (.appPassword, .interface), (.apiToken, .mail),
            (.apiToken, .web):
            return .refused(.mechanismRefused)
        }
        // The order matters: with a second factor a new main password would not help.
        if account.hasSecondFactor { return .refused(.needsAppPassword) }
        if credential.mustChange { return .refused(.passwordChange) }
        if let maximumAge, let created = credential.created, now >= created + maximumAge {
            return .refused(.passwordChange)
        }
        return .allowed
    }
}

extension AuthenticationReason {
    /// Whether the client may be told more than that the login failed: its secret was right, and it must do something else with it.
    package var isToldToHolder: Bool {
        switch self {
        case .needsAppPassword, .passwordChange: true
        default: false
        }
    }
}
