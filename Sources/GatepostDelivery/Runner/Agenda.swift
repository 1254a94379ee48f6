internal import GatepostModel
internal import Synchronization

/// When to look into the queue again.
final class Agenda: Sendable {
    private struct State {
        /// Something new was announced.
        var isNotified = true
        /// The earliest moment known at which something falls due.
        var next: Timestamp?
        /// Whether ``next`` speaks for the whole queue.
        var isComplete = false
    }

    private let state = Mutex(State())

    func notify() {
        self.state.withLock { $0.isNotified = true }
    }

    /// Something falls due then.
    func note(_ due: Timestamp) {
        self.state.withLock { state in
            state.next = state.next.map { min($0, due) } ?? due
        }
    }

    /// Whether to look now; the reason is used up by asking.
    func isDue(at now: Timestamp) -> Bool {
        self.state.withLock { state in
            let hasFallenDue = state.next.map { $0 <= now } ?? false
            if hasFallenDue {
                state.next = nil
                state.isComplete = false
            }
            defer { state.isNotified = false }
            return state.isNotified || hasFallenDue
        }
    }

    /// The next moment to look, asking the store where it is not known.
    func next(in store: any QueueStore, after now: Timestamp) async throws -> Timestamp? {
        let isComplete = self.state.withLock { state in
            defer { state.isComplete = true }
            return state.isComplete
        }
        if !isComplete {
            do {
                if let next = try await store.nextDue(after: now) { self.note(next) }
            } catch {
                self.state.withLock { $0.isComplete = false }
                throw error
            }
        }
        return self.state.withLock(\.next)
    }
}
