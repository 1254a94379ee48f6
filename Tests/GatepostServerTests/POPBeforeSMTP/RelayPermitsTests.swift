import GatepostModel
import GatepostTesting
import MailSyntax
import Testing

@testable import GatepostServer

@Suite("Permits to send without AUTH")
struct RelayPermitsTests {
    private static let here = IPAddress("192.0.2.1")!
    private static let elsewhere = IPAddress("192.0.2.2")!

    private func account(_ address: String) -> Account {
        Account(id: 1, address: address)
    }

    @Test("one is for an address, and ends with its time")
    func time() throws {
        let clock = MockClock()
        let permits = RelayPermits(duration: .seconds(900), clock: clock)
        #expect(permits.permit(at: Self.here) == nil)
        #expect(permits.open(for: self.account("a@example.org"), credential: nil, at: Self.here) != nil)
        #expect(permits.permit(at: Self.elsewhere) == nil)
        clock.advance(by: .seconds(899))
        #expect(permits.permit(at: Self.here)?.account.address == "a@example.org")
        clock.advance(by: .seconds(1))
        #expect(permits.permit(at: Self.here) == nil)
    }

    @Test("the last account has it, and another's logout leaves it")
    func last() throws {
        let permits = RelayPermits(duration: .seconds(900), clock: MockClock())
        _ = permits.open(for: self.account("a@example.org"), credential: nil, at: Self.here)
        _ = permits.open(for: self.account("b@example.org"), credential: nil, at: Self.here)
        permits.close(for: "a@example.org", at: Self.here)
        #expect(permits.permit(at: Self.here)?.account.address == "b@example.org")
        permits.close(for: "b@example.org", at: Self.here)
        #expect(permits.permit(at: Self.here) == nil)
    }

    @Test("there are so many and no more, until some have ended")
    func many() throws {
        let clock = MockClock()
        let permits = RelayPermits(duration: .seconds(900), clock: clock)
        let account = self.account("a@example.org")
        func address(_ number: Int) throws -> IPAddress {
            try #require(IPAddress("10.0.\(number / 256).\(number % 256)"))
        }
        for number in 0..<RelayPermits.maximumPermits {
            #expect(permits.open(for: account, credential: nil, at: try address(number)) != nil)
        }
        #expect(permits.open(for: account, credential: nil, at: Self.here) == nil)
        #expect(permits.open(for: account, credential: nil, at: try address(0)) != nil)
        clock.advance(by: .seconds(900))
        #expect(permits.open(for: account, credential: nil, at: Self.here) != nil)
    }
}
