package import GatepostModel
internal import Synchronization

/// Counts what credentials with a limit of messages sent in the last hour. In memory: a restart forgets it.
package final class CredentialRates: Sendable {
    private struct Entry {
        var rate = MessageRate()
        var last: Timestamp
    }

    private let entries = Mutex<[Int64: Entry]>([:])

    /// Credentials whose hour is over are forgotten when there are so many.
    private static let sweepAbove = 10_000

    package init() {}

    /// How long until a message fits; nil when one does now, or there is no limit. Counts nothing.
    package func wait(for credential: Credential, now: Timestamp) -> Duration? {
        guard let limit = credential.rules.messagesPerHour else { return nil }
        return self.entries.withLock { entries in
            var rate = entries[credential.id]?.rate ?? MessageRate()
            return rate.admit(limit: limit, now: now)
        }
    }

    /// Counts a message, unless that would be more than the credential's limit.
    ///
    /// - Returns: nil when it was counted or there is no limit, else how long until one fits.
    package func admit(_ credential: Credential, now: Timestamp) -> Duration? {
        guard let limit = credential.rules.messagesPerHour else { return nil }
        return self.entries.withLock { entries in
            if entries.count > CredentialRates.sweepAbove {
                entries = entries.filter { $0.value.last > now - .seconds(3600) }
            }
            var entry = entries[credential.id] ?? Entry(last: now)
            let wait = entry.rate.admit(limit: limit, now: now)
            entry.last = now
            entries[credential.id] = entry
            return wait
        }
    }
}
