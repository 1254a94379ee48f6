internal import SMTP

extension SMTPClientError {
    /// The session's failure, with our own cause in place of "closed" where it was us who closed.
    init(_ failure: ClientSessionFailure, cause: Reason?, endpoint: Endpoint) {
        self.init(
            cause ?? .session(failure.reason),
            stage: failure.stage,
            endpoint: endpoint,
            isTLS: failure.isTLS,
            reply: failure.reply,
            bearerTokenError: failure.bearerTokenError
        )
    }
}

extension MailTransactionResult {
    init(_ result: ClientTransactionResult) {
        self.init(outcomes: result.outcomes.map(Outcome.init), unsendable: result.unsendable)
    }

    init(_ outcomes: [RecipientOutcome?], interruptedBy error: SMTPClientError) {
        self.init(outcomes: outcomes.map { $0.map(Outcome.init) ?? .interrupted(error) })
    }
}

extension MailTransactionResult.Outcome {
    fileprivate init(_ outcome: RecipientOutcome) {
        switch outcome {
        case .accepted(let reply): self = .accepted(reply)
        case .refused(let stage, let reply): self = .refused(stage, reply)
        }
    }
}
