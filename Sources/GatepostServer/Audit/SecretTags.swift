internal import Dispatch
package import GatepostModel
package import SASL
internal import Synchronization

/// The tags of today's secrets: shared by all sessions.
///
/// The day's key is kept in `audit.day`, so that a restart does not make one device look like two; the file of yesterday is overwritten.
package final class SecretTags: Sendable {
    private let state: Mutex<SecretTagger>
    /// nil: nothing is kept, for tests.
    private let path: String?
    /// Writes one small file a day.
    private let queue = DispatchQueue(label: "gatepost.audit.day", qos: .utility)

    /// - Parameter directory: The data directory; nil: nothing is kept.
    package init(directory: String?) {
        self.path = directory.map { $0 + "/audit.day" }
        self.state = Mutex(SecretTagger(current: self.path.flatMap(SecretTags.read)))
    }

    package func tag(of secret: Secret, now: Timestamp) -> UInt16 {
        self.state.withLock { tagger in
            tagger.tag(
                of: secret,
                now: now,
                random: { RandomOctets.make(SecretTagger.keyOctets) },
                renewed: { self.keep($0) }
            )
        }
    }

    private func keep(_ key: SecretTagger.DayKey) {
        guard let path = self.path else { return }
        self.queue.async {
            let octets = withUnsafeBytes(of: key.day.bigEndian) { Array($0) } + key.key.octets
            do {
                try LocalFile.replace(path, octets, mode: 0o600)
            } catch {
                // A restart today will begin with a new key: one device may then show two tags, and nothing else is lost.
                return
            }
        }
    }

    private static func read(_ path: String) -> SecretTagger.DayKey? {
        let octets: [UInt8]
        do {
            octets = try LocalFile.read(path, limit: 4096)
        } catch {
            // None yet, or none to be read: as at the first start.
            return nil
        }
        guard octets.count == 8 + SecretTagger.keyOctets else { return nil }
        let day = Int64(bitPattern: octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        return SecretTagger.DayKey(day: day, key: Secret(octets.dropFirst(8)))
    }
}
