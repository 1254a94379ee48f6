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

    @Test("a new password lifts the account's locks; the address that guessed is answered slowly all the same")
    func newPassword() {
        let loginGuard = self.makeGuard()
        for tag in 0..<3 as Range<UInt16> {
            _ = loginGuard.ended(self.attempt(from: "198.51.100.7", tag: tag), .refused(.wrongPassword))
        }
        #expect(!loginGuard.locks().isEmpty)
        loginGuard.secretChanged(account: "alice@example.org")
        #expect(loginGuard.locks().isEmpty)
        #expect(loginGuard.admission(of: self.attempt(from: "198.51.100.7")) == .delayed(.seconds(1)))
        #expect(loginGuard.admission(of: self.attempt(from: "198.51.100.8")) == .admitted)
    }
}

/// A trail that only answers searches, out of a list.
private struct ListedTrail: AuditTrail {
    var listed: [AuditRecord]
    let publicKey: [UInt8] = []

    func search(_ query: AuditQuery) async throws -> [AuditRecord] {
        let fitting = self.listed.filter { record in
            if let kind = query.kind, record.event.kind != kind { return false }
            if let since = query.since, record.event.time < since { return false }
            if let until = query.until, record.event.time >= until { return false }
            if query.isSuccess, case .authentication(let event) = record.event, event.result != .succeeded {
                return false
            }
            guard let before = query.before else { return true }
            return (record.event.time, record.sequence) < (before.time, before.sequence)
        }
        let newestFirst = fitting.sorted { ($0.event.time, $0.sequence) > ($1.event.time, $1.sequence) }
        return Array(newestFirst.prefix(query.limit))
    }

    func record(_ event: AuditEvent) {}
    func recordDurably(_ event: AuditEvent) async throws {}
    func flush() async throws {}
    func records(after sequence: Int64, limit: Int) async throws -> [AuditRecord] { [] }
    func lastSequence() async throws -> Int64 { 0 }
    func waitForRecords(after sequence: Int64, timeout: Duration) async throws {}
    func erase(account: String, actor: AuditActor) async throws -> Int { 0 }
    func expire(_ retention: AuditRetention, now: Timestamp) async throws -> Int { 0 }

    func verify(expecting expected: AuditExpectation?) async throws -> AuditVerification {
        throw StoreError(.unavailable, "not here")
    }
}

@Suite("Lockout of a server that starts")
struct LockoutHistoryTests {
    private let clock = MockClock()

    private func login(
        _ sequence: Int64,
        from text: String,
        tag: UInt16?,
        _ result: LoginResult,
        ago: Duration
    ) -> AuditRecord {
        let attempt = LoginAttempt(
            time: self.clock.now() - ago,
            loginName: "alice",
            account: "alice@example.org",
            mechanism: .plain,
            address: IPAddress(text),
            listener: "submission:587",
            clientName: "laptop",
            secretTag: tag
        )
        let event = AuthenticationEvent(
            attempt: attempt,
            result: result,
            reference: AuthenticationReference(random: [0, 0, 0, 0, UInt8(truncatingIfNeeded: sequence)])
        )
        return AuditRecord(sequence: sequence, event: .authentication(event), state: .whole)
    }

    @Test("knows where the owner was months ago and who guessed today; what was lifted stays lifted")
    func history() async throws {
        var records = [self.login(1, from: "192.0.2.10", tag: nil, .succeeded, ago: .seconds(60 * 86_400))]
        for number in 0..<10 as Range<Int64> {
            records.append(
                self.login(
                    2 + number,
                    from: "198.51.100.7",
                    tag: UInt16(number),
                    .refused(.wrongPassword),
                    ago: .seconds(600 - number)
                )
            )
        }
        let key = [UInt8](repeating: 1, count: 16)
        let now = self.clock.now()
        let history = try await LockoutHistory.read(ListedTrail(listed: records.shuffled()), now: now)
        #expect(history.map(\.time) == history.map(\.time).sorted())
        let lockout = Lockout.rebuilt(policy: LockoutPolicy(), key: key, from: history)
        #expect(lockout.knownNetworks(of: "alice@example.org", now: now) == [IPNetwork("192.0.2.0/24")])
        #expect(lockout.locks(now: now).map(\.scope.network) == [IPNetwork("198.51.100.0/24")])

        let lifting = LockoutEvent(
            time: now - .seconds(10),
            change: .lifted,
            account: nil,
            network: IPNetwork("198.51.100.0/24")
        )
        records.append(AuditRecord(sequence: 99, event: .lockout(lifting), state: .whole))
        let after = try await LockoutHistory.read(ListedTrail(listed: records), now: now)
        #expect(Lockout.rebuilt(policy: LockoutPolicy(), key: key, from: after).locks(now: now).isEmpty)
    }

    @Test("reads page by page, the latest first, and stops where a start would take too long")
    func pages() async throws {
        let records = (1...12_000 as ClosedRange<Int64>).map {
            self.login($0, from: "198.51.100.7", tag: 1, .refused(.wrongPassword), ago: .seconds(20_000 - $0))
        }
        let history = try await LockoutHistory.read(ListedTrail(listed: records), now: self.clock.now())
        #expect(history.count == 12_000)
    }
}
