import GatepostModel
import Testing

@Suite("Password policy")
struct PasswordPolicyTests {
    @Test(
        "what guessers try first is weak, and says why",
        arguments: [
            ("password", PasswordStrength.Weakness.commonWord), ("Password1", .commonWord), ("p@ssw0rd", .commonWord),
            ("drowssap", .commonWord), ("qwertyuiop", .keyboard), ("letmein2024", .commonWord),
            ("gatepost!", .commonWord),
            ("aaaaaaaaaaaa", .repetition), ("xyxyxyxyxyxyxy", .repetition), ("abcdefghijkl", .sequence),
            ("987654321", .commonWord), ("asdfghjkl", .keyboard), ("lkjhgfdsa", .keyboard), ("zaq12wsx", .sequence),
            ("alice1987", .ownName), ("Alice-Example", .ownName), ("examplepost", .ownName),
            ("summer2026!", .commonWord),
            ("correct horse", .commonWord),
        ]
    )
    func weak(_ password: String, _ cause: PasswordStrength.Weakness) {
        let strength = PasswordStrength.estimate(password, context: ["alice@examplepost.org", "alice", "example"])
        #expect(strength.bits < 30, "\(strength.bits)")
        if password != "zaq12wsx" { #expect(strength.weaknesses.contains(cause), "\(strength.weaknesses)") }
    }

    @Test(
        "what cannot be guessed is strong enough",
        arguments: [
            "correct horse battery staple", "k7mqp-x3vda-9wnbc-f4hjt", "Tr0ub4dor&3xkcd", "mV9#qLz2!r",
            "пароль-который-длинный",
            "kobaltwindjammerfrost",
        ]
    )
    func strong(_ password: String) {
        #expect(PasswordStrength.estimate(password, context: ["alice@example.org"]).bits >= 30)
    }

    @Test("any text has an estimate in bounded time")
    func monotonous() {
        let text = "qwerty1987alice\u{0}\u{FFFD}é\u{1F4A9}aaaaaaaaaaaPASSWORDabcabcabc"
        for count in 0...text.unicodeScalars.count {
            let prefix = String(String.UnicodeScalarView(text.unicodeScalars.prefix(count)))
            let bits = PasswordStrength.estimate(prefix, context: ["alice"]).bits
            #expect(bits >= 0)
        }
        #expect(PasswordStrength.estimate("").bits == 0)
        #expect(PasswordStrength.estimate(String(repeating: "x", count: 100_000)).bits < 30)
    }

    @Test("every rule that is broken is told")
    func faults() {
        let policy = PasswordPolicy(minimumLength: 10, minimumStrength: 30, refusesReuse: true)
        let faults = policy.faults(of: "secret", context: [], isBreached: true, isReused: true)
        #expect(faults.count == 4)
        #expect(faults.first == .tooShort(minimum: 10))
        #expect(faults.allSatisfy { !$0.description.contains("secret") })
        #expect(policy.faults(of: "k7mqp-x3vda-9wnbc", context: []) == [])
        #expect(PasswordPolicy(minimumStrength: 0).faults(of: "password", context: []) == [])
        #expect(PasswordPolicy().faults(of: "k7mqp-x3vda-9wnbc", context: [], isReused: true) == [])
        #expect(
            PasswordPolicy(minimumLength: 4, minimumStrength: 0).faults(of: "\u{1F468}\u{200D}\u{1F469}é", context: [])
                == []
        )
    }
}

@Suite("The set of breached passwords")
struct BreachedPasswordSetTests {
    private func encode(_ heads: [UInt64], bits: Int) throws -> [UInt8] {
        var encoder = try #require(BreachedPasswordSet.Encoder(count: UInt64(heads.count), bits: bits))
        var index: [UInt8] = []
        var data: [UInt8] = []
        for head in heads.sorted() {
            if let entry = encoder.append(head) { index += entry }
            data += encoder.takeData()
        }
        let (rest, header) = encoder.finish()
        #expect(encoder.dataOffset == UInt64(header.count + index.count))
        return header + index + data + rest
    }

    private func contains(_ head: UInt64, _ file: [UInt8]) throws -> Bool {
        let set = try BreachedPasswordSet(header: Array(file.prefix(BreachedPasswordSet.headerOctets)))
        return try set.contains(head) { offset, count in
            guard offset < UInt64(file.count) else { return [] }
            return Array(file[Int(offset)..<min(file.count, Int(offset) + count)])
        }
    }

    private func heads(_ count: Int, seed: UInt64) -> [UInt64] {
        (0..<count).map { BreachedPasswordSet.head(of: "\(seed) \($0)".utf8) }
    }

    @Test("every hash is found, others as seldom as promised", arguments: [0, 1, 2, 255, 256, 257, 512, 5000])
    func roundTrip(_ count: Int) throws {
        let heads = self.heads(count, seed: 1)
        let file = try self.encode(heads, bits: 8)
        for head in heads { #expect(try self.contains(head, file)) }
        let misses = try self.heads(5000, seed: 2).filter { try self.contains($0, file) }.count
        // One in 256 of 5,000 are 20; 60 are nine standard deviations off.
        #expect(misses <= (count == 0 ? 0 : 60))
    }

    @Test("a hash takes little more than its bits", arguments: [6, 14, 20])
    func size(_ bits: Int) throws {
        let file = try self.encode(self.heads(20_000, seed: 3), bits: bits)
        let perHash = Double(file.count * 8) / 20_000
        #expect(perHash < Double(bits) + 2.2)
        let set = try BreachedPasswordSet(header: Array(file.prefix(32)))
        #expect(set.fileOctets == UInt64(file.count))
    }

    @Test("the same hash twice, the smallest and the largest")
    func extremes() throws {
        let file = try self.encode([0, 0, 1, .max, .max], bits: 14)
        for head in [0, 1, .max] as [UInt64] { #expect(try self.contains(head, file)) }
        #expect(try !self.contains(.max / 2, file))
    }

    @Test("SHA-1 of a password")
    func head() {
        #expect(BreachedPasswordSet.head(of: "password".utf8) == 0x5BAA_61E4_C9B9_3F3F)
    }

    @Test("a damaged file is said to be so, and traps nothing")
    func damage() throws {
        let heads = self.heads(1000, seed: 4)
        let file = try self.encode(heads, bits: 10)
        #expect(throws: BreachedPasswordSet.Damaged.self) { try self.contains(heads[0], Array(file.prefix(10))) }
        #expect(throws: BreachedPasswordSet.Damaged.self) { try self.contains(heads[0], [1] + file.dropFirst()) }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var damaged = file
            for _ in 0..<3 {
                damaged[Int.random(in: 8..<damaged.count, using: &generator)] = UInt8.random(
                    in: 0...255,
                    using: &generator
                )
            }
            if Bool.random(using: &generator) {
                damaged.removeLast(Int.random(in: 0..<damaged.count, using: &generator))
            }
            do {
                _ = try self.contains(heads.randomElement() ?? 0, damaged)
            } catch is BreachedPasswordSet.Damaged {
                continue
            }
        }
    }
}
