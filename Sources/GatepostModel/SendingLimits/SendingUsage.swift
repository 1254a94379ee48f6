/// An amount of mail.
package struct SendingAmount: Hashable, Sendable {
    package var messages: Int
    package var recipients: Int
    /// Those of them to whom the account never sent before.
    package var newRecipients: Int
    /// New recipients of mail from a network that was new then, sent or held.
    package var burst: Int

    package init(messages: Int = 0, recipients: Int = 0, newRecipients: Int = 0, burst: Int = 0) {
        self.messages = messages
        self.recipients = recipients
        self.newRecipients = newRecipients
        self.burst = burst
    }

    func of(_ limit: SendingLimit) -> Int {
        switch limit {
        case .messagesPerHour, .messagesPerDay: self.messages
        case .recipientsPerHour, .recipientsPerDay: self.recipients
        case .newRecipientsPerDay: self.newRecipients
        case .messageSize, .sessions: 0
        }
    }

    var isEmpty: Bool { self == SendingAmount() }

    static func + (one: SendingAmount, other: SendingAmount) -> SendingAmount {
        SendingAmount(
            messages: one.messages.addingSaturated(other.messages),
            recipients: one.recipients.addingSaturated(other.recipients),
            newRecipients: one.newRecipients.addingSaturated(other.newRecipients),
            burst: one.burst.addingSaturated(other.burst)
        )
    }

    static func - (one: SendingAmount, other: SendingAmount) -> SendingAmount {
        SendingAmount(
            messages: max(0, one.messages - other.messages),
            recipients: max(0, one.recipients - other.recipients),
            newRecipients: max(0, one.newRecipients - other.newRecipients),
            burst: max(0, one.burst - other.burst)
        )
    }
}

extension Int {
    fileprivate func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// What was sent within the last day, in steps of five minutes: 290 steps at most, however much was sent.
///
/// A limit counts the steps that overlap its hour or day, the one under way included: never less than what was sent within any hour or
/// day, and up to five minutes' worth more. A clock that is set back counts on in the latest step.
package struct SendingUsage: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        /// Of five minutes, since 1970.
        package var number: Int64
        package var amount: SendingAmount

        package init(number: Int64, amount: SendingAmount) {
            self.number = number
            self.amount = amount
        }
    }

    package static let stepMilliseconds: Int64 = 300_000
    /// How many steps are looked at: those of a day, and the one under way.
    package static let span: Int64 = 289

    /// Those in which something was sent, oldest first.
    package private(set) var steps: [Step] = []

    package init() {}

    /// As stored; in any order.
    package init(steps: [Step]) {
        let bound = Self.step(at: Timestamp(milliseconds: .max))
        self.steps = steps.filter { (-bound...bound).contains($0.number) }.sorted { $0.number < $1.number }
    }

    package static func step(at now: Timestamp) -> Int64 {
        // Within a range in which no sum and product here can overflow; no clock of a mail server is outside.
        let milliseconds = min(max(now.milliseconds, -(1 << 60)), 1 << 60)
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: self.stepMilliseconds)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Counts an amount, in the step that is returned.
    package mutating func add(_ amount: SendingAmount, now: Timestamp) -> Int64 {
        let current = max(Self.step(at: now), self.latestCredible(now) ?? .min)
        self.steps.removeAll { $0.number > current || $0.number <= current - Self.span }
        if let last = self.steps.indices.last, self.steps[last].number == current {
            self.steps[last].amount = self.steps[last].amount + amount
        } else {
            self.steps.append(Step(number: current, amount: amount))
        }
        return current
    }

    /// Takes back what was counted in a step.
    package mutating func remove(_ amount: SendingAmount, step: Int64) {
        guard let index = self.steps.firstIndex(where: { $0.number == step }) else { return }
        self.steps[index].amount = self.steps[index].amount - amount
        if self.steps[index].amount.isEmpty { self.steps.remove(at: index) }
    }

    /// How much of a counted limit is used up.
    package func used(_ limit: SendingLimit, now: Timestamp) -> Int {
        self.sum(within: limit.period, now: now).of(limit)
    }

    /// New recipients from new networks within the last hour.
    func burst(now: Timestamp) -> Int { self.sum(within: .seconds(3600), now: now).burst }

    /// When `amount` fits below the limit's `maximum` if nothing more is sent; nil: it never does.
    package func time(_ limit: SendingLimit, maximum: Int, fits amount: SendingAmount, now: Timestamp) -> Timestamp? {
        self.time(within: limit.period, maximum: maximum, fits: amount.of(limit), now: now) { $0.of(limit) }
    }

    /// The same for the rule of bursts.
    func burstTime(maximum: Int, fits count: Int, now: Timestamp) -> Timestamp? {
        self.time(within: .seconds(3600), maximum: maximum, fits: count, now: now) { $0.burst }
    }

    private func time(
        within period: Duration,
        maximum: Int,
        fits amount: Int,
        now: Timestamp,
        _ count: (SendingAmount) -> Int
    ) -> Timestamp? {
        guard amount <= maximum else { return nil }
        let length = Self.steps(in: period)
        let (first, last) = self.bounds(length, now)
        var sum = 0
        for step in self.steps where step.number >= first && step.number <= last { sum += count(step.amount) }
        if sum <= maximum - amount { return now }
        for step in self.steps where step.number >= first && step.number <= last {
            sum -= count(step.amount)
            if sum <= maximum - amount {
                return Timestamp(milliseconds: (step.number + length) * Self.stepMilliseconds)
            }
        }
        return nil
    }

    private func sum(within period: Duration, now: Timestamp) -> SendingAmount {
        let (first, last) = self.bounds(Self.steps(in: period), now)
        var sum = SendingAmount()
        for step in self.steps where step.number >= first && step.number <= last { sum = sum + step.amount }
        return sum
    }

    private func bounds(_ length: Int64, _ now: Timestamp) -> (first: Int64, last: Int64) {
        let current = max(Self.step(at: now), self.latestCredible(now) ?? .min)
        return (current - length + 1, current)
    }

    /// The latest step, unless it lies so far ahead that the clock must have been wrong when it was counted.
    private func latestCredible(_ now: Timestamp) -> Int64? {
        guard let last = self.steps.last?.number else { return nil }
        return last - Self.step(at: now) <= Self.span ? last : nil
    }

    /// The steps that a period can overlap.
    private static func steps(in period: Duration) -> Int64 {
        period.components.seconds * 1000 / self.stepMilliseconds + 1
    }
}
