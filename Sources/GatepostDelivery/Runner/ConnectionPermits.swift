internal import Synchronization

/// Bounds the outgoing connections of the whole server.
final class ConnectionPermits: Sendable {
    private struct State {
        var free: Int
        /// First come, first served.
        var waiters: [(number: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextNumber: UInt64 = 0
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        self.state = Mutex(State(free: max(1, count)))
    }

    /// Whether somebody waits, so that an idle connection had better be closed.
    var hasWaiters: Bool { self.state.withLock { !$0.waiters.isEmpty } }

    /// - Returns: Whether there is a permit to give back; false when the task was cancelled.
    func acquire() async -> Bool {
        let number = self.state.withLock { state -> UInt64? in
            guard state.free == 0 else {
                state.free -= 1
                return nil
            }
            state.nextNumber += 1
            return state.nextNumber
        }
        guard let number else { return true }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = self.state.withLock { state -> Bool? in
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    // Asked under the lock: a cancellation that comes later finds the waiter in the list.
                    if Task.isCancelled { return false }
                    state.waiters.append((number, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = self.state.withLock { state in
                state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0).continuation }
            }
            waiter?.resume(returning: false)
        }
    }

    func release() {
        let waiter = self.state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiters.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst().continuation
        }
        waiter?.resume(returning: true)
    }
}
