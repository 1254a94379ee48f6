import Synchronization

/// State that a test waits for: no sleeping, no polling.
final class Observable<State: Sendable>: Sendable {
    private struct Storage {
        var state: State
        var waiters: [(isMet: @Sendable (State) -> Bool, continuation: CheckedContinuation<State, Never>)] = []
    }

    private let storage: Mutex<Storage>

    init(_ state: State) {
        self.storage = Mutex(Storage(state: state))
    }

    var state: State { self.storage.withLock(\.state) }

    @discardableResult
    func change<Value: Sendable>(_ body: @Sendable (inout State) -> Value) -> Value {
        let (value, ready, state) = self.storage.withLock { storage in
            let value = body(&storage.state)
            let state = storage.state
            let ready = storage.waiters.filter { $0.isMet(state) }
            storage.waiters.removeAll { $0.isMet(state) }
            return (value, ready.map(\.continuation), state)
        }
        for continuation in ready { continuation.resume(returning: state) }
        return value
    }

    /// The first state for which the condition holds.
    @discardableResult
    func wait(until isMet: @escaping @Sendable (State) -> Bool) async -> State {
        await withCheckedContinuation { continuation in
            let state = self.storage.withLock { storage -> State? in
                if isMet(storage.state) { return storage.state }
                storage.waiters.append((isMet, continuation))
                return nil
            }
            if let state { continuation.resume(returning: state) }
        }
    }
}
