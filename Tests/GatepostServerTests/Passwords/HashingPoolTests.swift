import Dispatch
import GatepostServer
import SASL
import Testing

@Suite("Hashing pool")
struct HashingPoolTests {
    @Test("takes threads + queue at once and refuses the next")
    func bound() async throws {
        let pool = HashingPool(threads: 1, queue: 2)
        let gate = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for _ in 0..<3 {
                tasks.addTask {
                    try await pool.run {
                        gate.wait()
                        return true
                    }
                }
            }
            while pool.load < 3 { await Task.yield() }
            await #expect(throws: HashingPool.Busy.self) { try await pool.run { false } }
            await #expect(throws: HashingPool.Busy.self) { try await pool.verify(Secret("x"), against: nil) }
            for _ in 0..<3 { gate.signal() }
            for try await result in tasks { #expect(result) }
        }
        #expect(pool.load == 0)
        #expect(try await pool.run { true })
        try await pool.shutdown()
    }

    @Test("no hash is nobody's password")
    func absent() async throws {
        let pool = HashingPool(threads: 1, queue: 0)
        #expect(try await !pool.verify(Secret("password"), against: nil))
        try await pool.shutdown()
    }
}
