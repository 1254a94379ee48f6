import GatepostModel

/// A clock that stands still until it is told, and those who sleep by it.
final class MockTime: WallClock {
    struct State: Sendable {
        var now = Timestamp(secondsSince1970: 1_800_000_000)
        var sleepers: [Int: (until: Timestamp, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var nextNumber = 0
        var cancelled: Set<Int> = []
    }

    private let shared = Observable(State())

    func now() -> Timestamp { self.shared.state.now }

    var sleep: @Sendable (Duration) async throws -> Void {
        { duration in
            let number = self.shared.change { state in
                state.nextNumber += 1
                return state.nextNumber
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let isCancelled = self.shared.change { state in
                        if state.cancelled.remove(number) != nil { return true }
                        state.sleepers[number] = (state.now + duration, continuation)
                        return false
                    }
                    if isCancelled { continuation.resume(throwing: CancellationError()) }
                }
            } onCancel: {
                let continuation = self.shared.change { state -> CheckedContinuation<Void, any Error>? in
                    let sleeper = state.sleepers.removeValue(forKey: number)
                    if sleeper == nil { state.cancelled.insert(number) }
                    return sleeper?.continuation
                }
                continuation?.resume(throwing: CancellationError())
            }
        }
    }

    func advance(by duration: Duration) {
        let due = self.shared.change { state in
            state.now = state.now + duration
            let now = state.now
            let due = state.sleepers.filter { $0.value.until <= now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Waits until somebody sleeps for exactly so long.
    func waitForSleeper(of duration: Duration) async {
        await self.shared.wait { state in
            state.sleepers.values.contains { $0.until == state.now + duration }
        }
    }
}
