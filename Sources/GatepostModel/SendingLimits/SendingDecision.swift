package import MailSyntax
package import SMTP

/// A message that is about to be sent, as far as limits look at it.
package struct SendingQuestion: Hashable, Sendable {
    /// What was logged in with; nil for what is no stored credential.
    package var credential: Int64?
    package var recipients: Int
    /// Those of them to whom the account never sent before.
    package var newRecipients: Int
    /// As the client announced it, or as it is; 0 when that is not known.
    package var octets: Int
    /// Where it comes from (``SendingQuestion/network(of:)``); nil where no network is ever new: this host, and `networks.allow`.
    package var network: IPNetwork?

    package init(
        credential: Int64? = nil,
        recipients: Int,
        newRecipients: Int = 0,
        octets: Int = 0,
        network: IPNetwork? = nil
    ) {
        self.credential = credential
        self.recipients = recipients
        self.newRecipients = newRecipients
        self.octets = octets
        self.network = network
    }

    /// What counts as one place: an IPv4 /24, an IPv6 /64.
    package static func network(of address: IPAddress) -> IPNetwork { address.network(v4: 24, v6: 64) }
}

/// What becomes of a message, by which rule, and what its sender has left.
package struct SendingDecision: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case accepted
        case held
        case refused
    }

    package struct Left: Hashable, Sendable {
        package var limit: SendingLimit
        package var scope: SendingRule.Scope
        package var maximum: Int
        /// Before this message.
        package var used: Int
        /// After this message, when it is accepted.
        package var left: Int
    }

    package var verdict: Verdict
    /// The rule that made it; nil when accepted.
    package var rule: SendingRule?
    /// What the rule allows; 0 when accepted.
    package var maximum: Int
    /// When such a message fits, if nothing more is sent; nil when it never does, and when accepted.
    package var until: Timestamp?
    /// Every limit that counts over time.
    package var left: [Left]
    /// Whether the account never sent from this network before, or only lately.
    package var isNewNetwork: Bool

    /// Of a message that no rule is against.
    package static let accepted = SendingDecision(
        verdict: .accepted,
        rule: nil,
        maximum: 0,
        until: nil,
        left: [],
        isNewNetwork: false
    )

    /// What the client is told; nil unless refused.
    ///
    /// `450 4.7.1` when it may try later; `550 5.7.1`, or `552 5.3.4` for its size, when such a message never fits (RFC 5321 §4.2.1, 3463 §3.4, §3.8).
    package func reply(now: Timestamp) -> Reply? {
        guard self.verdict == .refused, let rule = self.rule else { return nil }
        switch rule {
        case .limit(.messageSize, _):
            return Reply(552, .init(5, 3, 4), "Messages may have \(self.maximum) octets")
        case .newNetworkBurst, .limit:
            let what =
                switch rule {
                case .limit(let limit, .account): "This account may send \(self.maximum) \(limit.phrase)"
                case .limit(let limit, .credential): "This app password may send \(self.maximum) \(limit.phrase)"
                case .newNetworkBurst: "Too many new recipients from a new network"
                }
            guard let until = self.until else { return Reply(550, .init(5, 7, 1), what) }
            let minutes = max(1, ((until - now).components.seconds + 59) / 60)
            return Reply(450, .init(4, 7, 1), "\(what); try again in \(minutes) minutes")
        }
    }
}
