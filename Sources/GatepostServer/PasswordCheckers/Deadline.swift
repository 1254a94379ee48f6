internal import Synchronization

/// Waits for work that cannot be stopped no longer than a limit.
enum Deadline {
    /// Whoever comes first hands over the result; the other finds the place empty.
    private final class Race<Value: Sendable>: Sendable {
        private enum State: Sendable {
            case running
            case waiting(CheckedContinuation<Value, any Error>)
            case finished(Result<Value, any Error>)
            case over
        }

        private let state = Mutex(State.running)

        func finish(_ result: Result<Value, any Error>) {
            let waiter = self.state.withLock { state -> CheckedContinuation<Value, any Error>? in
                switch state {
                case .running:
                    state = .finished(result)
                    return nil
                case .waiting(let continuation):
                    state = .over
                    return continuation
                case .finished, .over:
                    return nil
                }
            }
            waiter?.resume(with: result)
        }

        func result() async throws -> Value {
            try await withCheckedThrowingContinuation { continuation in
                let result = self.state.withLock { state -> Result<Value, any Error>? in
                    if case .finished(let result) = state {
                        state = .over
                        return result
                    }
                    state = .waiting(continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }

    /// The work's result, or `failure` when it takes longer than the limit. The work goes on then, and its result is dropped.
    static func run<Value: Sendable>(
        within limit: Duration,
        orThrow failure: any Error,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let race = Race<Value>()
        let timer = Task {
            do {
                try await Task.sleep(for: limit)
                race.finish(.failure(failure))
            } catch {
                // Cancelled: the work was quicker.
            }
        }
        Task {
            do {
                race.finish(.success(try await work()))
            } catch {
                race.finish(.failure(error))
            }
            timer.cancel()
        }
        return try await race.result()
    }
}
