internal import Synchronization

/// Wakes those who wait for something to arrive: a message in an inbox, a record in the audit trail.
final class ArrivalSignal: Sendable {
    private struct State: Sendable {
        var next = 0
        var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())

    /// Yields after each arrival from now on; several arrivals may yield once.
    func arrivals() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = self.state.withLock { state in
            state.next += 1
            state.waiters[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in
                state.waiters[number] = nil
            }
        }
        return stream
    }

    func notify() {
        let waiters = self.state.withLock { Array($0.waiters.values) }
        for waiter in waiters { waiter.yield() }
    }
}
