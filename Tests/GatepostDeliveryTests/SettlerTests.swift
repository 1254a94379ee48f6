import GatepostModel
import Logging
import SMTP
import Testing

@testable import GatepostDelivery

@Suite("Recording outcomes", .timeLimit(.minutes(1)))
struct SettlerTests {
    private static func settler(_ store: MemoryQueueStore, _ settled: Observable<[Int]>) -> Settler {
        Settler(
            store: store,
            interval: .zero,
            sleep: { _ in },
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            settled: { entries in settled.change { $0.append(entries.count) } }
        )
    }

    private static func entry(_ number: Int) -> Settler.Entry {
        Settler.Entry(results: [
            RecipientResult(
                message: MessageIdentifier(high: 1, low: UInt64(number)),
                recipient: number,
                outcome: .delivered,
                attempt: DeliveryAttempt(at: Timestamp(milliseconds: 0))
            )
        ])
    }

    @Test("what waits at the same time shares a commit")
    func batches() async throws {
        let store = MemoryQueueStore()
        let settled = Observable<[Int]>([])
        let settler = Self.settler(store, settled)
        for number in 0..<300 { settler.add(Self.entry(number)) }
        settler.finish()
        await settler.run()
        #expect(settled.state == [256, 44])
        #expect(store.state.results.map(\.recipient) == Array(0..<300))
    }

    @Test("after a failure the commits get smaller, so that one bad entry does not hold up the others")
    func failure() async throws {
        let store = MemoryQueueStore()
        let settled = Observable<[Int]>([])
        let settler = Self.settler(store, settled)
        store.observable.change { $0.settleFailures = 2 }
        for number in 0..<300 { settler.add(Self.entry(number)) }
        settler.finish()
        await settler.run()
        #expect(settled.state == [64, 128, 108])
        #expect(Set(store.state.results.map(\.recipient)) == Set(0..<300))
        #expect(!settler.isFailing)
    }

    @Test("a store that stays broken ends the trying at the end")
    func givesUp() async throws {
        let store = MemoryQueueStore()
        let settler = Self.settler(store, Observable([]))
        store.observable.change { $0.settleFailures = 1000 }
        settler.add(Self.entry(0))
        settler.finish()
        await settler.run()
        #expect(store.state.results.isEmpty)
        #expect(settler.isFailing)
    }
}
