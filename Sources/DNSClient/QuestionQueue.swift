internal import DNS
internal import Glibc
internal import Synchronization

/// Questions on their way from any task to the resolver's thread, and a pipe that wakes the thread.
final class QuestionQueue: Sendable {
    private struct State {
        var waiting: [Question] = []
        /// Questions the thread took and has not given back.
        var taken = 0
        var isStopping = false
        var isStopped = false
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let maximumOpen: Int
    private let readEnd: Int32
    private let writeEnd: Int32

    init(maximumOpen: Int) throws(UnboundError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw UnboundError(description: "cannot open a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        self.maximumOpen = maximumOpen
        self.readEnd = ends[0]
        self.writeEnd = ends[1]
    }

    deinit {
        Glibc.close(self.readEnd)
        Glibc.close(self.writeEnd)
    }

    /// Becomes readable when there is something to take.
    var wakeDescriptor: Int32 { self.readEnd }

    func add(_ question: Question) {
        enum Decision {
            case wake, added
            case refuse(String)
        }
        let decision: Decision = self.state.withLock { state in
            guard !state.isStopping else { return .refuse("the resolver is closed") }
            guard state.waiting.count + state.taken < self.maximumOpen else {
                return .refuse("too many open questions")
            }
            state.waiting.append(question)
            return state.waiting.count == 1 ? .wake : .added
        }
        switch decision {
        case .wake: self.wake()
        case .added: break
        case .refuse(let reason): question.finish(.failure(.temporary(reason)))
        }
    }

    /// Lets the thread end; returns at once.
    func stop() {
        self.state.withLock { $0.isStopping = true }
        self.wake()
    }

    /// Lets the thread end, and returns when it has.
    func stopped() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isStopped = self.state.withLock { state in
                state.isStopping = true
                if !state.isStopped { state.stopWaiters.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() } else { self.wake() }
        }
    }

    private func wake() {
        // A full pipe wakes as well as one more octet would, so that the result does not matter.
        withUnsafeBytes(of: UInt8(1)) { _ = write(self.writeEnd, $0.baseAddress, 1) }
    }
}

/// The thread's side.
extension QuestionQueue {
    /// All questions that wait; nil when the thread must end.
    func take() -> [Question]? {
        self.state.withLock { state in
            guard !state.isStopping else { return nil }
            let questions = state.waiting
            state.waiting = []
            state.taken += questions.count
            return questions
        }
    }

    /// One taken question needs no room any more.
    func giveBack() {
        self.state.withLock { $0.taken -= 1 }
    }

    /// Empties the pipe.
    func drain() {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            while read(self.readEnd, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }

    /// The thread ends: fails what it never took, and tells those who wait for the end.
    func didStop() {
        let (questions, waiters) = self.state.withLock { state in
            state.isStopped = true
            defer {
                state.waiting = []
                state.stopWaiters = []
            }
            return (state.waiting, state.stopWaiters)
        }
        for question in questions { question.finish(.failure(.temporary("the resolver is closed"))) }
        for waiter in waiters { waiter.resume() }
    }
}
