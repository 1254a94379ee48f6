import GatepostModel
import GatepostTesting
import MailSyntax
import Testing

@Suite("Where mail for a recipient goes")
struct RecipientRulesTests {
    private let store = MemoryStore()
    private var rules = RecipientRules(hostname: "mail.example.org")

    init() async throws {
        _ = try await self.store.addDomain("example.org")
        _ = try await self.store.addDomain("xn--bcher-kva.example")
        for (name, isSandbox) in [("alice", false), ("bob", false), ("box", true)] {
            _ = try await self.store.add(
                NewAccount(
                    address: "\(name)@example.org",
                    credential: NewCredential(argon2id: "x", scram: []),
                    isSandbox: isSandbox
                )
            )
        }
        _ = try await self.store.setEnabled(false, of: "bob@example.org")
    }

    private func alias(_ address: String, _ targets: String...) async throws {
        let alias = Alias(
            address: try #require(Alias.canonical(address)),
            targets: try targets.map { try Mailbox(parsing: $0) }
        )
        _ = try await self.store.setAlias(alias)
    }

    /// Accounts by their path, `box:` before those of sandboxes, `>` before addresses elsewhere.
    private func places(_ address: String) async throws -> [String]? {
        let path: ForwardPath = address == "postmaster" ? .postmaster : .mailbox(try Mailbox(parsing: address))
        switch try await self.rules.resolve(path, in: self.store) {
        case .unknown: return []
        case .foreign: return nil
        case .places(let places):
            return places.map { place in
                switch place {
                case .account(_, false, let path): "\(path)"
                case .account(_, true, let path): "box:\(path)"
                case .elsewhere(let target, _): ">\(target)"
                case .postmaster(let path): "nobody:\(path)"
                case .reports(let path): "reports:\(path)"
                }
            }
        }
    }

    @Test(
        "accounts of local domains, whatever their case, enabled or not",
        arguments: ["alice@example.org", "ALICE@EXAMPLE.ORG", "bob@example.org", "\"alice\"@example.org"]
    )
    func accounts(_ address: String) async throws {
        #expect(try await self.places(address) == [try Mailbox(parsing: address).description])
    }

    @Test("a sandbox account's inbox is its place")
    func sandbox() async throws {
        #expect(try await self.places("box@example.org") == ["box:box@example.org"])
    }

    @Test("the tag stays for the store of mailboxes, and an address with one that has its own alias is that alias")
    func tags() async throws {
        #expect(try await self.places("alice+news@example.org") == ["alice+news@example.org"])
        #expect(try await self.places("alice+a+b@example.org") == ["alice+a+b@example.org"])
        #expect(try await self.places("+alice@example.org") == [])
        #expect(try await self.places("alicex+news@example.org") == [])
        try await self.alias("alice+work@example.org", "alice@elsewhere.example")
        #expect(try await self.places("alice+work@example.org") == [">alice@elsewhere.example"])
    }

    @Test("without a separator there are no tags, and it may be another one")
    func separators() async throws {
        var rules = self.rules
        let path = ForwardPath.mailbox(try Mailbox(parsing: "alice+news@example.org"))
        rules.separator = ""
        #expect(try await rules.resolve(path, in: self.store) == .unknown)
        rules.separator = "--"
        #expect(try await rules.resolve(path, in: self.store) == .unknown)
        let dashed = ForwardPath.mailbox(try Mailbox(parsing: "alice--news@example.org"))
        guard case .places = try await rules.resolve(dashed, in: self.store) else {
            Issue.record("alice--news is unknown")
            return
        }
    }

    @Test(
        "no open relay: what is before the last @ leads nowhere",
        arguments: [
            "victim@other.example", "victim%other.example@example.org", "other.example!victim@example.org",
            "\"victim@other.example\"@example.org", "victim@[192.0.2.1]", "victim@[IPv6:2001:db8::1]",
            "victim@sub.example.org", "victim@org", "alice@example.org.evil.example", "victim@mail.example.org",
        ]
    )
    func relaying(_ address: String) async throws {
        let places = try await self.places(address)
        #expect(places == nil || places == [], "\(address) → \(places ?? [])")
    }

    @Test("an alias goes to several places, here and elsewhere, each once")
    func aliases() async throws {
        try await self.alias("team@example.org", "alice@example.org", "x@elsewhere.example", "box@example.org")
        try await self.alias("all@example.org", "team@example.org", "alice@example.org", "bob@example.org")
        #expect(
            try await self.places("all@example.org") == [
                "alice@example.org", ">x@elsewhere.example", "box:box@example.org", "bob@example.org",
            ]
        )
    }

    @Test("an alias among its own targets is the account of that name: a copy stays")
    func copy() async throws {
        try await self.alias("alice@example.org", "alice@example.org", "alice@elsewhere.example")
        #expect(try await self.places("alice@example.org") == ["alice@example.org", ">alice@elsewhere.example"])
        #expect(try await self.places("alice+t@example.org") == ["alice@example.org", ">alice@elsewhere.example"])
    }

    @Test("a catch-all takes what the domain does not have, and nothing else")
    func catchAll() async throws {
        try await self.alias("@example.org", "alice@example.org")
        #expect(try await self.places("whoever@example.org") == ["alice@example.org"])
        #expect(try await self.places("bob@example.org") == ["bob@example.org"])
        #expect(try await self.places("whoever@other.example") == nil)
        // The address inside goes nowhere even here.
        #expect(try await self.places("victim%other.example@example.org") == ["alice@example.org"])
    }

    @Test("an alias that is met twice is followed once, and is not the catch-all's")
    func metTwice() async throws {
        try await self.alias("@example.org", "bob@example.org")
        try await self.alias("d@example.org", "alice@example.org")
        try await self.alias("b@example.org", "d@example.org")
        try await self.alias("a@example.org", "b@example.org", "d@example.org")
        #expect(try await self.places("a@example.org") == ["alice@example.org"])
    }

    @Test("aliases that go round are followed once, however they came to be")
    func loops() async throws {
        try await self.alias("a@example.org", "b@example.org")
        try await self.alias("b@example.org", "a@example.org")
        try await self.alias("@example.org", "nobody@example.org")
        #expect(try await self.places("a@example.org") == [])
        #expect(try await self.places("whoever@example.org") == [])
        var last = "alice@example.org"
        for number in 0..<30 {
            try await self.alias("chain\(number)@example.org", last)
            last = "chain\(number)@example.org"
        }
        #expect(try await self.places("chain9@example.org") == ["alice@example.org"])
        #expect(try await self.places(last) == [])
    }

    @Test(
        "the postmaster is always there",
        arguments: ["postmaster", "postmaster@example.org", "PostMaster@example.org", "postmaster@mail.example.org"]
    )
    func postmaster(_ address: String) async throws {
        #expect(try await self.places(address)?.first?.hasPrefix("nobody:") == true)
        var rules = self.rules
        rules.postmaster = try Mailbox(parsing: "alice@example.org")
        let path: ForwardPath = address == "postmaster" ? .postmaster : .mailbox(try Mailbox(parsing: address))
        guard case .places(let places) = try await rules.resolve(path, in: self.store) else {
            Issue.record("\(address) is unknown")
            return
        }
        #expect(
            places == [
                .account("alice@example.org", isSandbox: false, path: try Mailbox(parsing: "alice@example.org"))
            ]
        )
        rules.postmaster = try Mailbox(parsing: "admin@elsewhere.example")
        guard case .places(let elsewhere) = try await rules.resolve(path, in: self.store),
            case .elsewhere(let target, let alias) = elsewhere.first
        else {
            Issue.record("\(address) is unknown")
            return
        }
        #expect(target.description == "admin@elsewhere.example")
        #expect(alias.domain == .name("example.org") || alias.domain == .name("mail.example.org"))
    }

    @Test("a postmaster of another domain is not ours")
    func foreignPostmaster() async throws {
        #expect(try await self.places("postmaster@other.example") == nil)
    }

    @Test("a domain in U-labels is the one in A-labels")
    func internationalized() async throws {
        var rules = self.rules
        rules.alabels = { $0 == "bücher.example" ? "xn--bcher-kva.example" : nil }
        _ = try await self.store.add(
            NewAccount(
                address: "alice@xn--bcher-kva.example",
                credential: NewCredential(argon2id: "x", scram: [])
            )
        )
        let path = ForwardPath.mailbox(try Mailbox(parsing: "alice@bücher.example"))
        guard case .places = try await rules.resolve(path, in: self.store) else {
            Issue.record("unknown")
            return
        }
        let foreign = ForwardPath.mailbox(try Mailbox(parsing: "alice@straße.example"))
        #expect(try await rules.resolve(foreign, in: self.store) == .foreign)
    }

    @Test("trouble of the store is thrown, never an answer")
    func trouble() async throws {
        await self.store.failLooks(with: StoreError(.unavailable, "test"))
        await #expect(throws: StoreError.self) { try await self.places("alice@example.org") }
    }

    // MARK: Adding

    private func fault(_ address: String, _ targets: String...) async throws -> AliasFault? {
        let alias = Alias(
            address: try #require(Alias.canonical(address)),
            targets: try targets.map { try Mailbox(parsing: $0) }
        )
        return try await self.rules.fault(of: alias, in: self.store)
    }

    @Test("a loop is found when the alias that closes it is added")
    func closingLoop() async throws {
        #expect(try await self.fault("a@example.org", "a@example.org") == .unknownTarget("a@example.org"))
        #expect(try await self.fault("alice@example.org", "alice@example.org") == nil)
        try await self.alias("b@example.org", "alice@example.org", "c@example.org")
        try await self.alias("c@example.org", "d@example.org")
        #expect(
            try await self.fault("d@example.org", "x@elsewhere.example", "b@example.org")
                == .loop(["d@example.org", "b@example.org", "c@example.org", "d@example.org"])
        )
        #expect(
            try await self.fault("@example.org", "nobody@example.org") == .loop(["@example.org", "@example.org"])
        )
        try await self.alias("e@example.org", "whoever@example.org")
        #expect(
            try await self.fault("@example.org", "e@example.org")
                == .loop(["@example.org", "e@example.org", "@example.org"])
        )
        #expect(try await self.fault("@example.org", "alice@example.org") == nil)
    }

    @Test("what nobody has, what is not ours, and too much are refused")
    func faults() async throws {
        #expect(try await self.fault("info@example.org", "nobody@example.org") == .unknownTarget("nobody@example.org"))
        #expect(try await self.fault("info@other.example", "alice@example.org") == .domainNotLocal("other.example"))
        #expect(try await self.fault("@other.example", "alice@example.org") == .domainNotLocal("other.example"))
        #expect(try await self.fault("info@example.org") == .noTargets)
        let many = Alias(
            address: "info@example.org",
            targets: try (0..<201).map { try Mailbox(parsing: "r\($0)@elsewhere.example") }
        )
        #expect(try await self.rules.fault(of: many, in: self.store) == .tooManyTargets)
        var last = "alice@example.org"
        for number in 0..<10 {
            try await self.alias("chain\(number)@example.org", last)
            last = "chain\(number)@example.org"
        }
        #expect(try await self.fault("long@example.org", last) == .tooDeep)
    }

    @Test(
        "addresses of aliases",
        arguments: [
            ("Info@Example.ORG", "info@example.org"), ("@Example.org", "@example.org"),
            ("*@example.org", "@example.org"), ("info", nil), ("@", nil), ("*", nil), ("info@[192.0.2.1]", nil),
            ("a@b@example.org", nil), ("@[192.0.2.1]", nil),
        ]
    )
    func addresses(_ text: String, _ canonical: String?) {
        #expect(Alias.canonical(text) == canonical)
    }
}
