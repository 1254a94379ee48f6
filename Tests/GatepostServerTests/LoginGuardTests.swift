import GatepostModel
import GatepostServer
import GatepostTesting
import Logging
import MailSyntax
import SASL
import SMTP
import Testing

@Suite("The guard before and behind each login")
struct LoginGuardTests {
    private let clock = MockClock()
    private let audit = MemoryAuditLog()

    private func makeGuard(_ policy: LockoutPolicy = LockoutPolicy(attempts: 3, accounts: 3)) -> LoginGuard {
        LoginGuard(
            policy: policy,
            clock: self.clock,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            audit: self.audit
        )
    }

    private func attempt(_ account: String = "alice@example.org", from text: String, tag: UInt16? = nil) -> LoginAttempt
    {
        LoginAttempt(
            time: self.clock.now(),
            loginName: account,
            account: account,
            mechanism: .plain,
            address: IPAddress(text),
            listener: "submission:587",
            secretTag: tag
        )
    }

    @Test("a lock is in the audit trail once the answer may go out, and so is its lifting")
    func trail() async throws {
        let loginGuard = self.makeGuard()
        var ending = Lockout.Ending(result: .succeeded, delay: .zero, locks: [])
        for tag in 0..<3 as Range<UInt16> {
            ending = loginGuard.ended(self.attempt(from: "198.51.100.7", tag: tag), .refused(.wrongPassword))
            await loginGuard.settle(ending)
        }
        #expect(ending.locks.count == 1)
        let lifted = try await loginGuard.lift(account: "alice@example.org", actor: .user(0))
        #expect(lifted.map(\.scope) == ending.locks.map(\.scope))
        #expect(loginGuard.locks().isEmpty)
        let changes = self.audit.events.compactMap { event -> LockoutEvent.Change? in
            if case .lockout(let event) = event { event.change } else { nil }
        }
        #expect(changes == [.locked, .lifted])
    }

    @Test("a banned address is turned away at connect with 421 4.7.0, a network that is not is not")
    func refusal() throws {
        let loginGuard = self.makeGuard()
        for number in 0..<3 {
            _ = loginGuard.ended(
                self.attempt("u\(number)@example.org", from: "2001:db8::7", tag: 1),
                .refused(.unknownAccount)
            )
        }
        let refusal = try #require(loginGuard.refusal(for: IPAddress("2001:db8::9")))
        #expect(refusal.code == 421 && refusal.enhanced?.description == "4.7.0")
        #expect(loginGuard.refusal(for: IPAddress("2001:db8:1::9")) == nil)
        #expect(loginGuard.refusal(for: nil) == nil)
        self.clock.advance(by: .seconds(900))
        #expect(loginGuard.refusal(for: IPAddress("2001:db8::9")) == nil)
    }

    @Test("no more answers are held back than the bound, and cancelling lets one go at once", .timeLimit(.minutes(1)))
    func held() async {
        let loginGuard = self.makeGuard()
        let ending = Lockout.Ending(result: .refused(.wrongPassword), delay: .seconds(3600), locks: [])
        let waiting = (0..<LoginGuard.maximumHeld).map { _ in Task { await loginGuard.settle(ending) } }
        while loginGuard.heldAnswers < LoginGuard.maximumHeld { await Task.yield() }
        await loginGuard.settle(ending)
        for task in waiting { task.cancel() }
        for task in waiting { await task.value }
        #expect(loginGuard.heldAnswers == 0)
    }

    @Test("a new password lifts the account's locks")
    func newPassword() {
        let loginGuard = self.makeGuard()
        for tag in 0..<3 as Range<UInt16> {
            _ = loginGuard.ended(self.attempt(from: "198.51.100.7", tag: tag), .refused(.wrongPassword))
        }
        #expect(!loginGuard.locks().isEmpty)
        loginGuard.secretChanged(account: "alice@example.org")
        #expect(loginGuard.admission(of: self.attempt(from: "198.51.100.7")) == .admitted)
    }
}
