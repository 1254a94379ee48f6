internal import SASL
internal import SMTP
internal import SMTPClient

/// What errors of the client mean for the messages concerned. Pure.
enum DeliveryFailure {
    /// How to go on after a connection failed under a transaction of which nothing was decided.
    enum Reaction: Equatable {
        /// The server has had enough of a connection that was used before: a fresh one will do.
        case retryOnFreshConnection
        /// The content was not sent: another address may take it.
        case tryNextTarget
        /// Nothing more can be done now.
        case settle(Verdict)
        /// We stop; the message stays as it is.
        case cancelled
    }

    /// - Parameters:
    ///   - isReused: Whether the connection carried another transaction before.
    ///   - hasRetried: Whether a fresh connection was tried already.
    static func reaction(to error: SMTPClientError, isReused: Bool, hasRetried: Bool) -> Reaction {
        switch error.reason {
        case .cancelled:
            return .cancelled
        case .bareLineEnding:
            return .settle(.permanent(.contentUnsendable, note: "\(error.reason)"))
        case .contentFailed, .contentSizeMismatch:
            return .settle(.transient(.contentUnreadable, note: "\(error.reason)"))
        case .misuse, .invalidConfiguration:
            return .settle(.transient(.noAnswerFromHost, note: "\(error)"))
        case .connectFailed, .timedOut, .session, .accessTokenUnavailable, .network:
            // Once content was on its way the server may have the message: whatever is sent again may come twice, so later is soon enough.
            guard error.stage != .content else { return .settle(self.lost(error)) }
            if isReused, !hasRetried { return .retryOnFreshConnection }
            return .tryNextTarget
        }
    }

    /// The connection ended; the server's last words, where it had some, say more than we can.
    static func lost(_ error: SMTPClientError) -> Verdict {
        guard let reply = self.refusal(error) else { return .transient(.connectionLost, note: "\(error)") }
        return Verdict(.transient, reply, speaker: .peer, note: "\(error.stage)")
    }

    /// The server's last words, where they explain the failure: it may have said yes to everything until then.
    private static func refusal(_ error: SMTPClientError) -> Reply? {
        error.reply.flatMap { $0.isTransient || $0.isPermanent ? $0 : nil }
    }

    /// No refusal of a session is a verdict about a message: all of them are worth another try.
    static func verdictWithoutConnection(_ error: SMTPClientError) -> Verdict {
        if self.isAboutLogin(error) {
            return .transient(.relayLoginRefused, note: self.words(error))
        }
        switch error.reason {
        case .accessTokenUnavailable(let reason):
            return .transient(.accessTokenUnavailable, note: "\(reason)")
        case .session(.tlsNotOffered), .session(.tlsFailed):
            return .transient(.tlsUnavailable, note: "\(error)")
        default:
            guard let reply = self.refusal(error) else { return .transient(.noAnswerFromHost, note: "\(error)") }
            return Verdict(.transient, reply, speaker: .peer, note: "\(error.stage)")
        }
    }

    /// Whether the server does not let us log in, for which trying again soon makes things worse.
    static func isAboutLogin(_ error: SMTPClientError) -> Bool {
        switch error.reason {
        case .session(.authenticationRefused), .session(.authenticationAborted), .session(.noUsableMechanism),
            .session(.authenticationNotOffered):
            true
        case .accessTokenUnavailable(let reason):
            !reason.isTemporary
        default:
            false
        }
    }

    /// Whether what we log in with was refused, by the server or by who gives the tokens: it counts against the account there.
    static func isRefusedLogin(_ error: SMTPClientError) -> Bool {
        switch error.reason {
        case .session(.authenticationRefused): true
        case .accessTokenUnavailable(let reason): !reason.isTemporary
        default: false
        }
    }

    /// What was said about the login.
    static func words(_ error: SMTPClientError) -> String {
        guard let reply = error.reply else { return "\(error)" }
        return "\(reply)" + (error.bearerTokenError.map { " (the token: \($0))" } ?? "")
    }

    /// Whether the server only has no room for more recipients in this transaction (RFC 5321 §4.5.3.1.10).
    static func isAboutTooManyRecipients(_ stage: ClientStage, _ reply: Reply) -> Bool {
        guard stage == .recipient, reply.code == 452 else { return false }
        return reply.enhanced == nil || reply.enhanced == EnhancedStatusCode(4, 5, 3)
    }
}
