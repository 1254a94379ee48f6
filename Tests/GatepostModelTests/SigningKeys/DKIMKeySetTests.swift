import GatepostModel
import Testing

@Suite("Keys of a domain take turns")
struct DKIMKeySetTests {
    private static func key(
        _ selector: String,
        _ algorithm: DKIMKey.Algorithm = .rsa2048,
        at time: Timestamp = noon
    ) -> DKIMKey {
        DKIMKey(
            domain: "example.org",
            selector: selector,
            algorithm: algorithm,
            publicKey: Array(selector.utf8),
            sealedKey: [1],
            created: time
        )
    }

    private static func set(_ keys: DKIMKey...) -> DKIMKeySet { DKIMKeySet(domain: "example.org", keys: keys) }

    @Test("selectors are named by the year and letters, and none is used twice")
    func selectors() throws {
        var set = Self.set()
        var names: [String] = []
        for count in 0..<28 {
            let selector = set.freeSelector(now: noon)
            names.append(selector)
            try set.add(Self.key(selector, at: noon + .seconds(count)))
            if count == 0 { try set.retire(selector, oldestQueued: nil, force: false, at: noon) }
        }
        #expect(names.prefix(3) == ["gp2026a", "gp2026b", "gp2026c"])
        #expect(names.suffix(3) == ["gp2026z", "gp2026aa", "gp2026ab"])
        #expect(throws: DKIMKeySet.Refusal.selectorTaken("gp2026a")) { try set.add(Self.key("gp2026a")) }
    }

    @Test("a key signs once DNS was seen to hold it, and the one before it of its algorithm is kept")
    func turn() throws {
        var set = Self.set(Self.key("a"), Self.key("b", .ed25519))
        #expect(set.signing.isEmpty)
        let saw1 = set.saw("b", at: noon)
        #expect(saw1)
        let saw2 = set.saw("a", at: noon + .seconds(5))
        #expect(saw2)
        #expect(set.signing.map(\.selector) == ["a", "b"], "RSA first")
        let saw3 = set.saw("a", at: noon + .seconds(9))
        #expect(!saw3, "it signs already")
        let saw4 = set.saw("nobody", at: noon)
        #expect(!saw4)
        try set.add(Self.key("c", at: noon + .seconds(10)))
        #expect(set.signing.map(\.selector) == ["a", "b"], "the new one waits")
        let saw5 = set.saw("c", at: noon + .seconds(20))
        #expect(saw5)
        #expect(set.signing.map(\.selector) == ["c", "b"])
        #expect(set["a"]?.state == .retiring)
        #expect(set["a"]?.replaced == noon + .seconds(20))
        #expect(set["c"]?.seen == noon + .seconds(20))
        #expect(set.published.map(\.selector) == ["a", "b", "c"])
        #expect(set.algorithms == [.rsa2048, .ed25519])
    }

    @Test("one may be let sign without DNS, and the one before it may come back")
    func byHand() throws {
        var set = Self.set(Self.key("a"), Self.key("b"))
        try set.activate("a", at: noon)
        try set.activate("b", at: noon + .seconds(1))
        #expect(set.signing.map(\.selector) == ["b"])
        try set.activate("a", at: noon + .seconds(2))
        #expect(set.signing.map(\.selector) == ["a"])
        #expect(set["a"]?.replaced == nil)
        #expect(set["b"]?.state == .retiring)
        try set.activate("a", at: noon + .seconds(3))
        #expect(set["a"]?.activated == noon + .seconds(2), "once is enough")
        #expect(throws: DKIMKeySet.Refusal.unknownSelector("x")) { try set.activate("x", at: noon) }
        try set.retire("b", oldestQueued: nil, force: true, at: noon)
        #expect(throws: DKIMKeySet.Refusal.retired("b")) { try set.activate("b", at: noon) }
    }

    @Test("a key that signs is not ended but by force, and then its record stays")
    func active() throws {
        var set = Self.set(Self.key("a"))
        try set.activate("a", at: noon)
        #expect(throws: DKIMKeySet.Refusal.onlyOne("a")) {
            try set.retire("a", oldestQueued: nil, force: false, at: noon)
        }
        try set.add(Self.key("b", .ed25519))
        try set.activate("b", at: noon)
        #expect(throws: DKIMKeySet.Refusal.signs("a")) {
            try set.retire("a", oldestQueued: nil, force: false, at: noon)
        }
        try set.retire("a", oldestQueued: nil, force: true, at: noon)
        #expect(set["a"]?.state == .retiring)
        #expect(set["a"]?.sealedKey != nil)
    }

    @Test(
        "a record is needed until days have passed and the queue holds nothing of its time",
        arguments: [
            (6, nil, false), (8, nil, true), (8, -1, false), (8, 0, false), (8, 1, true), (6, 1, false),
        ] as [(Int, Int?, Bool)]
    )
    func afterlife(days: Int, oldest: Int?, isGone: Bool) throws {
        var set = Self.set(Self.key("a"), Self.key("b"))
        try set.activate("a", at: noon)
        try set.activate("b", at: noon)
        let now = noon + .seconds(days * 86_400)
        let oldestQueued = oldest.map { noon + .seconds($0) }
        #expect(set["a"]?.isMailGone(oldestQueued: oldestQueued, now: now) == isGone)
        if isGone {
            try set.retire("a", oldestQueued: oldestQueued, force: false, at: now)
        } else {
            #expect(throws: DKIMKeySet.Refusal.mailUnderWay("a", until: noon + .seconds(7 * 86_400))) {
                try set.retire("a", oldestQueued: oldestQueued, force: false, at: now)
            }
            try set.retire("a", oldestQueued: oldestQueued, force: true, at: now)
        }
        #expect(set["a"]?.state == .retired)
        #expect(set["a"]?.sealedKey == nil, "the private half is gone")
        #expect(set["a"]?.retired == now)
        #expect(set.published.map(\.selector) == ["b"])
    }

    @Test(
        "what can be a selector",
        arguments: [
            ("gp2026a", true), ("a.b", true), ("s1_x-y", true), ("", false), (".", false), ("a.", false), ("-a", false),
            ("a b", false), ("ü", false), (String(repeating: "a", count: 64), false),
        ]
    )
    func selector(text: String, isOne: Bool) {
        #expect(DKIMKey.isSelector(text) == isOne)
    }

    @Test("DNS is asked often at first")
    func pauses() {
        #expect(DKIMKeyWatch.pause(age: .seconds(0)) == .seconds(60))
        #expect(DKIMKeyWatch.pause(age: .seconds(3599)) == .seconds(60))
        #expect(DKIMKeyWatch.pause(age: .seconds(3600)) == .seconds(300))
        #expect(DKIMKeyWatch.pause(age: .seconds(86_400 * 30)) == .seconds(1800))
    }
}
