package import GatepostModel
package import MailSyntax
internal import Synchronization

/// Counts what credentials and devices with a limit of messages sent in the last hour. In memory: a restart forgets it.
package final class CredentialRates: Sendable {
    /// Whose messages are counted together.
    package enum Key: Hashable, Sendable {
        case credential(Int64)
        case device(listener: String, IPAddress?)
    }

    private struct Entry {
        var rate = MessageRate()
        var last: Timestamp
    }

    private let entries = Mutex<[Key: Entry]>([:])

    /// Those whose hour is over are forgotten when there are so many.
    private static let sweepAbove = 10_000

    package init() {}

    /// How long until a message fits; nil when one does now, or there is no limit. Counts nothing.
    package func wait(for credential: Credential, now: Timestamp) -> Duration? {
        guard let limit = credential.rules.messagesPerHour else { return nil }
        return self.wait(for: .credential(credential.id), limit: limit, now: now)
    }

    package func wait(for key: Key, limit: Int, now: Timestamp) -> Duration? {
        self.entries.withLock { entries in
            var rate = entries[key]?.rate ?? MessageRate()
            return rate.admit(limit: limit, now: now)
        }
    }

    /// Counts a message, unless that would be more than the credential's limit.
    ///
    /// - Returns: nil when it was counted or there is no limit, else how long until one fits.
    package func admit(_ credential: Credential, now: Timestamp) -> Duration? {
        guard let limit = credential.rules.messagesPerHour else { return nil }
        return self.admit(.credential(credential.id), limit: limit, now: now)
    }

    package func admit(_ key: Key, limit: Int, now: Timestamp) -> Duration? {
        self.entries.withLock { entries in
            if entries.count > CredentialRates.sweepAbove {
                entries = entries.filter { $0.value.last > now - .seconds(3600) }
            }
            var entry = entries[key] ?? Entry(last: now)
            let wait = entry.rate.admit(limit: limit, now: now)
            entry.last = now
            entries[key] = entry
            return wait
        }
    }
}
