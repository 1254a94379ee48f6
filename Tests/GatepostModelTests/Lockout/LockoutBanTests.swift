import GatepostModel
import MailSyntax
import SASL
import Testing

@Suite("Lockout: bans of addresses, lists, lifting, memory")
struct LockoutBanTests {
    /// An address that tries the same secret at one account after another.
    private func spray(
        _ lockout: inout Lockout,
        from text: String = "198.51.100.7",
        accounts: Int = 10,
        at time: Timestamp = noon
    ) {
        for number in 0..<accounts {
            lockout.guess(attempt("user\(number)@example.org", from: text, tag: 1, at: time), .unknownAccount)
        }
    }

    @Test("an address that guesses at ten accounts is banned: at connect, and at each account where it is no friend")
    func ban() {
        var lockout = Lockout.test()
        self.spray(&lockout, accounts: 9)
        #expect(lockout.turnsAway(ip("198.51.100.7"), now: noon) == nil)
        self.spray(&lockout)
        let network = ip("198.51.100.7").network()
        #expect(lockout.turnsAway(ip("198.51.100.7"), now: noon) == .locked(.address(network)))
        #expect(lockout.turnsAway(ip("198.51.100.8"), now: noon) == nil)
        #expect(lockout.logIn(attempt("newcomer@example.org")) == false)
        #expect(lockout.locks(now: noon).first?.accounts == 10)
        #expect(lockout.turnsAway(ip("198.51.100.7"), now: noon + .seconds(900)) == nil)
        self.spray(&lockout, at: noon + .seconds(4000))
        #expect(lockout.locks(now: noon + .seconds(4000)).first?.until == noon + .seconds(4000 + 1800), "twice as long")
    }

    @Test("an IPv6 address is banned with its /64")
    func ban6() {
        var lockout = Lockout.test()
        for number in 0..<10 {
            lockout.guess(attempt("user\(number)@example.org", from: "2001:db8::\(number + 1)", tag: 1))
        }
        #expect(lockout.turnsAway(ip("2001:db8::ffff"), now: noon) != nil)
        #expect(lockout.turnsAway(ip("2001:db8:0:1::1"), now: noon) == nil)
    }

    @Test("accounts that logged in from a banned address go on, and so its connections are accepted")
    func residents() {
        var lockout = Lockout.test()
        lockout.logIn(attempt(client: "laptop"))
        self.spray(&lockout, accounts: 50)
        #expect(lockout.turnsAway(ip("198.51.100.7"), now: noon) == nil)
        #expect(lockout.logIn(attempt(client: "laptop")) == true)
        #expect(lockout.logIn(attempt("newcomer@example.org")) == false)
    }

    @Test("an office where thirty devices hold old passwords is not banned")
    func office() {
        var lockout = Lockout.test()
        for number in 0..<30 { lockout.logIn(attempt("user\(number)@example.org", client: "phone")) }
        for round in 0..<200 {
            let time = noon + .seconds(300 * round)
            for number in 0..<30 {
                #expect(
                    lockout.guess(attempt("user\(number)@example.org", client: "phone", tag: UInt16(number), at: time))
                        == true
                )
            }
        }
        #expect(lockout.locks(now: noon).isEmpty)
    }

    @Test("a login with an own account between the guesses resets nothing")
    func interleaved() {
        var lockout = Lockout.test()
        for number in 0..<20 {
            lockout.logIn(attempt("guesser@example.org"))
            lockout.guess(attempt("user\(number)@example.org", tag: 1))
        }
        #expect(lockout.logIn(attempt("victim@example.org")) == false)
        #expect(lockout.locks(now: noon).contains { $0.scope == .address(ip("198.51.100.7").network()) })
    }

    @Test(
        "loopback, own addresses and proxies are never banned, but an account is locked from them like from elsewhere"
    )
    func unbannable() throws {
        let proxy = try #require(IPNetwork("203.0.113.0/28"))
        for text in ["127.0.0.1", "::1", "203.0.113.5"] {
            var lockout = Lockout.test(LockoutPolicy(unbannable: LockoutPolicy.loopback + [proxy]))
            self.spray(&lockout, from: text, accounts: 200)
            for _ in 0..<200 { lockout.guess(attempt(nil, from: text), .malformed) }
            #expect(lockout.turnsAway(ip(text), now: noon) == nil)
            #expect(lockout.admission(of: attempt(from: text), now: noon) == .admitted)
            for tag in 0..<10 as Range<UInt16> { lockout.guess(attempt(from: text, tag: tag)) }
            #expect(lockout.logIn(attempt(from: text)) == false)
        }
    }

    @Test("allowed networks are free of everything, even where they are locked already")
    func allowed() throws {
        let network = try #require(IPNetwork("198.51.100.0/24"))
        var strict = Lockout.test()
        self.spray(&strict, accounts: 50)
        for tag in 0..<50 as Range<UInt16> { strict.guess(attempt(tag: tag)) }
        #expect(strict.logIn(attempt()) == false)
        var lockout = Lockout.test(LockoutPolicy(allow: [network]))
        self.spray(&lockout, accounts: 50)
        for tag in 0..<500 as Range<UInt16> { #expect(lockout.guess(attempt(tag: tag)) == true) }
        #expect(lockout.logIn(attempt()) == true)
        #expect(lockout.locks(now: noon).isEmpty)
        #expect(lockout.turnsAway(ip("198.51.100.7"), now: noon) == nil)
    }

    @Test("lifting by account and by address undoes what there is and says what it was")
    func lift() throws {
        var lockout = Lockout.test()
        for tag in 0..<10 as Range<UInt16> { lockout.guess(attempt(tag: tag)) }
        self.spray(&lockout, from: "198.51.100.9")
        #expect(lockout.locks(now: noon).count == 2)
        #expect(lockout.lift(account: owner, now: noon).count == 1)
        #expect(lockout.logIn(attempt(from: "198.51.100.7")) == true)
        let lifted = lockout.lift(network: try #require(IPNetwork("198.51.100.9")), now: noon)
        #expect(lifted.map(\.scope) == [.address(ip("198.51.100.9").network())])
        #expect(lockout.locks(now: noon).isEmpty)
        #expect(lockout.lift(account: owner, now: noon).isEmpty)
    }

    @Test("an account that is removed leaves nothing, not even its network's residents")
    func removal() {
        var lockout = Lockout.test()
        lockout.logIn(attempt(client: "laptop"))
        for tag in 0..<20 as Range<UInt16> { lockout.guess(attempt(client: "laptop", tag: tag)) }
        lockout.removed(account: owner)
        #expect(lockout.locks(now: noon).isEmpty)
        self.spray(&lockout)
        #expect(lockout.turnsAway(ip("198.51.100.7"), now: noon) != nil)
    }

    @Test("a network is known for 90 days after its last login, and the sixteen latest are")
    func knowing() {
        var lockout = Lockout.test()
        for number in 0..<20 {
            lockout.logIn(attempt(from: "192.0.\(number).1", at: noon + .seconds(number)))
        }
        #expect(lockout.knownNetworks(of: owner, now: noon).count == 16)
        #expect(!lockout.knownNetworks(of: owner, now: noon).contains(IPNetwork("192.0.3.0/24")))
        #expect(lockout.knownNetworks(of: owner, now: noon).contains(IPNetwork("192.0.4.0/24")))
        #expect(lockout.knownNetworks(of: owner, now: noon + .seconds(91 * 86_400)).isEmpty)
    }

    @Test("a clock that was a day ahead, or is set back a day, leaves no lock behind", arguments: [86_400, -86_400])
    func clock(_ jump: Int) {
        var lockout = Lockout.test()
        let wrong = noon + .seconds(jump)
        for tag in 0..<10 as Range<UInt16> { lockout.guess(attempt(tag: tag, at: wrong)) }
        for number in 0..<300 {
            lockout.guess(attempt(from: "10.1.\(number % 250).1", tag: UInt16(1000 + number), at: wrong))
        }
        self.spray(&lockout, from: "198.51.100.9", at: wrong)
        for _ in 0..<100 { lockout.guess(attempt(nil, from: "198.51.100.10", at: wrong), .malformed) }
        #expect(lockout.logIn(attempt(from: "198.51.100.7", at: wrong)) == false)
        let now = noon + .seconds(jump > 0 ? 0 : 2 * 3600)
        #expect(lockout.turnsAway(ip("198.51.100.9"), now: now) == nil)
        #expect(lockout.turnsAway(ip("198.51.100.10"), now: now) == nil)
        #expect(lockout.logIn(attempt(from: "198.51.100.7", at: now)) == true)
    }

    @Test("millions of names and addresses fill no memory, and push out neither the owner nor his account's count")
    func floods() {
        var lockout = Lockout.test()
        lockout.logIn(attempt(from: "192.0.2.1", client: "laptop"))
        for number in 0..<200 { lockout.guess(attempt(from: "10.1.\(number % 250).1", tag: UInt16(number))) }
        #expect(lockout.logIn(attempt(from: "203.0.113.9")) == false)
        var random = 0 as UInt32
        for number in 0..<150_000 {
            random = random &* 1_664_525 &+ 1_013_904_223
            let bot = LoginAttempt(
                time: noon,
                loginName: "n\(number)",
                account: "n\(number)@example.org",
                mechanism: .plain,
                address: IPAddress(v4: random),
                listener: "submission:587",
                secretTag: UInt16(truncatingIfNeeded: number)
            )
            _ = lockout.ended(bot, .refused(.unknownAccount), now: noon)
        }
        #expect(lockout.size <= 2 * 32_768 + 16_384 + 500)
        #expect(lockout.logIn(attempt(from: "203.0.113.9")) == false, "the account's own count is still there")
        #expect(lockout.logIn(attempt(from: "192.0.2.1", client: "laptop")) == true)
    }

    @Test("rebuilt from the audit trail it is as it was")
    func rebuilding() {
        var history: [Lockout.Happening] = []
        var lockout = Lockout.test()
        func happen(_ attempt: LoginAttempt, _ result: LoginResult) {
            let ending = lockout.ended(attempt, result, now: attempt.time)
            history.append(.login(attempt, ending.result))
        }
        happen(attempt(from: "192.0.2.1", client: "laptop"), .succeeded)
        for number in 0..<300 {
            let time = noon + .seconds(number)
            happen(attempt(from: "10.1.\(number % 250).1", tag: UInt16(number), at: time), .refused(.wrongPassword))
            happen(attempt("u\(number)@example.org", from: "203.0.113.4", tag: 5, at: time), .refused(.unknownAccount))
        }
        let now = noon + .seconds(301)
        let again = Lockout.rebuilt(policy: lockout.policy, key: [UInt8](repeating: 3, count: 16), from: history)
        #expect(!lockout.locks(now: now).isEmpty)
        #expect(again.locks(now: now) == lockout.locks(now: now))
        #expect(again.knownNetworks(of: owner, now: now) == lockout.knownNetworks(of: owner, now: now))
        history.append(.lifted(account: owner, at: now))
        history.append(.liftedNetwork(ip("203.0.113.4").network(), at: now))
        let lifted = Lockout.rebuilt(policy: lockout.policy, key: [UInt8](repeating: 9, count: 16), from: history)
        #expect(lifted.locks(now: now).isEmpty)
    }
}
