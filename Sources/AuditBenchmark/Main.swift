internal import Foundation
internal import GatepostModel
internal import GatepostSQLite
internal import MailSyntax
internal import SASL

/// Fills an audit trail and times what is promised about it: `audit-bench [EVENTS] [DIRECTORY]`, see Scripts/audit-bench.
@main
enum Main {
    private struct Clock: WallClock {
        func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
    }

    /// The same events each time.
    private struct Random {
        private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

        mutating func next(below bound: Int) -> Int {
            self.state ^= self.state << 13
            self.state ^= self.state >> 7
            self.state ^= self.state << 17
            return Int(self.state % UInt64(bound))
        }
    }

    private static let start = Timestamp(milliseconds: 1_795_500_000_000)

    /// A day of a large server: most logins succeed, one account in ten has a device with an old password, and a guesser has 100,000 tries at
    /// one account from one address.
    private static func event(_ number: Int, _ random: inout Random) -> AuditEvent {
        let time = Self.start + .milliseconds(number * 80)
        let isGuess = number % 10 == 3
        let account = isGuess ? "account1@example.org" : "account\(random.next(below: 5000))@example.org"
        let address =
            isGuess
            ? IPAddress("203.0.113.9")
            : IPAddress(v4: 0x0A00_0000 | UInt32(truncatingIfNeeded: random.next(below: 20_000)))
        if number % 10 == 7 {
            return .sending(
                SendingEvent(
                    time: time,
                    account: account,
                    address: address,
                    listener: "submission:465",
                    message: MessageIdentifier(created: time, random: [1, 2, 3]),
                    reversePath: account,
                    recipients: ["somebody@example.com"],
                    recipientCount: 1,
                    size: 4096,
                    verdict: .accepted,
                    reply: "250 2.0.0"
                )
            )
        }
        if number % 1000 == 5 {
            return .administration(
                AdministrationEvent(time: time, actor: .user(0), action: "account password", account: account)
            )
        }
        let reasons: [AuthenticationReason] = [
            .wrongPassword, .unknownAccount, .disabled, .mechanismRefused, .malformed,
        ]
        let result: LoginResult =
            isGuess
            ? .refused(number % 100_000 == 3 ? .locked : .wrongPassword)
            : random.next(below: 10) == 0 ? .refused(reasons[random.next(below: reasons.count)]) : .succeeded
        return .authentication(
            AuthenticationEvent(
                attempt: LoginAttempt(
                    time: time,
                    loginName: account,
                    account: account,
                    mechanism: .plain,
                    address: address,
                    listener: "submission:465",
                    tls: "1.3",
                    clientName: "phone.example.org",
                    secretTag: result == .succeeded ? nil : UInt16(truncatingIfNeeded: number)
                ),
                result: result,
                reference: AuthenticationReference(
                    random: (0..<5).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
                )
            )
        )
    }

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let count = arguments.first.flatMap { Int($0) } ?? 1_000_000
        let directory = arguments.dropFirst().first ?? "audit-bench"
        guard let key = AuditKey(seed: Secret([UInt8](repeating: 7, count: 32))) else { return }
        let trail = try SQLiteAuditTrail.open(dataDirectory: directory, key: key, clock: Clock())
        defer { print("") }

        var random = Random()
        let there = Int(try await trail.lastSequence())
        if there < count {
            let seconds = try await Self.time {
                var longest = Duration.zero
                for number in there..<count {
                    let event = Self.event(number, &random)
                    let duration = ContinuousClock().measure { trail.record(event) }
                    longest = max(longest, duration)
                    if number % 4000 == 3999 { try await trail.flush() }
                }
                try await trail.flush()
                print("record        longest call \(longest)")
            }
            print("write         \(Int(Double(count - there) / seconds)) records/s, lost \(trail.statistics.lost)")
        }

        func search(_ name: String, _ change: (inout AuditQuery) -> Void) async throws {
            var query = AuditQuery(limit: 100)
            change(&query)
            var found = 0
            var times: [Double] = []
            for _ in 0..<5 {
                times.append(try await Self.time { found = try await trail.search(query).count })
            }
            let worst = (times.max() ?? 0) * 1000
            print("search        \(String(format: "%7.2f", worst)) ms worst of 5, \(found) found: \(name)")
        }
        let end = Self.start + .milliseconds(count * 80)
        try await search("newest") { _ in }
        try await search("account") { $0.account = "account77@example.org" }
        try await search("account with 100,000 records") { $0.account = "account1@example.org" }
        try await search("account and a rare reason") {
            $0.account = "account1@example.org"
            $0.reason = "locked"
        }
        try await search("account that succeeded") {
            $0.account = "account1@example.org"
            $0.isSuccess = true
        }
        try await search("address") { $0.network = IPNetwork("203.0.113.9") }
        try await search("address and a rare reason") {
            $0.network = IPNetwork("203.0.113.9")
            $0.reason = "locked"
        }
        try await search("network of 256") { $0.network = IPNetwork("10.0.3.0/24") }
        try await search("reason") { $0.reason = "disabled" }
        try await search("rare reason") { $0.reason = "locked" }
        try await search("hour in the middle") {
            $0.since = Self.start + .milliseconds(count * 40)
            $0.until = Self.start + .milliseconds(count * 40 + 3_600_000)
        }
        try await search("account in an hour in the middle") {
            $0.account = "account1@example.org"
            $0.since = Self.start + .milliseconds(count * 40)
            $0.until = Self.start + .milliseconds(count * 40 + 3_600_000)
        }
        try await search("kind") {
            $0.kind = .administration
            $0.until = end
        }
        try await search("reference") {
            $0.reference = AuthenticationReference(
                random: (0..<5).map { UInt8(truncatingIfNeeded: (count / 2 + 1) >> (8 * $0)) }
            )
        }
        try await search("nothing found") { $0.account = "nobody@example.org" }

        for _ in 0..<3 {
            var verification = AuditVerification()
            let seconds = try await Self.time { verification = try await trail.verify(expecting: nil) }
            print(
                "verify        \(Int(Double(verification.records) / seconds)) records/s, \(verification.records) in "
                    + "\(String(format: "%.2f", seconds)) s: \(verification.fault?.description ?? "all fits")"
            )
        }
        try await trail.close()
    }

    private nonisolated(nonsending) static func time(_ body: () async throws -> Void) async rethrows -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        try await body()
        let (seconds, attoseconds) = (clock.now - start).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
