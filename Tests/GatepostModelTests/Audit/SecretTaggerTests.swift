import GatepostModel
import SASL
import Testing

@Suite("Secret tags")
struct SecretTaggerTests {
    static let now = Timestamp(milliseconds: 1_795_500_000_000)

    @Test("one secret has one tag for a day, other secrets have others")
    func sameDay() {
        var tagger = SecretTagger()
        let random = { [UInt8](repeating: 7, count: 32) }
        let first = tagger.tag(of: Secret("hunter2"), now: Self.now, random: random)
        let again = tagger.tag(of: Secret("hunter2"), now: Self.now + .seconds(60), random: { [] })
        #expect(first == again)
        let others = (0..<100).map { tagger.tag(of: Secret("hunter\($0 + 3)"), now: Self.now, random: random) }
        #expect(Set(others).count > 95)
    }

    @Test("the next day has another key, which is handed out to be kept")
    func nextDay() {
        var tagger = SecretTagger()
        var made: [SecretTagger.DayKey] = []
        var next: UInt8 = 0
        func tag(_ time: Timestamp) -> UInt16 {
            tagger.tag(
                of: Secret("hunter2"),
                now: time,
                random: {
                    next += 1
                    return [UInt8](repeating: next, count: 32)
                },
                renewed: { made.append($0) }
            )
        }
        let first = tag(Self.now)
        let second = tag(Self.now + .seconds(86_400))
        #expect(first != second)
        #expect(made.map(\.day) == [20_781, 20_782])
        var restarted = SecretTagger(current: made.last)
        let later = restarted.tag(of: Secret("hunter2"), now: Self.now + .seconds(86_401), random: { [] })
        #expect(later == second)
    }

    @Test("repeats are counted by account and tag, within a day and in bounded memory")
    func repeats() {
        var counter = RepeatCounter(maximumEntries: 100)
        func count(_ account: String, _ tag: UInt16, at time: Timestamp = Self.now) -> Int {
            counter.count(account: account, tag: tag, now: time)
        }
        for expected in 1...14 { #expect(count("a@example.com", 1) == expected) }
        #expect(count("b@example.com", 1) == 1)
        #expect(count("a@example.com", 2) == 1)
        for tag in 0..<1000 { _ = count("c@example.com", UInt16(tag)) }
        #expect(counter.count <= 100)
        #expect(count("a@example.com", 1) == 15)
        #expect(count("a@example.com", 1, at: Self.now + .seconds(86_400)) == 1)
    }
}
