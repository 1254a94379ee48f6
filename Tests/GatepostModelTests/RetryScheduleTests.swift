import GatepostModel
import Testing

@Suite("Retry schedule")
struct RetryScheduleTests {
    private let schedule = RetrySchedule(first: .seconds(300), maximum: .seconds(14_400), expire: .seconds(432_000))

    @Test("doubles from the first wait to the longest")
    func doubles() {
        let waits = (1...8).map { self.schedule.next(after: $0, jitter: 0.5) }
        let seconds: [Double] = [300, 600, 1200, 2400, 4800, 9600, 14_400, 14_400]
        for (wait, expected) in zip(waits, seconds) {
            #expect(abs((wait ?? .zero) / .seconds(1) - expected) < 0.001)
        }
    }

    @Test("jitter keeps within a fifth", arguments: [-1, 0, 0.25, 1, 2, .nan, .infinity])
    func jitter(_ jitter: Double) throws {
        for attempts in 1...12 {
            let middle = try #require(self.schedule.next(after: attempts, jitter: 0.5))
            let wait = try #require(self.schedule.next(after: attempts, jitter: jitter))
            #expect(wait >= middle * 0.79)
            #expect(wait <= middle * 1.21)
        }
    }

    @Test("comes to an end, and never traps", arguments: [0, -5, 1000, Int.max, Int.min])
    func ends(_ attempts: Int) {
        let wait = self.schedule.next(after: attempts, jitter: 0.5)
        #expect((wait == nil) == (attempts >= 1000))
    }

    @Test("odd settings still make progress")
    func oddSettings() {
        let nothing = RetrySchedule(first: .zero, maximum: .zero, expire: .zero)
        #expect(nothing.next(after: 1, jitter: 0) ?? .zero > .zero)
        #expect(nothing.nextAttempt(after: 1, received: noon, now: noon, jitter: 0) == nil)
    }

    @Test("the last attempt is made when the time is up, and none later")
    func expiry() throws {
        let end = noon + .seconds(432_000)
        let last = self.schedule.nextAttempt(after: 40, received: noon, now: end - .seconds(60), jitter: 0.5)
        #expect(last == end)
        #expect(self.schedule.nextAttempt(after: 41, received: noon, now: end, jitter: 0.5) == nil)
        #expect(self.schedule.nextAttempt(after: 1, received: noon, now: noon, jitter: 0.5) == noon + .seconds(300))
    }

    @Test("every attempt of a message's life lies behind the one before")
    func monotone() {
        var now = noon
        var attempts = 0
        while let next = self.schedule.nextAttempt(
            after: attempts + 1,
            received: noon,
            now: now,
            jitter: Double(attempts % 7) / 7
        ) {
            #expect(next > now)
            now = next
            attempts += 1
            guard attempts < 1000 else { break }
        }
        #expect(now == noon + .seconds(432_000))
        #expect((30...60).contains(attempts))
    }
}
