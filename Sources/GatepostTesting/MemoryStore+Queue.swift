package import GatepostModel

extension MemoryStore: QueueStore {
    package func enqueue(_ messages: [NewMessage], sending: SendingChange?) throws {
        try self.beginChange()
        for message in messages { self.insert(message) }
        if let sending { self.keep(sending) }
    }

    private func insert(_ message: NewMessage) {
        let due = message.route == .deliver ? message.received : nil
        let recipients = message.recipients.enumerated().map { ($0, Recipient(recipient: $1, due: due)) }
        self.messages[message.identifier] = Message(
            message: message,
            recipients: Dictionary(uniqueKeysWithValues: recipients)
        )
        guard case .sandbox = message.route else { return }
        for arrival in self.arrivals { arrival.resume() }
        self.arrivals = []
    }

    package func lease(limit: Int, now: Timestamp, until: Timestamp) throws -> [LeasedMessage] {
        try self.beginChange()
        let due = self.messages.values.compactMap { message -> (Timestamp, Message)? in
            let first = message.recipients.values.compactMap(\.due).min()
            return first.flatMap { $0 <= now ? ($0, message) : nil }
        }
        let chosen = due.sorted { ($0.0, $0.1.message.identifier) < ($1.0, $1.1.message.identifier) }
        return chosen.prefix(max(0, limit)).map { self.lease($0.1, now: now, until: until) }
    }

    private func lease(_ message: Message, now: Timestamp, until: Timestamp) -> LeasedMessage {
        var message = message
        var leased: [LeasedRecipient] = []
        for (number, recipient) in message.recipients.sorted(by: { $0.key < $1.key }) {
            guard let due = recipient.due, due <= now else { continue }
            message.recipients[number]?.due = until
            message.recipients[number]?.isLeased = true
            leased.append(
                LeasedRecipient(
                    number: number,
                    recipient: recipient.recipient,
                    attempts: recipient.attempts,
                    isDelayNotified: recipient.isDelayNotified
                )
            )
        }
        self.messages[message.message.identifier] = message
        return LeasedMessage(
            identifier: message.message.identifier,
            envelope: message.message.envelope,
            size: message.message.size,
            account: message.message.account,
            received: message.message.received,
            recipients: leased
        )
    }

    package func content(of identifier: MessageIdentifier) -> MessageContent? {
        self.messages[identifier]?.message.content
    }

    package func settle(_ results: [RecipientResult], notifications: [NewMessage]) throws {
        try self.beginChange()
        for result in results {
            guard var message = self.messages[result.message], let recipient = message.recipients[result.recipient]
            else { continue }
            let outcome: DeliveryAttempt.Outcome
            switch result.outcome {
            case .deferred(let next, let delayNotified):
                outcome = .deferred
                message.recipients[result.recipient]?.due = recipient.due == nil ? nil : next
                message.recipients[result.recipient]?.isLeased = false
                message.recipients[result.recipient]?.attempts += 1
                message.recipients[result.recipient]?.isDelayNotified = recipient.isDelayNotified || delayNotified
            case .delivered:
                outcome = .delivered
                message.recipients[result.recipient] = nil
            case .failed:
                outcome = .failed
                message.recipients[result.recipient] = nil
            }
            message.history.append(
                HistoryEntry(
                    forwardPath: recipient.recipient.forwardPath,
                    outcome: outcome,
                    attempt: result.attempt
                )
            )
            self.messages[result.message] = message.recipients.isEmpty ? nil : message
        }
        for notification in notifications { self.insert(notification) }
    }

    package func releaseLeases() throws {
        try self.change(.all) { recipient in
            guard recipient.isLeased else { return false }
            recipient.due = Timestamp(milliseconds: 0)
            recipient.isLeased = false
            return true
        }
    }

    package func nextDue(after moment: Timestamp) -> Timestamp? {
        self.messages.values.flatMap { $0.recipients.values.compactMap(\.due) }.filter { $0 > moment }.min()
    }

    package func list(
        _ selection: QueueSelection,
        after identifier: MessageIdentifier?,
        limit: Int
    ) -> [QueuedMessage] {
        let selected = self.messages.values.filter { message in
            message.inbox == nil && message.recipients.values.contains { selection.selects(message, $0) }
        }
        let sorted = selected.sorted { $0.message.identifier < $1.message.identifier }
            .filter { message in identifier.map { message.message.identifier > $0 } ?? true }
        return sorted.prefix(max(0, limit)).map { Self.queued($0, withHistory: false) }
    }

    package func show(_ identifier: MessageIdentifier) -> QueuedMessage? {
        guard let message = self.messages[identifier], message.inbox == nil else { return nil }
        return Self.queued(message, withHistory: true)
    }

    private static func queued(_ message: Message, withHistory: Bool) -> QueuedMessage {
        QueuedMessage(
            identifier: message.message.identifier,
            envelope: message.message.envelope,
            size: message.message.size,
            account: message.message.account,
            received: message.message.received,
            subject: message.message.subject,
            holdReason: message.message.holdReason,
            recipients: message.recipients.sorted { $0.key < $1.key }.map { number, recipient in
                QueuedRecipient(
                    number: number,
                    recipient: recipient.recipient,
                    state: recipient.state,
                    attempts: recipient.attempts
                )
            },
            history: withHistory ? message.history : []
        )
    }

    package func hold(_ selection: QueueSelection) throws -> Int {
        try self.change(selection) { recipient in
            guard recipient.due != nil else { return false }
            recipient.due = nil
            recipient.isLeased = false
            return true
        }
    }

    package func release(_ selection: QueueSelection, now: Timestamp) throws -> Int {
        try self.change(selection) { recipient in
            guard recipient.due == nil else { return false }
            recipient.due = now
            return true
        }
    }

    package func retry(_ selection: QueueSelection, now: Timestamp) throws -> Int {
        try self.change(selection) { recipient in
            guard let due = recipient.due, due > now, !recipient.isLeased else { return false }
            recipient.due = now
            return true
        }
    }

    @discardableResult
    private func change(_ selection: QueueSelection, _ body: (inout Recipient) -> Bool) throws -> Int {
        try self.beginChange()
        var count = 0
        for (identifier, message) in self.messages where message.inbox == nil {
            for (number, recipient) in message.recipients where selection.selects(message, recipient) {
                var recipient = recipient
                guard body(&recipient) else { continue }
                self.messages[identifier]?.recipients[number] = recipient
                count += 1
            }
        }
        return count
    }

    package func cancel(_ selection: QueueSelection) throws -> Int {
        try self.beginChange()
        var count = 0
        for (identifier, message) in self.messages where message.inbox == nil {
            let kept = message.recipients.filter { !selection.selects(message, $0.value) }
            count += message.recipients.count - kept.count
            self.messages[identifier]?.recipients = kept
            if kept.isEmpty { self.messages[identifier] = nil }
        }
        return count
    }

    package func statistics() -> QueueStatistics {
        var statistics = QueueStatistics()
        for message in self.messages.values where message.inbox == nil {
            statistics.messages += 1
            statistics.octets += message.message.size
            statistics.oldest = min(statistics.oldest ?? message.message.received, message.message.received)
            for recipient in message.recipients.values {
                switch recipient.state {
                case .waiting: statistics.waiting += 1
                case .leased: statistics.leased += 1
                case .held: statistics.held += 1
                }
            }
        }
        return statistics
    }
}

extension MemoryStore.Recipient {
    fileprivate var state: QueuedRecipient.State {
        guard let due = self.due else { return .held }
        return self.isLeased ? .leased(until: due) : .waiting(until: due)
    }
}

extension QueueSelection {
    fileprivate func selects(_ message: MemoryStore.Message, _ recipient: MemoryStore.Recipient) -> Bool {
        switch self {
        case .all: true
        case .message(let identifier): message.message.identifier == identifier
        case .account(let account): message.message.account == account
        case .domain(let domain): "\(recipient.recipient.forwardPath)".lowercased().hasSuffix("@" + domain)
        }
    }
}
