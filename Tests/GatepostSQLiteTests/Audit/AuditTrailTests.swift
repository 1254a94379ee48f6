import GatepostModel
import GatepostSQLite
import GatepostTesting
import MailSyntax
import SASL
import Synchronization
import Testing

@Suite("The audit trail in SQLite")
struct AuditTrailTests {
    static let start = Timestamp(milliseconds: 1_795_500_000_000)
    static let day = Duration.seconds(86_400)

    static func key() throws -> AuditKey {
        try #require(AuditKey(seed: Secret([UInt8](repeating: 9, count: 32))))
    }

    static func open(_ directory: String, fault: (@Sendable () throws -> Void)? = nil) throws -> SQLiteAuditTrail {
        var options = SQLiteAuditTrail.Options()
        options.delay = .milliseconds(1)
        options.retryDelay = .milliseconds(1)
        options.commitFault = fault
        return try SQLiteAuditTrail.open(
            dataDirectory: directory,
            key: try self.key(),
            clock: MockClock(AuditTrailTests.start),
            options: options
        )
    }

    static func login(
        _ number: Int,
        account: String = "alice@example.com",
        ip: String = "192.0.2.7",
        reason: AuthenticationReason? = .wrongPassword
    ) -> AuditEvent {
        .authentication(
            AuthenticationEvent(
                attempt: LoginAttempt(
                    time: start + .seconds(number),
                    loginName: account,
                    account: account,
                    mechanism: .plain,
                    address: IPAddress(ip),
                    listener: "submission:465",
                    tls: "1.3",
                    clientName: "phone-\(account)",
                    secretTag: UInt16(truncatingIfNeeded: number)
                ),
                result: reason.map { .refused($0) } ?? .succeeded,
                reference: AuthenticationReference(random: [
                    UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number),
                ])
            )
        )
    }

    /// A closed trail of `count` logins, alternating between two accounts.
    static func fill(_ directory: String, _ count: Int) async throws {
        let trail = try self.open(directory)
        for number in 1...count {
            trail.record(self.login(number, account: number % 2 == 0 ? "bob@example.com" : "alice@example.com"))
        }
        try await trail.close()
    }

    static func verify(_ directory: String, expecting: AuditExpectation? = nil) async throws -> AuditVerification {
        let trail = try self.open(directory)
        let verification = try await trail.verify(expecting: expecting)
        try await trail.close()
        return verification
    }

    @Test("what was recorded is found by account, address, reason, reference and time, newest first")
    func search() async throws {
        try await withTemporaryDirectory { directory in
            let trail = try Self.open(directory)
            for number in 1...20 {
                trail.record(
                    Self.login(
                        number,
                        account: number % 2 == 0 ? "bob@example.com" : "alice@example.com",
                        ip: number % 4 == 0 ? "2001:db8::\(number)" : "192.0.2.\(number)",
                        reason: number % 5 == 0 ? nil : number % 3 == 0 ? .disabled : .wrongPassword
                    )
                )
            }
            func found(_ change: (inout AuditQuery) -> Void) async throws -> [Int64] {
                var query = AuditQuery(limit: 100)
                change(&query)
                return try await trail.search(query).map(\.sequence)
            }
            #expect(try await found { _ in } == (1...20).reversed().map { Int64($0) })
            #expect(try await found { $0.account = "bob@example.com" } == [20, 18, 16, 14, 12, 10, 8, 6, 4, 2])
            #expect(try await found { $0.reason = "disabled" } == [18, 12, 9, 6, 3])
            #expect(
                try await found {
                    $0.reason = "disabled"
                    $0.account = "alice@example.com"
                } == [9, 3]
            )
            #expect(try await found { $0.isSuccess = true } == [20, 15, 10, 5])
            #expect(try await found { $0.network = IPNetwork("192.0.2.7/32") } == [7])
            #expect(try await found { $0.network = IPNetwork("192.0.2.0/29") } == [7, 6, 5, 3, 2, 1])
            #expect(try await found { $0.network = IPNetwork("2001:db8::/64") } == [20, 16, 12, 8, 4])
            #expect(try await found { $0.since = Self.start + .seconds(18) } == [20, 19, 18])
            #expect(try await found { $0.until = Self.start + .seconds(3) } == [2, 1])
            #expect(try await found { $0.reference = AuthenticationReference(random: [0, 13]) } == [13])
            #expect(try await found { $0.kind = .administration } == [])
            let page = try await trail.search(AuditQuery(limit: 3))
            #expect(
                try await found {
                    $0.before = page.last.map { AuditQuery.Position($0) }
                    $0.limit = 2
                } == [17, 16]
            )
            #expect(try await trail.records(after: 18, limit: 10).map(\.sequence) == [19, 20])
            #expect(try await trail.records(after: 12, limit: 1).first?.event == Self.login(13, ip: "192.0.2.13"))
            try await trail.close()
        }
    }

    @Test("the chain goes on over restarts and fits")
    func restarts() async throws {
        try await withTemporaryDirectory { directory in
            for round in 0..<3 {
                let trail = try Self.open(directory)
                #expect(trail.faultAtOpen == nil)
                for number in 0..<700 { trail.record(Self.login(round * 700 + number)) }
                try await trail.recordDurably(.gap(GapEvent(time: Self.start, since: Self.start, count: 1)))
                try await trail.close()
            }
            let verification = try await Self.verify(directory)
            #expect(verification.fault == nil)
            #expect(verification.records == 2103)
            #expect(verification.head?.point.sequence == 2103)
        }
    }

    @Test("an empty trail fits")
    func empty() async throws {
        try await withTemporaryDirectory { directory in
            let verification = try await Self.verify(directory)
            #expect(verification.fault == nil)
            #expect(verification.records == 0)
        }
    }

    /// What somebody with the database file does to it, and what is said about it.
    struct Tampering: Sendable, CustomTestStringConvertible {
        var name: String
        var sql: String
        var fault: AuditFault
        var testDescription: String { self.name }
    }

    static let tamperings: [Tampering] = [
        Tampering(name: "reason", sql: "UPDATE record SET reason = 'locked' WHERE sequence = 50", fault: .changed(50)),
        Tampering(name: "time", sql: "UPDATE record SET time = time + 1 WHERE sequence = 50", fault: .changed(50)),
        Tampering(name: "kind", sql: "UPDATE record SET kind = 2 WHERE sequence = 50", fault: .changed(50)),
        Tampering(
            name: "account",
            sql: "UPDATE record SET account = 'eve@example.com' WHERE sequence = 50",
            fault: .changed(50)
        ),
        Tampering(
            name: "address",
            sql: "UPDATE record SET address = zeroblob(16) WHERE sequence = 50",
            fault: .changed(50)
        ),
        Tampering(name: "detail", sql: "UPDATE record SET detail = x'00' WHERE sequence = 50", fault: .changed(50)),
        Tampering(name: "salt", sql: "UPDATE record SET salt = zeroblob(16) WHERE sequence = 50", fault: .changed(50)),
        Tampering(name: "link", sql: "UPDATE record SET link = zeroblob(32) WHERE sequence = 50", fault: .changed(50)),
        Tampering(
            name: "link of a wrong size",
            sql: "UPDATE record SET link = x'' WHERE sequence = 50",
            fault: .changed(50)
        ),
        Tampering(name: "deleted", sql: "DELETE FROM record WHERE sequence = 50", fault: .missing(50)),
        Tampering(name: "first deleted", sql: "DELETE FROM record WHERE sequence = 1", fault: .missing(1)),
        Tampering(
            name: "deleted and renumbered",
            sql: """
                DELETE FROM record WHERE sequence = 50;
                UPDATE record SET sequence = -sequence WHERE sequence > 50;
                UPDATE record SET sequence = -sequence - 1 WHERE sequence < 0
                """,
            fault: .changed(50)
        ),
        Tampering(
            name: "two exchanged",
            sql: """
                UPDATE record SET sequence = -1 WHERE sequence = 50;
                UPDATE record SET sequence = 50 WHERE sequence = 53;
                UPDATE record SET sequence = 53 WHERE sequence = -1
                """,
            fault: .reordered(50, with: 53)
        ),
        Tampering(
            name: "two exchanged, links left",
            sql: """
                CREATE TEMP TABLE old AS SELECT * FROM record WHERE sequence IN (50, 51);
                UPDATE record SET (time, reason, reference, detail, salt, account, address, personal) =
                    (SELECT time, reason, reference, detail, salt, account, address, personal FROM old WHERE sequence = 101 - record.sequence)
                WHERE sequence IN (50, 51)
                """,
            fault: .reordered(50, with: 51)
        ),
        Tampering(
            name: "moved behind the end",
            sql: "UPDATE record SET sequence = 101 WHERE sequence = 50",
            fault: .reordered(50, with: 101)
        ),
        Tampering(
            name: "end cut off",
            sql: "DELETE FROM record WHERE sequence > 90",
            fault: .truncated(after: 90, expected: 100)
        ),
        Tampering(
            name: "end cut off with its heads",
            sql: "DELETE FROM record WHERE sequence > 90; DELETE FROM head WHERE sequence > 90",
            fault: .truncated(after: 90, expected: 100)
        ),
        Tampering(
            name: "all cut off",
            sql: "DELETE FROM record; DELETE FROM head",
            fault: .truncated(after: 0, expected: 100)
        ),
        Tampering(
            name: "personal fields blanked",
            sql: """
                UPDATE record SET salt = NULL, account = NULL, address = NULL, personal = NULL WHERE sequence = 50
                """,
            fault: .changed(50)
        ),
        Tampering(
            name: "content swapped for a hash",
            sql: """
                UPDATE record SET reason = NULL, reference = NULL, detail = NULL, salt = NULL, account = NULL, address = NULL,
                    personal = NULL, content = zeroblob(32), mark = zeroblob(16) WHERE sequence = 50
                """,
            fault: .changed(50)
        ),
        Tampering(
            name: "head forged",
            sql: "UPDATE head SET signature = zeroblob(64)",
            fault: .forgedHead(100)
        ),
    ]

    @Test("the first changed, missing or reordered record is named", arguments: tamperings)
    func tampering(_ tampering: Tampering) async throws {
        try await withTemporaryDirectory { directory in
            try await Self.fill(directory, 100)
            try await Self.runSQL(directory, tampering.sql)
            let verification = try await Self.verify(directory)
            #expect(verification.fault == tampering.fault)
        }
    }

    @Test("hashes that were all computed anew do not fit a signed head")
    func rewritten() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.fill(directory, 100)
            try await Self.rewrite(directory, from: 60) { $0.reason = "locked" }
            let verification = try await Self.verify(directory)
            #expect(verification.fault == .rewritten(after: 0, upTo: 100))
        }
    }

    @Test("personal fields that are blanked with the right hash, but by no command, are noticed")
    func blanked() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.fill(directory, 100)
            try await Self.blank(directory, 50)
            #expect(try await Self.verify(directory).fault == .emptied(50))
        }
    }

    @Test("a head that was noted elsewhere must be in the chain")
    func expectation() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.fill(directory, 100)
            let head = try #require(try await Self.verify(directory).head)
            let noted = try #require(AuditExpectation(head.text))
            #expect(try await Self.verify(directory, expecting: noted).fault == nil)
            let other = AuditExpectation(sequence: 50, link: noted.link)
            #expect(try await Self.verify(directory, expecting: other).fault == .unexpected(50))
            let later = AuditExpectation(sequence: 200, link: noted.link)
            #expect(try await Self.verify(directory, expecting: later).fault == .truncated(after: 100, expected: 200))
        }
    }

    @Test("the trail that was cut off says so when it is opened, goes on, and is found out for ever")
    func openedAfterCut() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.fill(directory, 100)
            try await Self.runSQL(directory, "DELETE FROM record WHERE sequence > 90; DELETE FROM head")
            let trail = try Self.open(directory)
            #expect(trail.faultAtOpen == .truncated(after: 90, expected: 100))
            for number in 0..<50 { trail.record(Self.login(number)) }
            let verification = try await trail.verify(expecting: nil)
            #expect(verification.fault != nil)
            let said = try await trail.records(after: 90, limit: 1).first?.event
            guard case .administration(let event) = said else {
                Issue.record("nothing was said")
                return
            }
            #expect(event.failure?.contains("cut off") == true)
            try await trail.close()
        }
    }

    @Test("erasing an account takes its personal fields away, and the chain still fits")
    func erase() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.fill(directory, 100)
            let trail = try Self.open(directory)
            #expect(try await trail.erase(account: "alice@example.com", actor: .user(0)) == 50)
            #expect(try await trail.erase(account: "alice@example.com", actor: .user(0)) == 0)
            let verification = try await trail.verify(expecting: nil)
            #expect(verification.fault == nil)
            #expect(verification.erased == 50)
            var query = AuditQuery(limit: 1000)
            query.account = "alice@example.com"
            #expect(try await trail.search(query).isEmpty)
            query.account = "bob@example.com"
            #expect(try await trail.search(query).count == 50)
            #expect(try await trail.records(after: 0, limit: 1).first?.state == .erased)
            try await trail.close()
            for name in names(in: directory) {
                #expect(!Self.contains("\(directory)/\(name)", "alice@example.com"), "\(name)")
                #expect(!Self.contains("\(directory)/\(name)", "phone-alice"), "\(name)")
            }
            #expect(Self.contains("\(directory)/audit.db", "bob@example.com"))
            #expect(try await Self.verify(directory).fault == nil)
        }
    }

    @Test("what is older than its kind may be loses its content, and the chain still fits")
    func expire() async throws {
        try await withTemporaryDirectory { directory in
            let trail = try Self.open(directory)
            for number in 0..<3000 { trail.record(Self.login(number)) }
            try await trail.recordDurably(
                .administration(
                    AdministrationEvent(time: Self.start + .seconds(3000), actor: .user(0), action: "domain add")
                )
            )
            for number in 3001..<3500 { trail.record(Self.login(number)) }
            let retention = AuditRetention(authentication: .seconds(90 * 86_400))
            let later = Self.start + .seconds(90 * 86_400 + 3200)
            #expect(try await trail.expire(retention, now: Self.start) == 0)
            #expect(try await trail.expire(retention, now: later) == 3000 + 199)
            let verification = try await trail.verify(expecting: nil)
            #expect(verification.fault == nil)
            // The first three thousand are gone; the administrative record keeps those behind it in place.
            #expect(verification.first == 3001)
            #expect(verification.expired == 199)
            var query = AuditQuery(limit: 10_000)
            query.kind = .authentication
            #expect(try await trail.search(query).count == 300)
            // The logins, the administrative record, and what was said about the first retention.
            #expect(try await trail.expire(retention, now: later + .seconds(1000 * 86_400)) == 302)
            try await trail.close()
            let last = try await Self.verify(directory)
            #expect(last.fault == nil)
            // The last record of the time before, without its content, and what was said about this retention.
            #expect(last.records == 2)
            #expect(last.expired == 1)
        }
    }

    @Test("after an erasure and a retention a changed record is still named")
    func tamperedAfterRetention() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.fill(directory, 100)
            let trail = try Self.open(directory)
            _ = try await trail.erase(account: "alice@example.com", actor: .user(0))
            let retention = AuditRetention(authentication: .seconds(50))
            _ = try await trail.expire(retention, now: Self.start + .seconds(100))
            try await trail.close()
            try await Self.runSQL(directory, "UPDATE record SET reason = 'locked' WHERE sequence = 71")
            #expect(try await Self.verify(directory).fault == .changed(71))
        }
    }

    @Test("events that come faster than the disk takes them are counted in the trail, and nobody waits")
    func overflow() async throws {
        try await withTemporaryDirectory { directory in
            let isBroken = Mutex(false)
            var options = SQLiteAuditTrail.Options()
            options.maximumWaiting = 100
            options.delay = .milliseconds(1)
            options.retryDelay = .milliseconds(1)
            options.commitFault = {
                if isBroken.withLock({ $0 }) { throw StoreError(.noSpace, "full") }
            }
            let trail = try SQLiteAuditTrail.open(
                dataDirectory: directory,
                key: try Self.key(),
                clock: MockClock(AuditTrailTests.start),
                options: options
            )
            isBroken.withLock { $0 = true }
            for number in 0..<1000 { trail.record(Self.login(number)) }
            await #expect(throws: StoreError.self) {
                try await trail.recordDurably(Self.login(2000))
            }
            isBroken.withLock { $0 = false }
            let lost = trail.statistics.lost
            // A hundred wait, and a hundred may be on their way to the disk.
            #expect(lost >= 800)
            var count = 0
            while count < 101 {
                try await trail.flush()
                count = try await trail.records(after: 0, limit: 1000).count
            }
            var query = AuditQuery(limit: 10)
            query.kind = .gap
            let gaps = try await trail.search(query).compactMap { record -> Int? in
                if case .gap(let gap) = record.event { gap.count } else { nil }
            }
            #expect(gaps.reduce(0, +) == trail.statistics.lost)
            #expect(try await trail.verify(expecting: nil).fault == nil)
            try await trail.close()
        }
    }

    @Test("a durable event is on disk when the call returns, and fails when it cannot be")
    func durable() async throws {
        try await withTemporaryDirectory { directory in
            let trail = try Self.open(directory)
            try await trail.recordDurably(Self.login(1))
            #expect(trail.statistics.records == 1)
            try await trail.close()
            await #expect(throws: StoreError.self) { try await trail.recordDurably(Self.login(2)) }
        }
    }

    @Test("who follows the trail is woken by the next record")
    func follow() async throws {
        try await withTemporaryDirectory { directory in
            let trail = try Self.open(directory)
            try await trail.recordDurably(Self.login(1))
            async let waiting: Void = trail.waitForRecords(after: 1, timeout: .seconds(60))
            trail.record(Self.login(2))
            try await waiting
            #expect(try await trail.lastSequence() == 2)
            try await trail.waitForRecords(after: 2, timeout: .milliseconds(1))
            try await trail.close()
        }
    }
}
