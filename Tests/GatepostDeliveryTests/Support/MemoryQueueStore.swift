import GatepostModel
import SMTP

/// A queue in memory, with what happened to it.
final class MemoryQueueStore: QueueStore {
    struct Recipient: Sendable {
        var recipient: EnvelopeRecipient
        var due: Timestamp
        var isLeased = false
        var attempts = 0
        var isDelayNotified = false
    }

    struct Entry: Sendable {
        var message: NewMessage
        var recipients: [Int: Recipient]
    }

    struct State: Sendable {
        var entries: [MessageIdentifier: Entry] = [:]
        var order: [MessageIdentifier] = []
        var results: [RecipientResult] = []
        var settles = 0
        var notifications: [NewMessage] = []
        var releases = 0
        /// The next calls of `settle` that fail.
        var settleFailures = 0

        var isEmpty: Bool { self.entries.isEmpty }
        var leased: Int { self.entries.values.reduce(0) { $0 + $1.recipients.values.count(where: \.isLeased) } }
    }

    let observable = Observable(State())

    var state: State { self.observable.state }

    func enqueue(_ messages: [NewMessage], sending: SendingChange?) async throws {
        self.observable.change { state in
            for message in messages { Self.insert(message, &state) }
        }
    }

    // Delivery counts nothing.
    func sendingRecord(of account: Int64, since step: Int64) async throws -> SendingRecord { SendingRecord() }
    func knownRecipients(_ marks: [Int64], of account: Int64) async throws -> Set<Int64> { [] }
    func expireSending(now: Timestamp) async throws {}

    private static func insert(_ message: NewMessage, _ state: inout State) {
        let recipients = message.recipients.enumerated().map { number, recipient in
            (number, Recipient(recipient: recipient, due: message.received))
        }
        state.entries[message.identifier] = Entry(
            message: message,
            recipients: Dictionary(uniqueKeysWithValues: recipients)
        )
        state.order.append(message.identifier)
    }

    func lease(limit: Int, now: Timestamp, until: Timestamp) async throws -> [LeasedMessage] {
        self.observable.change { state in
            var leased: [LeasedMessage] = []
            for identifier in state.order where leased.count < limit {
                guard var entry = state.entries[identifier] else { continue }
                let due = entry.recipients.filter { !$0.value.isLeased && $0.value.due <= now }
                guard !due.isEmpty else { continue }
                for number in due.keys { entry.recipients[number]?.isLeased = true }
                state.entries[identifier] = entry
                leased.append(
                    LeasedMessage(
                        identifier: identifier,
                        envelope: entry.message.envelope,
                        size: entry.message.size,
                        account: nil,
                        received: entry.message.received,
                        recipients: due.sorted { $0.key < $1.key }.map { number, recipient in
                            LeasedRecipient(
                                number: number,
                                recipient: recipient.recipient,
                                attempts: recipient.attempts,
                                isDelayNotified: recipient.isDelayNotified
                            )
                        }
                    )
                )
            }
            return leased
        }
    }

    func content(of identifier: MessageIdentifier) async throws -> MessageContent? {
        self.state.entries[identifier]?.message.content
    }

    func settle(_ results: [RecipientResult], notifications: [NewMessage]) async throws {
        let fails = self.observable.change { state in
            guard state.settleFailures == 0 else {
                state.settleFailures -= 1
                return true
            }
            state.settles += 1
            state.results += results
            state.notifications += notifications
            for result in results {
                switch result.outcome {
                case .delivered, .failed:
                    state.entries[result.message]?.recipients[result.recipient] = nil
                    if state.entries[result.message]?.recipients.isEmpty == true { state.entries[result.message] = nil }
                case .deferred(let next, let delayNotified):
                    state.entries[result.message]?.recipients[result.recipient]?.due = next
                    state.entries[result.message]?.recipients[result.recipient]?.isLeased = false
                    state.entries[result.message]?.recipients[result.recipient]?.attempts += 1
                    state.entries[result.message]?.recipients[result.recipient]?.isDelayNotified = delayNotified
                }
            }
            for notification in notifications { Self.insert(notification, &state) }
            return false
        }
        if fails { throw StoreError(.noSpace, "as the test wants it") }
    }

    func releaseLeases() async throws {
        self.observable.change { state in
            state.releases += 1
            for (identifier, var entry) in state.entries {
                for number in entry.recipients.keys { entry.recipients[number]?.isLeased = false }
                state.entries[identifier] = entry
            }
        }
    }

    func nextDue(after moment: Timestamp) async throws -> Timestamp? {
        self.state.entries.values.flatMap(\.recipients.values).filter { !$0.isLeased && $0.due > moment }.map(\.due)
            .min()
    }

    // What the runner never asks.

    func list(
        _ selection: QueueSelection,
        after identifier: MessageIdentifier?,
        limit: Int
    ) async throws -> [QueuedMessage] { throw Self.unused }
    func show(_ identifier: MessageIdentifier) async throws -> QueuedMessage? { throw Self.unused }
    func hold(_ selection: QueueSelection) async throws -> Int { throw Self.unused }
    func release(_ selection: QueueSelection, now: Timestamp) async throws -> Int { throw Self.unused }
    func retry(_ selection: QueueSelection, now: Timestamp) async throws -> Int { throw Self.unused }
    func cancel(_ selection: QueueSelection) async throws -> Int { throw Self.unused }
    func statistics() async throws -> QueueStatistics { throw Self.unused }

    private static let unused = StoreError(.unavailable, "not part of the double")
}
