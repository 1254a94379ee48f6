internal import GatepostModel
internal import Synchronization

/// Which recipients are being delivered, so that none is taken up twice when its lease runs out under a slow transaction.
final class InFlight: Sendable {
    private let recipients = Mutex<[MessageIdentifier: Set<Int>]>([:])

    /// Messages under way.
    var count: Int { self.recipients.withLock(\.count) }

    /// Takes up those recipients that are not under way yet; nil when all are.
    func begin(_ message: LeasedMessage) -> LeasedMessage? {
        self.recipients.withLock { recipients in
            guard var known = recipients[message.identifier] else {
                recipients[message.identifier] = Set(message.recipients.lazy.map(\.number))
                return message
            }
            var message = message
            message.recipients.removeAll { !known.insert($0.number).inserted }
            recipients[message.identifier] = known
            return message.recipients.isEmpty ? nil : message
        }
    }

    func end(_ message: MessageIdentifier, _ numbers: some Sequence<Int>) {
        self.recipients.withLock { recipients in
            guard var known = recipients[message] else { return }
            known.subtract(numbers)
            recipients[message] = known.isEmpty ? nil : known
        }
    }
}
