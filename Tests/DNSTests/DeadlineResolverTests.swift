import DNS
import Testing

/// A clock that stands still until it is told the time; sleepers wake when theirs has come.
private final class HandClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    let now = Instant(offset: .zero)
    var minimumResolution: Duration { .zero }
    /// Whether every sleep ends at once, as if the deadline had come.
    let isPastDeadline: Bool

    init(isPastDeadline: Bool) { self.isPastDeadline = isPastDeadline }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        if self.isPastDeadline { return }
        try await Task.sleep(for: .seconds(3600))
    }
}

/// Answers only when it is cancelled.
private struct SilentResolver: Resolver {
    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        do {
            try await Task.sleep(for: .seconds(3600))
        } catch {
            throw .temporary("cancelled")
        }
        throw .nameDoesNotExist
    }
}

@Suite("A resolver with a deadline")
struct DeadlineResolverTests {
    @Test("an answer that comes in time is given on, and so is an error")
    func inTime() async throws {
        let zone = try Zone(parsing: "a. A 192.0.2.1")
        let resolver = zone.limited(to: .seconds(20), clock: HandClock(isPastDeadline: false))
        #expect(try await resolver.records(.a, at: "a").records.count == 1)
        await #expect(throws: DNSError.nameDoesNotExist) { try await resolver.records(.a, at: "b") }
        #expect(!resolver.isExpired)
    }

    @Test("silence until the deadline is a temporary failure")
    func silence() async {
        let resolver = SilentResolver().limited(to: .seconds(20), clock: HandClock(isPastDeadline: true))
        await #expect(throws: DNSError.temporary("the time limit has passed")) {
            try await resolver.records(.a, at: "a")
        }
    }

    @Test("after the deadline nothing is asked any more")
    func late() async throws {
        let zone = try Zone(parsing: "a. A 192.0.2.1")
        let resolver = zone.limited(to: .zero, clock: HandClock(isPastDeadline: false))
        #expect(resolver.isExpired)
        await #expect(throws: DNSError.temporary("the time limit has passed")) {
            try await resolver.records(.a, at: "a")
        }
    }
}
