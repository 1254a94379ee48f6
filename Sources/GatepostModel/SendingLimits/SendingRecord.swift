package import MailSyntax

/// What is known of an account's sending: its last day, by credential too, where it sent from, and what its owner was told.
///
/// ``decision(for:policy:now:)`` only looks; ``record(_:of:decision:now:)`` counts. Both take time in proportion to the limits that are set
/// and the steps of a day, not to what was sent.
package struct SendingRecord: Hashable, Sendable {
    package static let maximumNetworks = 32
    /// Credentials whose use is counted at once; the one that was used longest ago makes room.
    package static let maximumCredentials = 64
    /// How often the same event is told.
    package static let noticeInterval = Duration.seconds(86_400)
    /// How long a network is known after the last message from there.
    package static let networkLife = Duration.seconds(90 * 86_400)

    package struct Network: Hashable, Sendable {
        package var first: Timestamp
        package var last: Timestamp

        package init(first: Timestamp, last: Timestamp) {
            self.first = first
            self.last = last
        }
    }

    package var account = SendingUsage()
    package var credentials: [Int64: SendingUsage] = [:]
    package var networks: [IPNetwork: Network] = [:]
    /// When its owner and the operator were told last, by the rule's code.
    package var told: [String: Timestamp] = [:]

    package init() {}

    // MARK: Deciding

    /// What becomes of a message. Changes nothing.
    package func decision(for question: SendingQuestion, policy: SendingPolicy, now: Timestamp) -> SendingDecision {
        let isNew = self.isNew(question.network, policy: policy, now: now)
        let amount = self.amount(of: question)
        var decision = SendingDecision(
            verdict: .accepted,
            rule: nil,
            maximum: 0,
            until: nil,
            left: self.left(amount, question, policy, now),
            isNewNetwork: isNew
        )
        if let maximum = policy.messageSize, question.octets > maximum {
            let scope: SendingRule.Scope = policy.credential[.messageSize] == maximum ? .credential : .account
            decision.verdict = .refused
            decision.rule = .limit(.messageSize, scope)
            decision.maximum = maximum
            return decision
        }
        if isNew, let burst = policy.burst, amount.newRecipients > 0,
            self.account.burst(now: now) > burst.recipients - amount.newRecipients
        {
            // Whatever the configuration says of other limits: a thief who is refused tries more slowly, the owner's mail would be lost.
            decision.verdict = .held
            decision.rule = .newNetworkBurst
            decision.maximum = burst.recipients
            decision.until = self.account.burstTime(
                maximum: burst.recipients,
                fits: amount.newRecipients,
                now: now
            )
            return decision
        }
        guard
            let over = decision.left.filter({ $0.left < 0 }).max(by: {
                self.wait($0, amount, question, now) < self.wait($1, amount, question, now)
            })
        else { return decision }
        decision.verdict = policy.action == .hold ? .held : .refused
        decision.rule = .limit(over.limit, over.scope)
        decision.maximum = over.maximum
        decision.until = self.usage(over.scope, question).time(
            over.limit,
            maximum: over.maximum,
            fits: amount,
            now: now
        )
        return decision
    }

    private func wait(
        _ left: SendingDecision.Left,
        _ amount: SendingAmount,
        _ question: SendingQuestion,
        _ now: Timestamp
    ) -> Timestamp {
        self.usage(left.scope, question).time(left.limit, maximum: left.maximum, fits: amount, now: now)
            ?? Timestamp(milliseconds: .max)
    }

    private func amount(of question: SendingQuestion) -> SendingAmount {
        SendingAmount(
            messages: 1,
            recipients: max(0, question.recipients),
            newRecipients: max(0, min(question.newRecipients, question.recipients))
        )
    }

    private func usage(_ scope: SendingRule.Scope, _ question: SendingQuestion) -> SendingUsage {
        switch scope {
        case .account: self.account
        case .credential: question.credential.flatMap { self.credentials[$0] } ?? SendingUsage()
        }
    }

    private func left(
        _ amount: SendingAmount,
        _ question: SendingQuestion,
        _ policy: SendingPolicy,
        _ now: Timestamp
    ) -> [SendingDecision.Left] {
        SendingRule.Scope.allCases.flatMap { scope in
            let limits = policy.limits(scope)
            let usage = self.usage(scope, question)
            return SendingLimit.counted.compactMap { limit in
                limits[limit].map { maximum in
                    let used = usage.used(limit, now: now)
                    // A limit of people not known yet is no matter of a message to others.
                    let isConcerned = limit != .newRecipientsPerDay || amount.newRecipients > 0
                    return SendingDecision.Left(
                        limit: limit,
                        scope: scope,
                        maximum: maximum,
                        used: used,
                        left: isConcerned ? maximum - used - amount.of(limit) : max(0, maximum - used)
                    )
                }
            }
        }
    }

    private func isNew(_ network: IPNetwork?, policy: SendingPolicy, now: Timestamp) -> Bool {
        guard let network, let burst = policy.burst else { return false }
        guard let known = self.networks[network], now - known.last < Self.networkLife else { return true }
        return now - known.first < burst.age
    }

    // MARK: Counting

    /// Counts a message on which was decided, and notes whether its event is to be told.
    ///
    /// Held mail counts for nothing but the rule of bursts, so that what an operator releases is not counted twice and who is over a limit is
    /// not so for ever; refused mail counts for nothing at all.
    ///
    /// - Returns: What the store has to keep.
    package mutating func record(
        _ question: SendingQuestion,
        decision: SendingDecision,
        now: Timestamp
    ) -> SendingChange {
        var change = SendingChange(credential: question.credential, at: now)
        if let rule = decision.rule, self.told[rule.code].map({ now - $0 >= Self.noticeInterval }) ?? true {
            self.told[rule.code] = now
            change.told = rule
        }
        var amount = SendingAmount()
        switch decision.verdict {
        case .accepted: amount = self.amount(of: question)
        case .held: break
        case .refused: return change
        }
        if decision.isNewNetwork { amount.burst = self.amount(of: question).newRecipients }
        change.amount = amount
        if !amount.isEmpty {
            change.step = self.account.add(amount, now: now)
            if let credential = question.credential {
                self.makeRoom(for: credential)
                _ = self.credentials[credential, default: SendingUsage()].add(amount, now: now)
            }
        }
        if decision.verdict == .accepted, let network = question.network {
            self.sent(from: network, now: now)
            change.network = network
        }
        return change
    }

    /// Takes back what was counted of a message that did not come after all.
    package mutating func cancel(_ change: SendingChange) {
        self.account.remove(change.amount, step: change.step)
        if let credential = change.credential { self.credentials[credential]?.remove(change.amount, step: change.step) }
        if let rule = change.told { self.told[rule.code] = nil }
    }

    private mutating func sent(from network: IPNetwork, now: Timestamp) {
        if let known = self.networks[network], now - known.last < Self.networkLife {
            self.networks[network]?.last = now
            return
        }
        if self.networks.count >= Self.maximumNetworks,
            let oldest = self.networks.min(by: { $0.value.last < $1.value.last })?.key
        {
            self.networks[oldest] = nil
        }
        self.networks[network] = Network(first: now, last: now)
    }

    private mutating func makeRoom(for credential: Int64) {
        guard self.credentials[credential] == nil, self.credentials.count >= Self.maximumCredentials,
            let idle = self.credentials.min(by: {
                ($0.value.steps.last?.number ?? .min) < ($1.value.steps.last?.number ?? .min)
            })?.key
        else { return }
        self.credentials[idle] = nil
    }
}

/// What the store keeps of a message that was counted.
package struct SendingChange: Hashable, Sendable {
    /// Of the account; set by whoever stores it.
    package var account: Int64 = 0
    package var credential: Int64?
    package var at: Timestamp
    /// Where ``amount`` was counted (``SendingUsage/Step/number``).
    package var step: Int64
    package var amount = SendingAmount()
    /// Recipients that the account now knows (``RecipientMark``).
    package var recipients: [Int64] = []
    package var network: IPNetwork?
    /// An event that its owner and the operator are to be told.
    package var told: SendingRule?

    package init(credential: Int64?, at now: Timestamp) {
        self.credential = credential
        self.at = now
        self.step = SendingUsage.step(at: now)
    }
}
