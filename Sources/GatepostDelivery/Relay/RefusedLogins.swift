package import GatepostModel
internal import Synchronization

/// What the relay said to our login, so that a wrong password does not lock the account there: after a refusal nothing is tried for a
/// while, longer each time, unless what we log in with has changed since.
package final class RefusedLogins: Sendable {
    /// The login that was refused last; survives a restart.
    package struct Record: Hashable, Sendable, Codable {
        /// Stands for what was logged in with, and tells nothing about it.
        package var mark: String
        /// In a row.
        package var refusals: Int
        package var until: Timestamp
        /// The server's words.
        package var words: String

        package init(mark: String, refusals: Int, until: Timestamp, words: String) {
            self.mark = mark
            self.refusals = refusals
            self.until = until
            self.words = words
        }
    }

    private let first: Duration
    private let longest: Duration
    private let keep: @Sendable (Record?) -> Void
    private let record: Mutex<Record?>

    /// - Parameters:
    ///   - record: What an earlier run kept.
    ///   - first: The pause after the first refusal; each further one doubles it.
    ///   - keep: Is given each change, to be kept for the next run.
    package init(
        _ record: Record? = nil,
        first: Duration = .seconds(300),
        longest: Duration = .seconds(4 * 3600),
        keep: @escaping @Sendable (Record?) -> Void = { _ in }
    ) {
        self.record = Mutex(record)
        self.first = first
        self.longest = longest
        self.keep = keep
    }

    /// For people.
    package var current: Record? { self.record.withLock { $0 } }

    /// Why a login with this is not to be tried now. A login with anything else than what was refused may be tried at once.
    package func refusal(of mark: @autoclosure () -> String, at now: Timestamp) -> Record? {
        guard let known = self.current, now < known.until, known.mark == mark() else { return nil }
        return known
    }

    /// Whether the refusal is about something else than what we would log in with now.
    package func isOutdated(by mark: @autoclosure () -> String) -> Bool {
        self.record.withLock { record in record.map { $0.mark != mark() } ?? false }
    }

    /// Does something that changes the mark though nobody gave us anything else to log in with, such as keeping a token that the provider
    /// gives in place of the last: what was refused stays refused.
    package func keepingRefusal(of mark: () -> String, while change: () throws -> Void) rethrows {
        let changed = try self.record.withLock { record -> Record? in
            let isRefused = record.map { $0.mark == mark() } ?? false
            try change()
            guard isRefused, var known = record else { return nil }
            known.mark = mark()
            record = known
            return known
        }
        if let changed { self.keep(changed) }
    }

    /// Several connections that were refused at once count once.
    ///
    /// - Returns: When the login may be tried again.
    package func refused(_ mark: String, words: String, at now: Timestamp) -> Timestamp {
        let record = self.record.withLock { record in
            if let known = record, known.mark == mark, now < known.until { return known }
            let before = record.flatMap { $0.mark == mark ? $0.refusals : nil } ?? 0
            let pause = min(self.first * (1 << min(before, 20)), self.longest)
            let new = Record(mark: mark, refusals: before + 1, until: now + pause, words: words)
            record = new
            return new
        }
        self.keep(record)
        return record.until
    }

    package func succeeded() {
        let wasRefused = self.record.withLock { $0.take() != nil }
        if wasRefused { self.keep(nil) }
    }

    /// Somebody says that it is worth a try. The next refusal is counted with those before it.
    package func forgive(at now: Timestamp) {
        let changed = self.record.withLock { record -> Record? in
            guard var known = record, now < known.until else { return nil }
            known.until = now
            record = known
            return known
        }
        if let changed { self.keep(changed) }
    }
}
