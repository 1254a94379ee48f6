/// The keys of one domain, and the rules by which they take turns.
///
/// A new key is published first and signs only once DNS is seen to hold its record; until then the key before it signs. That one is kept
/// until no mail is under way that it signed.
package struct DKIMKeySet: Hashable, Sendable {
    /// Why a key cannot change.
    package enum Refusal: Error, Hashable, Sendable {
        /// The domain has a key of this selector, perhaps one of the past.
        case selectorTaken(String)
        case unknownSelector(String)
        /// It is retired, and its private half is gone.
        case retired(String)
        /// It signs, and no other key of the domain does.
        case onlyOne(String)
        /// It signs; another must take over first.
        case signs(String)
        /// Mail that it signed may be under way.
        case mailUnderWay(String, until: Timestamp)
    }

    package let domain: String
    /// In order of age.
    package private(set) var keys: [DKIMKey]

    package init(domain: String, keys: [DKIMKey]) {
        self.domain = domain
        self.keys = keys.sorted { ($0.created, $0.selector) < ($1.created, $1.selector) }
    }

    package subscript(selector: String) -> DKIMKey? { self.keys.first { $0.selector == selector } }

    /// Those that sign, one of each algorithm, RSA first.
    package var signing: [DKIMKey] {
        DKIMKey.Algorithm.allCases.compactMap { algorithm in
            self.keys.last { $0.state == .active && $0.algorithm == algorithm }
        }
    }

    /// Those that wait for DNS.
    package var pending: [DKIMKey] { self.keys.filter { $0.state == .pending } }
    /// Those whose record must be in DNS.
    package var published: [DKIMKey] { self.keys.filter { $0.state != .retired } }

    /// The algorithms of the keys that sign or are to sign, RSA first.
    package var algorithms: [DKIMKey.Algorithm] {
        DKIMKey.Algorithm.allCases.filter { algorithm in
            self.keys.contains { ($0.state == .active || $0.state == .pending) && $0.algorithm == algorithm }
        }
    }

    /// A selector that no key of the domain ever had: `gp2026a`, then `gp2026b`, …, `gp2026aa`.
    package func freeSelector(now: Timestamp) -> String {
        let year = now.description.prefix(4)
        var number = 0
        while true {
            let selector = "gp\(year)\(Self.letters(number))"
            if self[selector] == nil { return selector }
            number += 1
        }
    }

    /// `a` … `z`, `aa`, `ab`, …
    private static func letters(_ number: Int) -> String {
        var text: [UInt8] = []
        var rest = number
        repeat {
            text.insert(UInt8(ascii: "a") + UInt8(rest % 26), at: 0)
            rest = rest / 26 - 1
        } while rest >= 0
        return String(decoding: text, as: UTF8.self)
    }

    /// Adds a key that waits for DNS.
    package mutating func add(_ key: DKIMKey) throws(Refusal) {
        guard self[key.selector] == nil else { throw .selectorTaken(key.selector) }
        self = DKIMKeySet(domain: self.domain, keys: self.keys + [key])
    }

    /// DNS holds the record of a key: one that waited for it signs from now on.
    ///
    /// - Returns: Whether it begins to sign.
    package mutating func saw(_ selector: String, at now: Timestamp) -> Bool {
        guard let index = self.index(selector) else { return false }
        if self.keys[index].seen == nil { self.keys[index].seen = now }
        guard self.keys[index].state == .pending else { return false }
        self.activate(index, at: now)
        return true
    }

    /// Lets a key sign, whatever DNS says. One that retires may come back.
    package mutating func activate(_ selector: String, at now: Timestamp) throws(Refusal) {
        guard let index = self.index(selector) else { throw .unknownSelector(selector) }
        switch self.keys[index].state {
        case .active: return
        case .retired: throw .retired(selector)
        case .pending, .retiring: self.activate(index, at: now)
        }
    }

    private mutating func activate(_ index: Int, at now: Timestamp) {
        let algorithm = self.keys[index].algorithm
        for other in self.keys.indices where self.keys[other].state == .active {
            guard self.keys[other].algorithm == algorithm else { continue }
            self.keys[other].state = .retiring
            self.keys[other].replaced = now
        }
        self.keys[index].state = .active
        self.keys[index].activated = now
        self.keys[index].replaced = nil
    }

    /// Ends a key, when its record may go; with `force` also while mail is under way. A key that signs stops doing so first.
    ///
    /// - Parameter oldestQueued: When the oldest message of the queue came.
    package mutating func retire(
        _ selector: String,
        oldestQueued: Timestamp?,
        force: Bool,
        at now: Timestamp
    ) throws(Refusal) {
        guard let index = self.index(selector) else { throw .unknownSelector(selector) }
        let key = self.keys[index]
        switch key.state {
        case .retired: return
        case .active:
            guard force else {
                throw self.keys.contains { $0.state == .active && $0.selector != selector }
                    ? .signs(selector) : .onlyOne(selector)
            }
            // What it signed a moment ago is under way: its record has to stay for now.
            self.keys[index].state = .retiring
            self.keys[index].replaced = now
        case .retiring:
            guard force || key.isMailGone(oldestQueued: oldestQueued, now: now) else {
                throw .mailUnderWay(selector, until: key.neededUntil ?? now)
            }
            self.end(index, at: now)
        // It never signed.
        case .pending: self.end(index, at: now)
        }
    }

    private mutating func end(_ index: Int, at now: Timestamp) {
        self.keys[index].state = .retired
        self.keys[index].retired = now
        self.keys[index].sealedKey = nil
    }

    private func index(_ selector: String) -> Int? { self.keys.firstIndex { $0.selector == selector } }
}
