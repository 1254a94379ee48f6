/// Something that might be sent, to find out what would become of it.
package struct SimulationRequest: Codable, Hashable, Sendable {
    /// As it would be typed as user name. At a listener that stands for an account by address it is not asked for.
    package var account: String
    /// The app password that would be logged in with; nil: the main password.
    package var credential: String?
    /// Where from; nil: this host.
    package var address: String?
    package var isTLS: Bool
    /// Such as `submission:587`; nil: the first listener for submission.
    package var listener: String?
    /// The reverse-path; nil: the account. Empty: the null path.
    package var from: String?
    package var recipients: [String]
    /// The header section, lines ended by CRLF; nil: `From` with the reverse-path.
    package var header: String?
    /// Octets of the whole message; nil: as many as the header has.
    package var size: Int?
    /// Whether DNS is asked what receivers will make of the message.
    package var asksDNS = false

    package init(
        account: String,
        credential: String? = nil,
        address: String? = nil,
        isTLS: Bool = true,
        listener: String? = nil,
        from: String? = nil,
        recipients: [String] = [],
        header: String? = nil,
        size: Int? = nil
    ) {
        self.account = account
        self.credential = credential
        self.address = address
        self.isTLS = isTLS
        self.listener = listener
        self.from = from
        self.recipients = recipients
        self.header = header
        self.size = size
    }

    /// Less than what is kept in memory, so that nothing is written.
    package static let maximumHeaderOctets = 64 * 1024
    package static let maximumRecipients = 1000
}

/// What would become of it, step by step, and by which rule.
package struct SimulationReport: Codable, Hashable, Sendable {
    package enum Verdict: String, Codable, Hashable, Sendable {
        case accepted
        /// Kept until somebody releases it.
        case held
        case refused
    }

    package enum Stage: String, Codable, Hashable, Sendable {
        case connection
        case login
        case sender
        case recipient
        case message
    }

    package struct Step: Codable, Hashable, Sendable {
        package var stage: Stage
        /// Whom or what it is about: an address, a recipient, the account.
        package var subject: String
        package var verdict: Verdict
        /// The code of the rule that made it: a reason of `docs/reasons/`, or a rule of sending as the audit trail has them. nil when accepted.
        package var rule: String?
        /// What the client would be told.
        package var reply: String
    }

    package struct Limit: Codable, Hashable, Sendable {
        /// Such as `messages-per-day`.
        package var limit: String
        /// `account` or `credential`.
        package var scope: String
        package var maximum: Int
        /// Before this message.
        package var used: Int
        /// After it.
        package var left: Int
    }

    package var verdict: Verdict
    package var account: String
    package var steps: [Step]
    /// Header fields that would change: `+ Received`, `- Bcc`, `~ Date`.
    package var headerChanges: [String]
    /// What the account and the credential have left.
    package var limits: [Limit]
    /// Where it would go: `deliver`, `hold`, `sandbox`; nil when refused.
    package var route: String?
    /// The mail filters that would be asked about it; a simulation asks none.
    package var filtersNotAsked: [String] = []
    /// What receivers will make of it, as far as it can be told beforehand; nil when it is refused here, or has no author domain.
    package var alignment: AlignmentForecast?

    /// What decided: the last step with the verdict of the whole.
    private var decisive: Step? { self.steps.last { $0.verdict == self.verdict } }
    /// The rule that decided; nil when accepted.
    package var rule: String? { self.decisive?.rule }
    /// The deciding reply.
    package var reply: String? { self.decisive?.reply }
}
