import GatepostModel
import MailSyntax
import SASL
import Testing

@Suite("Lockout: who is refused, and who is not")
struct LockoutTests {
    @Test("the last of ten different wrong secrets from one network locks it, for right secrets too, for 15 minutes")
    func attempts() {
        var lockout = Lockout.test()
        for tag in 0..<10 as Range<UInt16> {
            #expect(lockout.admission(of: attempt(), now: noon) != .refused(until: noon, because: .tooManyFailures))
            lockout.guess(attempt(tag: tag))
        }
        let until = noon + .seconds(900)
        let scope = LockScope.network(account: owner, IPNetwork("198.51.100.0/24"))
        #expect(lockout.admission(of: attempt(), now: noon) == .refused(until: until, because: .locked(scope)))
        #expect(lockout.logIn(attempt(from: "198.51.100.200", at: noon + .seconds(899))) == false)
        #expect(lockout.logIn(attempt(from: "203.0.113.9", at: noon + .seconds(899))) == true, "another network")
        #expect(lockout.logIn(attempt("other@example.org", at: noon + .seconds(899))) == true, "another account")
        #expect(lockout.logIn(attempt(at: until)) == true)
    }

    @Test("a wrong secret that comes again counts once, from whichever network of strangers")
    func repeats() {
        var lockout = Lockout.test()
        for minute in 0..<2000 {
            let time = noon + .seconds(60 * minute)
            #expect(lockout.guess(attempt(from: "198.51.\(minute % 50).7", tag: 77, at: time)) == true)
        }
        #expect(lockout.locks(now: noon + .seconds(120_000)).isEmpty)
    }

    @Test("mechanisms that bring no secret count each failure", arguments: [MechanismName.scramSHA256, .cramMD5])
    func tagless(_ mechanism: MechanismName) {
        var lockout = Lockout.test()
        var admitted = 0
        for _ in 0..<20 where lockout.guess(attempt(mechanism: mechanism)) { admitted += 1 }
        #expect(admitted == 10)
    }

    @Test("IPv6 counts by /64, IPv4 by /24")
    func networks() {
        var lockout = Lockout.test()
        for tag in 0..<10 as Range<UInt16> { lockout.guess(attempt(from: "2001:db8:1:2::\(tag + 1)", tag: tag)) }
        #expect(lockout.logIn(attempt(from: "2001:db8:1:2:ffff::9")) == false)
        #expect(lockout.logIn(attempt(from: "2001:db8:1:3::9")) == true)
        for tag in 0..<10 as Range<UInt16> { lockout.guess(attempt(from: "192.0.2.\(tag)", tag: tag + 100)) }
        #expect(lockout.logIn(attempt(from: "::ffff:192.0.2.99")) == false, "mapped IPv4 is IPv4")
        #expect(lockout.logIn(attempt(from: "192.0.3.99")) == true)
    }

    @Test("locks grow: 15, 30, 60 minutes … a day; after the first, one more wrong secret is enough")
    func growth() {
        var lockout = Lockout.test(LockoutPolicy(guessesPerDay: 1000))
        var time = noon
        var lengths: [Int64] = []
        for tag in 0..<18 as Range<UInt16> {
            lockout.guess(attempt(tag: tag, at: time))
            if case .refused(let until, _) = lockout.admission(of: attempt(), now: time) {
                lengths.append((until - time).components.seconds / 60)
                time = until
            }
        }
        #expect(lengths == [15, 30, 60, 120, 240, 480, 960, 1440, 1440])
    }

    @Test("all strangers together have a budget a day, however many networks they come from")
    func together() {
        var lockout = Lockout.test()
        var admitted = 0
        for number in 0..<3000 {
            let time = noon + .seconds(20 * number)
            let bot = attempt(from: "10.\(number / 250).\(number % 250).1", tag: UInt16(number), at: time)
            if lockout.guess(bot) { admitted += 1 }
        }
        #expect(admitted == 100)
        let later = noon + .seconds(60_000)
        #expect(lockout.locks(now: later).first?.scope == .account(owner))
        #expect(lockout.logIn(attempt(from: "203.0.113.9", at: later)) == false, "a place where he never was")
        #expect(lockout.logIn(attempt(from: "203.0.113.9", at: noon + .seconds(100 * 3600))) == true)
    }

    @Test("where the account logged in before, strangers' guesses are not felt")
    func knownNetwork() {
        var lockout = Lockout.test()
        lockout.logIn(attempt(from: "192.0.2.1", client: "laptop"))
        for number in 0..<3000 {
            lockout.guess(attempt(from: "10.\(number / 250).\(number % 250).1", tag: UInt16(number)))
        }
        #expect(lockout.admission(of: attempt(from: "192.0.2.1", client: "laptop"), now: noon) == .admitted)
        #expect(lockout.logIn(attempt(from: "192.0.2.77", client: "new phone")) == true, "the same network")
    }

    @Test("behind the owner's own line a guesser spends the newcomers' budget, not the laptop's")
    func ownLine() {
        var lockout = Lockout.test()
        lockout.logIn(attempt(from: "192.0.2.1", client: "laptop"))
        var admitted = 0
        for tag in 0..<500 as Range<UInt16> where lockout.guess(attempt(from: "192.0.2.1", client: "bot", tag: tag)) {
            admitted += 1
        }
        #expect(admitted == 10)
        #expect(lockout.logIn(attempt(from: "192.0.2.1", client: "bot")) == false)
        #expect(lockout.logIn(attempt(from: "192.0.2.1", client: "laptop")) == true)
        let scope = LockScope.network(account: owner, IPNetwork("192.0.2.0/24"))
        #expect(lockout.locks(now: noon).map(\.scope) == [scope])
    }

    @Test(
        "a client that logged in before has its own budget, and success gives back what mistyping cost but not the day's count"
    )
    func ownClient() {
        var lockout = Lockout.test()
        var time = noon
        var admitted = 0
        for tag in 0..<200 as Range<UInt16> {
            lockout.logIn(attempt(from: "192.0.2.1", client: "laptop", at: time))
            if lockout.guess(attempt(from: "192.0.2.1", client: "laptop", tag: tag, at: time)) { admitted += 1 }
            time = time + .seconds(60)
        }
        #expect(admitted == 50, "a quarter of a day's guesses, though each success forgave the window")
    }

    @Test("nine mistyped secrets and a right one, day after day, never lock")
    func mistyping() {
        var lockout = Lockout.test()
        lockout.logIn(attempt(from: "192.0.2.1", client: "laptop"))
        for day in 0..<30 {
            let time = noon + .seconds(86_400 * (day + 1))
            for tag in 0..<9 as Range<UInt16> {
                #expect(lockout.guess(attempt(from: "192.0.2.1", client: "laptop", tag: tag, at: time)) == true)
            }
            #expect(lockout.logIn(attempt(from: "192.0.2.1", client: "laptop", at: time + .seconds(60))) == true)
        }
    }

    @Test(
        "what proves nothing is no guess, however often it comes",
        arguments: [
            .malformed, .cancelled, .backendDown, .tlsRequired, .oldPassword, .needsAppPassword, .passwordChange,
            .expired,
            .notAuthorized, .mechanismRefused, .disabled, .channelBinding, .tooMany,
        ] as [AuthenticationReason]
    )
    func noGuess(_ reason: AuthenticationReason) {
        var lockout = Lockout.test(
            LockoutPolicy(unbannable: LockoutPolicy.loopback + [ip("198.51.100.7").network()])
        )
        for tag in 0..<500 as Range<UInt16> { lockout.guess(attempt(tag: tag), reason) }
        #expect(lockout.logIn(attempt()) == true)
        #expect(lockout.locks(now: noon).isEmpty)
    }

    @Test("they have a rate by address all the same, from which accounts that logged in there are free")
    func failureRate() {
        var lockout = Lockout.test()
        lockout.logIn(attempt("known@example.org"))
        var admitted = 0
        for _ in 0..<100 where lockout.guess(attempt(nil), .malformed) { admitted += 1 }
        #expect(admitted == 30)
        let now = noon + .seconds(1)
        #expect(
            lockout.admission(of: attempt(), now: now) == .refused(until: noon + .seconds(2), because: .tooManyFailures)
        )
        #expect(lockout.admission(of: attempt("known@example.org"), now: now) == .admitted)
        #expect(lockout.turnsAway(ip("198.51.100.7"), now: now) == nil, "somebody lives there")
        #expect(lockout.admission(of: attempt(), now: noon + .seconds(2)) == .admitted)
        #expect(lockout.admission(of: attempt(from: "198.51.100.8"), now: now) == .admitted, "another address")
    }

    @Test(
        "tokens, certificates and tickets cannot be guessed: no lock is for them",
        arguments: ["EXTERNAL", "OAUTHBEARER", "XOAUTH2", "GSSAPI"]
    )
    func unguessable(_ name: String) throws {
        let mechanism = try #require(MechanismName(name))
        var lockout = Lockout.test()
        for number in 0..<1000 { lockout.guess(attempt(from: "10.9.\(number % 250).1", tag: UInt16(number))) }
        let login = attempt(from: "203.0.113.9", mechanism: mechanism)
        #expect(lockout.admission(of: login, now: noon) == .admitted)
        #expect(lockout.ended(login, .succeeded, now: noon).result == .succeeded)
    }

    @Test("a generated secret is let through a lock of the account, and not through a ban")
    func generated() {
        var lockout = Lockout.test()
        for number in 0..<1000 { lockout.guess(attempt(from: "10.9.\(number % 250).1", tag: UInt16(number))) }
        let login = attempt(from: "203.0.113.9")
        guard case .refused(_, let reason) = lockout.admission(of: login, now: noon) else {
            Issue.record("not locked")
            return
        }
        #expect(reason.spares)
        #expect(lockout.ended(login, .succeeded, isGuessable: false, now: noon).result == .succeeded)
        #expect(!LockReason.locked(.address(ip("203.0.113.9").network())).spares)
    }

    @Test("of many attempts let in at once, those that end after the budget is spent are refused, right or wrong")
    func concurrent() {
        var lockout = Lockout.test()
        let attempts = (0..<50 as Range<UInt16>).map {
            attempt(mechanism: .scramSHA256, tag: nil, at: noon + .milliseconds(Int($0)))
        }
        for entry in attempts {
            guard case .refused = lockout.admission(of: entry, now: noon) else { continue }
            Issue.record("refused too early")
        }
        for entry in attempts.prefix(49) { _ = lockout.ended(entry, .refused(.wrongPassword), now: noon) }
        #expect(lockout.ended(attempts[49], .succeeded, now: noon).result == .refused(.locked))
    }

    @Test("the answer to a failure waits longer and longer: for known and unknown accounts the same")
    func delays() {
        var known = Lockout.test()
        var unknown = Lockout.test()
        var waits: [Duration] = []
        for tag in 0..<9 as Range<UInt16> {
            let first = known.ended(attempt(tag: tag), .refused(.wrongPassword), now: noon).delay
            let second = unknown.ended(attempt(tag: tag), .refused(.unknownAccount), now: noon).delay
            #expect(first == second)
            waits.append(first)
        }
        #expect(waits == [0, 0, 0, 1, 2, 4, 8, 8, 8].map { .seconds($0) })
        #expect(known.admission(of: attempt(), now: noon) == .delayed(.seconds(8)))
        #expect(known.admission(of: attempt(), now: noon + .seconds(3600)) == .admitted)
    }
}
