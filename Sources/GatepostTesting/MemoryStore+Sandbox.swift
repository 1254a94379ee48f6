package import GatepostModel

extension MemoryStore: SandboxStore {
    package func inbox(account: String?, limit: Int) -> [InboxMessage] {
        let messages = self.inboxMessages(account).sorted { $0.identifier > $1.identifier }
        return Array(messages.prefix(max(0, limit)))
    }

    package func inboxMessage(_ identifier: MessageIdentifier) -> InboxMessage? {
        self.inboxMessages(nil).first { $0.identifier == identifier }
    }

    private func inboxMessages(_ account: String?) -> [InboxMessage] {
        self.messages.values.compactMap { message in
            guard let inbox = message.inbox, account == nil || account == inbox else { return nil }
            return InboxMessage(
                identifier: message.message.identifier,
                account: inbox,
                envelope: message.message.envelope,
                recipients: message.message.recipients,
                received: message.message.received,
                size: message.message.size,
                subject: message.message.subject
            )
        }
    }

    package func waitForInboxMessage(
        account: String?,
        subject: String?,
        after: MessageIdentifier?,
        timeout: Duration
    ) async throws -> InboxMessage? {
        let end = ContinuousClock.now + timeout
        while true {
            let fitting = self.inboxMessages(account).filter { message in
                after.map { message.identifier > $0 } ?? true
                    && subject.map { (message.subject ?? "").contains($0) } ?? true
            }
            if let oldest = fitting.min(by: { $0.identifier < $1.identifier }) { return oldest }
            guard ContinuousClock.now < end else { return nil }
            let alarm = Task {
                try await Task.sleep(until: end)
                self.wake()
            }
            await withCheckedContinuation { self.arrivals.append($0) }
            alarm.cancel()
        }
    }

    private func wake() {
        for arrival in self.arrivals { arrival.resume() }
        self.arrivals = []
    }

    package func removeFromInbox(_ identifiers: [MessageIdentifier], account: String) throws -> Int {
        try self.beginChange()
        let present = Set(self.inboxMessages(account).map(\.identifier)).intersection(identifiers)
        for identifier in present { self.messages[identifier] = nil }
        return present.count
    }

    package func clearInbox(account: String?) throws -> Int {
        try self.beginChange()
        let identifiers = self.inboxMessages(account).map(\.identifier)
        for identifier in identifiers { self.messages[identifier] = nil }
        return identifiers.count
    }
}
