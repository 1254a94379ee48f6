import GatepostModel
import GatepostServer
import GatepostTesting
import MailSyntax
import Testing

@Suite("Sending limits of a running server")
struct SendingLedgerTests {
    private let store = MemoryStore()
    private let clock = MockClock()
    private let account: Account

    init() async throws {
        _ = try await self.store.add(
            NewAccount(address: "alice@example.org", credential: NewCredential(argon2id: "x", scram: []))
        )
        self.account = try #require(await self.store.account(address: "alice@example.org"))
    }

    private func ledger(
        _ limits: String = "",
        action: SendingPolicy.Action = .hold,
        trusted: [IPNetwork] = []
    ) throws -> SendingLedger {
        SendingLedger(
            store: self.store,
            clock: self.clock,
            rules: SendingLedger.Rules(
                limits: try #require(SendingLimits(text: limits)),
                action: action,
                burst: SendingPolicy.Burst(recipients: 3),
                trusted: trusted
            )
        )
    }

    private func submission(
        _ recipients: ClosedRange<Int>,
        from address: String? = nil,
        _ account: Account? = nil,
        _ credential: Credential? = nil
    ) throws -> SendingLedger.Submission {
        SendingLedger.Submission(
            account: account ?? self.account,
            credential: credential,
            address: address.flatMap { IPAddress($0) },
            recipients: try recipients.map { .mailbox(try Mailbox(parsing: "r\($0)@example.net")) }
        )
    }

    /// As the server does it: decides, stores, and says that it is stored.
    private func send(_ ledger: SendingLedger, _ submission: SendingLedger.Submission) async throws -> SendingDecision {
        let admission: SendingLedger.Admission
        if let atOnce = ledger.admitAtOnce(submission) {
            admission = atOnce
        } else {
            admission = try await ledger.admit(submission)
        }
        try await self.store.enqueue([], sending: admission.change)
        ledger.committed(admission.change)
        return admission.decision
    }

    @Test("what counts outlives a restart, and whom an account knows does too")
    func restart() async throws {
        let limits = "messagesPerDay=3 newRecipientsPerDay=5"
        let first = try self.ledger(limits)
        #expect(try await self.send(first, self.submission(1...3)).verdict == .accepted)
        #expect(try await self.send(first, self.submission(1...3)).verdict == .accepted, "they are not new any more")
        let second = try self.ledger(limits)
        #expect(second.admitAtOnce(try self.submission(1...3)) == nil, "the store has to be asked first")
        let over = try await self.send(second, self.submission(2...6))
        #expect(over.rule == .limit(.newRecipientsPerDay, .account))
        #expect(try await self.send(second, self.submission(2...5)).verdict == .accepted)
        let third = try self.ledger(limits)
        #expect(try await self.send(third, self.submission(1...1)).rule == .limit(.messagesPerDay, .account))
        self.clock.advance(by: .seconds(86_400 + 300))
        #expect(try await self.send(third, self.submission(1...1)).verdict == .accepted)
    }

    @Test("asking what would be counts nothing and tells nobody")
    func asking() async throws {
        let ledger = try self.ledger("messagesPerDay=1")
        for _ in 0..<5 {
            let decision = try await ledger.decision(for: self.submission(1...2))
            #expect(decision.verdict == .accepted)
            #expect(decision.left.first?.left == 0)
        }
        #expect(try await self.send(ledger, self.submission(1...2)).verdict == .accepted)
        for _ in 0..<3 { #expect(try await ledger.decision(for: self.submission(1...2)).verdict == .held) }
        let admission = try await ledger.admit(self.submission(1...2))
        #expect(admission.change.told == .limit(.messagesPerDay, .account))
        let again = try await ledger.admit(self.submission(1...2))
        #expect(again.change.told == nil)
    }

    @Test("an account's own limits win over the configuration's")
    func own() async throws {
        let ledger = try self.ledger("messagesPerDay=1")
        #expect(
            try await self.store.setLimits(
                try #require(SendingLimits(text: "messagesPerDay=2")),
                of: "alice@example.org"
            )
        )
        let account = try #require(await self.store.account(address: "alice@example.org"))
        for _ in 0..<2 { #expect(try await self.send(ledger, self.submission(1...1, account)).verdict == .accepted) }
        #expect(try await self.send(ledger, self.submission(1...1, account)).verdict == .held)
    }

    @Test(
        "a burst is seen from other networks only: not from this host, not from networks that are allowed",
        arguments: [("203.0.113.5", true), ("127.0.0.1", false), ("::1", false), ("192.0.2.9", false), (nil, false)]
    )
    func burst(_ address: String?, _ isHeld: Bool) async throws {
        let ledger = try self.ledger(trusted: [try #require(IPNetwork("192.0.2.0/24"))])
        let decision = try await self.send(ledger, self.submission(1...4, from: address))
        #expect((decision.rule == .newNetworkBurst) == isHeld)
        #expect((decision.verdict == .held) == isHeld)
    }

    @Test("a held message makes nobody known")
    func heldIsUnknown() async throws {
        let ledger = try self.ledger()
        let away = "203.0.113.5"
        #expect(try await self.send(ledger, self.submission(1...4, from: away)).verdict == .held)
        #expect(try await self.send(ledger, self.submission(1...1, from: away)).verdict == .held)
        #expect(try await self.send(ledger, self.submission(1...4)).verdict == .accepted)
        #expect(try await self.send(ledger, self.submission(1...4, from: away)).verdict == .accepted)
    }

    @Test("sessions are counted in and out, by account and by credential")
    func sessions() throws {
        let ledger = try self.ledger("sessions=3")
        func credential(_ id: Int64, _ limits: String) throws -> Credential {
            Credential(
                id: id,
                version: 1,
                keys: NewCredential(argon2id: nil, scram: []),
                kind: .appPassword,
                rules: CredentialRules(limits: try #require(SendingLimits(text: limits)))
            )
        }
        let phone = try credential(1, "sessions=1")
        #expect(ledger.sessionBegan(self.account, phone) == nil)
        #expect(ledger.sessionBegan(self.account, phone) == .limit(.sessions, .credential))
        #expect(ledger.sessionBegan(self.account, nil) == nil)
        #expect(ledger.sessionBegan(self.account, try credential(2, "")) == nil)
        #expect(ledger.sessionBegan(self.account, nil) == .limit(.sessions, .account))
        ledger.sessionEnded(account: self.account.id, credential: 1)
        #expect(ledger.sessionBegan(self.account, phone) == nil)
        ledger.sessionEnded(account: self.account.id, credential: nil)
        #expect(ledger.sessionBegan(self.account, nil) == nil)
        #expect(ledger.sessionBegan(self.account, nil) == .limit(.sessions, .account))
    }

    @Test("when the store fails nothing is promised")
    func failing() async throws {
        let ledger = try self.ledger("messagesPerDay=1")
        let admission = try await ledger.admit(self.submission(1...1))
        ledger.cancel(admission.change)
        #expect(try await ledger.decision(for: self.submission(1...1)).verdict == .accepted)
    }
}
