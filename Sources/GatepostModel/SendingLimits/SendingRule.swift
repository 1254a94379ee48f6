/// The rule by which a message was held or refused.
package enum SendingRule: Hashable, Sendable {
    package enum Scope: String, Hashable, Sendable, CaseIterable {
        case account
        case credential
    }

    case limit(SendingLimit, Scope)
    /// Many first-time recipients from a network that the account never sent from before: how a stolen password is used.
    case newNetworkBurst

    /// For logs, the audit trail and the queue: `account-messages-per-day`, `credential-messages-per-hour`, `new-network-burst`.
    package var code: String {
        switch self {
        case .limit(let limit, let scope): "\(scope.rawValue)-\(limit.words)"
        case .newNetworkBurst: "new-network-burst"
        }
    }

    /// Reads ``code``.
    package init?(code: some StringProtocol) {
        let rules =
            [SendingRule.newNetworkBurst]
            + SendingLimit.allCases.flatMap { limit in Scope.allCases.map { .limit(limit, $0) } }
        guard let rule = rules.first(where: { $0.code == code }) else { return nil }
        self = rule
    }
}

/// What applies to what an account sends with one of its credentials.
package struct SendingPolicy: Hashable, Sendable {
    /// What becomes of mail that is over a limit.
    package enum Action: String, Hashable, Sendable, CaseIterable {
        /// Kept until an operator releases or cancels it.
        case hold
        /// The client is told, and may try later.
        case refuse
    }

    /// When first-time recipients from a network that is new to the account are too many.
    package struct Burst: Hashable, Sendable {
        /// First-time recipients within an hour.
        package var recipients: Int
        /// How long a network is new after the account's first message from there.
        package var age: Duration

        package init(recipients: Int = 30, age: Duration = .seconds(86_400)) {
            self.recipients = recipients
            self.age = age
        }
    }

    package var account: SendingLimits
    /// Of the credential that was logged in with.
    package var credential: SendingLimits
    package var action: Action
    /// nil: no such rule.
    package var burst: Burst?

    package init(
        account: SendingLimits = SendingLimits(),
        credential: SendingLimits = SendingLimits(),
        action: Action = .hold,
        burst: Burst? = Burst()
    ) {
        self.account = account
        self.credential = credential
        self.action = action
        self.burst = burst
    }

    /// Octets of one message at most; nil: as many as the server takes.
    package var messageSize: Int? { self.account.narrowed(.messageSize, by: self.credential) }

    func limits(_ scope: SendingRule.Scope) -> SendingLimits {
        switch scope {
        case .account: self.account
        case .credential: self.credential
        }
    }
}
