internal import DNS
internal import Synchronization

/// One question under way and who waits for its answer. It is answered once; later answers are dropped.
final class Question: Sendable {
    typealias Outcome = Result<Answer<Record>, DNSError>

    private enum State {
        /// Nobody waits yet. → `waiting`, `finished`
        case created
        /// → `finished`
        case waiting(CheckedContinuation<Outcome, Never>)
        /// Terminal. Holds the outcome for one who was cancelled before it waited.
        case finished(Outcome)
    }

    let type: RecordType
    let name: DNSName
    let deadline: ContinuousClock.Instant
    private let state = Mutex<State>(.created)

    init(type: RecordType, name: DNSName, deadline: ContinuousClock.Instant) {
        self.type = type
        self.name = name
        self.deadline = deadline
    }

    func start(_ continuation: CheckedContinuation<Outcome, Never>) {
        let outcome: Outcome? = self.state.withLock { state in
            if case .finished(let outcome) = state { return outcome }
            state = .waiting(continuation)
            return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    func finish(_ outcome: Outcome) {
        let continuation: CheckedContinuation<Outcome, Never>? = self.state.withLock { state in
            switch state {
            case .created:
                state = .finished(outcome)
                return nil
            case .waiting(let continuation):
                state = .finished(outcome)
                return continuation
            case .finished:
                return nil
            }
        }
        continuation?.resume(returning: outcome)
    }

    var isFinished: Bool {
        self.state.withLock { state in if case .finished = state { true } else { false } }
    }
}
