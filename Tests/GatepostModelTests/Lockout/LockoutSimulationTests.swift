import Foundation
import GatepostModel
import GatepostTesting
import MailSyntax
import SASL
import Testing

/// One simulated story: what is printed as a row of a table, and what is promised.
struct Story: Sendable, CustomTestStringConvertible {
    var name: String
    /// Where it was reported.
    var source = ""
    var days: Int
    /// Whether the owner may be refused for what others do: never.
    var isFree = true
    var build: @Sendable (inout LockoutSimulation) -> Void

    var testDescription: String { self.name }

    func run(_ policy: LockoutPolicy = LockoutPolicy()) -> LockoutSimulation.Report {
        var simulation = LockoutSimulation(
            policy: policy,
            secrets: Dictionary(
                uniqueKeysWithValues: (0..<40).map { ("user\($0)@example.org", "right \($0)") } + [(owner, "right")]
            ),
            start: noon
        )
        self.build(&simulation)
        return simulation.run(for: .seconds(86_400 * self.days))
    }

    func row(_ report: LockoutSimulation.Report) -> String {
        let hundredths = Int((report.availability * 10_000).rounded())
        let percent = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) %"
        let name = self.source.isEmpty ? self.name : "\(self.name) (\(self.source))"
        return "| \(name) | \(self.days) | \(report.attempts) | \(percent) | \(report.guessesPerDay) | \(report.bans) |"
    }
}

private typealias Actor = LockoutSimulation.Actor

private func botAddress(_ number: Int) -> IPAddress {
    // Spread over all of IPv4, always the same: a multiplicative hash, away from the documentation networks used by people.
    let bits = UInt32(truncatingIfNeeded: number + 1) &* 2_654_435_761
    return IPAddress(v4: bits & 0x3FFF_FFFF | 0x0B00_0000)
}

extension Actor {
    fileprivate static func home(
        _ client: String = "laptop",
        account: String = owner,
        secret: String = "right",
        from text: String = "192.0.2.10",
        mechanism: MechanismName = .plain,
        start: Duration = .zero,
        every interval: Duration = .seconds(600)
    ) -> Actor {
        Actor(
            "\(client) of \(account)",
            .owner,
            account: account,
            address: { _ in ip(text) },
            client: { _ in client },
            mechanism: mechanism,
            secret: { _ in secret },
            start: start,
            interval: interval
        )
    }

    fileprivate static func stale(
        _ client: String = "phone",
        account: String = owner,
        from text: String = "192.0.2.10",
        mechanism: MechanismName = .plain,
        every interval: Duration = .seconds(300)
    ) -> Actor {
        Actor(
            "old password of \(account)",
            .device,
            account: account,
            address: { _ in ip(text) },
            client: { _ in client },
            mechanism: mechanism,
            secret: { _ in "old password" },
            start: .seconds(3600),
            interval: interval
        )
    }

    fileprivate static func guesser(
        from text: String = "198.51.100.66",
        client: String = "bot",
        account: String = owner,
        mechanism: MechanismName = .plain,
        every interval: Duration
    ) -> Actor {
        Actor(
            "guesser",
            .guesser,
            account: account,
            address: { _ in ip(text) },
            client: { _ in client },
            mechanism: mechanism,
            secret: { "guess \($0)" },
            start: .seconds(1800),
            interval: interval
        )
    }
}

let stories: [Story] = [
    Story(name: "a single guesser, one guess every 5 s", days: 3) { simulation in
        simulation.add(.home())
        simulation.add(.guesser(every: .seconds(5)))
    },
    Story(
        name: "the same, and the owner travels: each hour another network where he never was",
        source: "Mailu#2880",
        days: 3
    ) { simulation in
        simulation.add(.guesser(every: .seconds(5)))
        simulation.add(
            Actor(
                "travelling owner",
                .owner,
                account: owner,
                address: { IPAddress(v4: 0x5000_0101 + UInt32($0) << 12) },
                client: { _ in "phone" },
                secret: { _ in "right" },
                start: .seconds(7200),
                interval: .seconds(3600)
            )
        )
    },
    Story(name: "a botnet of 10,000 addresses, each guessing every four hours", days: 1) { simulation in
        simulation.add(.home())
        for number in 0..<10_000 {
            simulation.add(
                Actor(
                    "botnet",
                    .guesser,
                    account: owner,
                    address: { _ in botAddress(number) },
                    client: { _ in "bot" },
                    secret: { "guess \(number) \($0)" },
                    start: .milliseconds(1440 * number + 600_000),
                    interval: .seconds(14_400)
                )
            )
        }
    },
    Story(name: "the same botnet, the owner abroad with a token (OAUTHBEARER)", days: 1) { simulation in
        simulation.add(.home("phone", from: "203.0.113.200", mechanism: .oauthBearer, start: .seconds(40_000)))
        for number in 0..<2000 {
            simulation.add(
                Actor(
                    "botnet",
                    .guesser,
                    account: owner,
                    address: { _ in botAddress(number) },
                    client: { _ in "bot" },
                    secret: { "guess \(number) \($0)" },
                    start: .milliseconds(3600 * number),
                    interval: .seconds(7200)
                )
            )
        }
    },
    Story(name: "a guesser behind the owner's own line, every 5 s", days: 2) { simulation in
        simulation.add(.home())
        simulation.add(.guesser(from: "192.0.2.10", every: .seconds(5)))
    },
    Story(name: "the same over SCRAM, and the botnet beside it", days: 1) { simulation in
        simulation.add(.home(mechanism: .scramSHA256))
        simulation.add(.guesser(from: "192.0.2.10", mechanism: .scramSHA256, every: .seconds(5)))
        for number in 0..<1000 {
            simulation.add(
                Actor(
                    "botnet",
                    .guesser,
                    account: owner,
                    address: { _ in botAddress(number) },
                    client: { _ in "laptop" },
                    mechanism: .scramSHA256,
                    secret: { "guess \(number) \($0)" },
                    start: .milliseconds(7200 * number),
                    interval: .seconds(7200)
                )
            )
        }
    },
    Story(name: "a phone with the old password every 5 minutes, PLAIN", days: 7) { simulation in
        simulation.add(.home())
        simulation.add(.stale())
    },
    Story(name: "a phone with the old password every 5 minutes, SCRAM", days: 7) { simulation in
        simulation.add(.home(mechanism: .scramSHA256))
        simulation.add(.stale(mechanism: .scramSHA256))
    },
    Story(name: "a client that tries each wrong password by five mechanisms", source: "swaks, Tcl", days: 3) {
        simulation in
        simulation.add(.home())
        for mechanism in [.scramSHA256, .scramSHA1, .cramMD5, .plain, .login] as [MechanismName] {
            simulation.add(.stale(mechanism: mechanism, every: .seconds(600)))
        }
    },
    Story(name: "a script on the server itself with a wrong password every 7 s", source: "stalwart#661", days: 1) {
        simulation in
        simulation.add(.home("webmail", from: "127.0.0.1"))
        simulation.add(.home("webmail", account: "user1@example.org", secret: "right 1", from: "127.0.0.1"))
        simulation.add(.stale("script", account: "user2@example.org", from: "127.0.0.1", every: .seconds(7)))
    },
    Story(
        name: "all clients and a sprayer behind one proxy that hides their addresses",
        source: "stalwart#2121, #2919",
        days: 1
    ) { simulation in
        for number in 0..<20 {
            simulation.add(
                .home(
                    "c\(number)",
                    account: "user\(number)@example.org",
                    secret: "right \(number)",
                    from: "203.0.113.1"
                )
            )
        }
        simulation.add(
            Actor(
                "sprayer",
                .guesser,
                account: "user30@example.org",
                address: { _ in ip("203.0.113.1") },
                client: { _ in "bot" },
                secret: { "guess \($0)" },
                start: .seconds(3600),
                interval: .seconds(10)
            )
        )
        for number in 0..<40 {
            simulation.add(
                .guesser(from: "203.0.113.1", account: "nobody\(number)@example.org", every: .seconds(600))
            )
        }
    },
    Story(
        name: "an owner without a single failure while hosts of one country guess",
        source: "docker-mailserver#501",
        days: 2
    ) { simulation in
        simulation.add(.home(from: "192.0.2.10", every: .seconds(60)))
        for number in 0..<30 {
            simulation.add(.guesser(from: "198.51.\(number).9", every: .seconds(120)))
        }
    },
    Story(name: "an office of 30 behind one line, two changed their passwords", source: "fail2ban#779", days: 2) {
        simulation in
        for number in 0..<30 {
            simulation.add(
                .home(
                    "pc\(number)",
                    account: "user\(number)@example.org",
                    secret: "right \(number)",
                    from: "203.0.113.77",
                    start: .seconds(number)
                )
            )
        }
        for number in 0..<2 {
            simulation.add(
                .stale("phone", account: "user\(number)@example.org", from: "203.0.113.77", every: .seconds(60))
            )
        }
    },
    Story(
        name: "failures counted by name, and the next address that comes is the owner's",
        days: 1
    ) { simulation in
        simulation.add(.home(start: .zero, every: .seconds(1800)))
        for number in 0..<200 { simulation.add(.guesser(from: "198.51.\(number).1", every: .seconds(900))) }
    },
    Story(name: "an owner who logs in and out three times a minute", source: "webadmin#74", days: 1) { simulation in
        simulation.add(.home(every: .seconds(20)))
    },
    Story(name: "the store is down for an hour while a phone retries each second", source: "ihasmail#239", days: 1) {
        simulation in
        simulation.add(
            Actor(
                "phone",
                .device,
                account: owner,
                address: { _ in ip("203.0.113.55") },
                client: { _ in "phone" },
                secret: { _ in "right" },
                interval: .seconds(1),
                end: .seconds(3600),
                fate: .backendDown
            )
        )
        simulation.add(.home("phone", from: "203.0.113.55", start: .seconds(3605)))
    },
    Story(
        name: "a phone that polls every 5 minutes, three tries each, from 12 mobile networks",
        source: "mailstrom#175",
        days: 3
    ) { simulation in
        simulation.add(.home())
        for retry in 0..<3 {
            simulation.add(
                Actor(
                    "phone",
                    .device,
                    account: owner,
                    address: { IPAddress(v4: 0x6440_0001 + UInt32($0 / 24 % 12) << 8) },
                    client: { _ in "phone" },
                    secret: { _ in "old password" },
                    start: .seconds(600 + retry),
                    interval: .seconds(300)
                )
            )
        }
    },
]

@Suite("Lockout: the simulator's stories")
struct LockoutSimulationTests {
    @Test("the owner is never refused, and guesses stay below the configured number", arguments: stories)
    func story(_ story: Story) {
        let report = story.run()
        print(story.row(report))
        #expect(report.ownerAttempts > 20)
        #expect(report.ownerRefusals == 0)
        #expect(report.guessesPerDay <= LockoutPolicy().guessesPerDay)
        #expect(report.breakIns == 0)
    }

    @Test(
        "a policy that is five times as strict holds its own number",
        arguments: [stories[0], stories[1], stories[4], stories[5]]
    )
    func strict(_ story: Story) {
        let report = story.run(LockoutPolicy(attempts: 5, guessesPerDay: 40))
        #expect(report.ownerRefusals == 0)
        #expect(report.guessesPerDay <= 40)
    }

    /// Not a promise but the limit of what can be promised: whoever sits in the owner's network and names himself as the owner's client.
    @Test("a guesser in the owner's network under the name of the owner's own client stays below the number too")
    func impostor() {
        let story = Story(name: "impostor", days: 2) { simulation in
            simulation.add(.home())
            simulation.add(.guesser(from: "192.0.2.10", client: "laptop", every: .seconds(5)))
            simulation.add(.guesser(from: "192.0.2.10", client: "bot", every: .seconds(5)))
            simulation.add(.home("phone", from: "203.0.113.9"))
        }
        let report = story.run()
        print(story.row(report))
        #expect(report.guessesPerDay <= LockoutPolicy().guessesPerDay)
        #expect(report.refusals["phone of \(owner)"]?.refused == 0, "elsewhere nothing is felt")
    }
}

@Suite("Lockout: random traces")
struct LockoutPropertyTests {
    /// Strangers do what they like, from everywhere but the owner's network; the owner logs in between.
    @Test(
        "strangers never lock the owner out of his network, nor guess more than is allowed",
        arguments: 0..<60 as Range<UInt64>
    )
    func strangers(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let policy = LockoutPolicy(
            attempts: Int.random(in: 1...12, using: &random),
            window: .seconds(Int.random(in: 10...7200, using: &random)),
            duration: .seconds(Int.random(in: 1...3600, using: &random)),
            guessesPerDay: Int.random(in: 12...150, using: &random),
            accounts: Int.random(in: 1...12, using: &random),
            failuresPerMinute: Int.random(in: 1...60, using: &random)
        )
        var lockout = Lockout.test(policy)
        let homes = ["192.0.2.10", "2001:db8:1:2::7", "127.0.0.1"]
        let mine = attempt(from: homes[Int(seed % 3)], client: "laptop")
        var time = noon
        #expect(lockout.logIn(mine) == true)
        let mechanisms: [MechanismName] = [.plain, .login, .scramSHA256, .cramMD5, .external, .oauthBearer]
        let reasons: [AuthenticationReason] = [
            .wrongPassword, .wrongPassword, .wrongPassword, .malformed, .cancelled, .backendDown, .oldPassword,
        ]
        var counted: [(Timestamp, UInt16?)] = []
        for step in 0..<800 {
            time = time + .milliseconds(Int.random(in: 0...60_000, using: &random))
            var bot = attempt(
                Int.random(in: 0..<4, using: &random) == 0 ? "user\(step % 30)@example.org" : owner,
                from: "10.\(Int.random(in: 0..<3, using: &random)).\(Int.random(in: 0..<60, using: &random)).5",
                client: Bool.random(using: &random) ? "laptop" : "bot",
                mechanism: mechanisms[Int.random(in: 0..<mechanisms.count, using: &random)],
                at: time
            )
            if bot.mechanism == .plain || bot.mechanism == .login {
                bot.secretTag = UInt16.random(in: 0..<2000, using: &random)
            }
            let reason = reasons[Int.random(in: 0..<reasons.count, using: &random)]
            let wasOpen = !lockout.isLocked(bot, now: time)
            if lockout.guess(bot, reason), wasOpen, bot.account == owner, bot.mechanism.isGuessable,
                reason == .wrongPassword
            {
                counted.append((time, bot.secretTag))
            }
            if step % 7 == 0 {
                var login = mine
                login.time = time
                #expect(lockout.admission(of: login, now: time) == .admitted)
                #expect(lockout.logIn(login) == true)
            }
        }
        let tagged = Set(counted.compactMap(\.1)).count
        let tagless = counted.count { $0.1 == nil }
        // 800 steps are less than a day.
        #expect(tagged + tagless <= policy.guessesPerDay)
        #expect(lockout.size < 4000)
    }

    @Test(
        "no trace, however odd its times and names, traps or keeps a lock longer than a day",
        arguments: 0..<40 as Range<UInt64>
    )
    func oddities(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var lockout = Lockout.test(LockoutPolicy(attempts: 2, guessesPerDay: 5, accounts: 2, failuresPerMinute: 2))
        let moments = [Int64.min, -1, 0, noon.milliseconds, noon.milliseconds + 1, .max]
        for _ in 0..<400 {
            let base = moments[Int.random(in: 0..<moments.count, using: &random)]
            let time = Timestamp(milliseconds: base &+ Int64.random(in: -100...100, using: &random))
            let entry = attempt(
                Bool.random(using: &random)
                    ? nil : String(repeating: "é", count: Int.random(in: 0..<2000, using: &random)),
                from: Bool.random(using: &random) ? nil : "2001:db8::\(Int.random(in: 1..<9, using: &random))",
                client: String(repeating: "\0", count: Int.random(in: 0..<300, using: &random)),
                tag: Bool.random(using: &random) ? nil : 1,
                at: time
            )
            let reason = AuthenticationReason.allCases.randomElement(using: &random) ?? .malformed
            _ = lockout.admission(of: entry, now: time)
            _ = lockout.ended(entry, Bool.random(using: &random) ? .succeeded : .refused(reason), now: time)
            if let address = entry.address { _ = lockout.turnsAway(address, now: time) }
            _ = lockout.locks(now: time)
        }
        for lock in lockout.locks(now: noon) where lock.since <= noon {
            #expect(lock.until <= noon + .seconds(2 * 86_400))
        }
    }
}
