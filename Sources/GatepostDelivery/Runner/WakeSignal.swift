internal import Synchronization

/// Wakes one waiting task; a signal given while nobody waits is kept for the next wait.
final class WakeSignal: Sendable {
    private struct State {
        var isSet = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func set() {
        let waiter = self.state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            state.isSet = waiter == nil
            return waiter
        }
        waiter?.resume()
    }

    /// Returns at the next signal, or when the task is cancelled. One task at a time.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSet = self.state.withLock { state in
                    precondition(state.waiter == nil, "A wake signal has one waiter")
                    let isSet = state.isSet
                    state.isSet = false
                    if !isSet { state.waiter = continuation }
                    return isSet
                }
                if isSet { continuation.resume() }
            }
        } onCancel: {
            self.set()
        }
    }
}
