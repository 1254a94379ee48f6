import GatepostModel
import MailSyntax
import SASL
import SMTP
import Testing

@Suite("Secrets that the server makes")
struct AppSecretTests {
    private static let random = (0..<40).map { UInt8($0 * 37 & 0xFF) }

    @Test("an app password has 125 bits in five groups without look-alikes")
    func form() {
        let password = AppSecret.password(random: Self.random)
        let groups = password.split(separator: "-")
        #expect(groups.map(\.count) == [5, 5, 5, 5, 5])
        let all = Set((0..<32).map { AppSecret.password(random: [UInt8]($0..<($0 + 32))) }.joined())
        #expect(all.count == 33, "32 letters and the hyphen: five bits each")
        #expect(all.isDisjoint(with: Set("lo01")))
        // Each random octet moves one letter, and only its low five bits count.
        for index in 0..<25 {
            var other = Self.random
            other[index] ^= 1
            #expect(zip(AppSecret.password(random: other), password).filter { $0 != $1 }.count == 1)
        }
    }

    @Test("it may be typed in any case, with hyphens and spaces anywhere or nowhere")
    func spellings() throws {
        let password = AppSecret.password(random: Self.random)
        let digest = try #require(AppSecret.passwordDigest(password.utf8))
        #expect(digest.count == 32)
        let compact = password.filter { $0 != "-" }
        for typed in [
            compact, compact.uppercased(), password.uppercased(), " \(password) ",
            password.replacing("-", with: " "), compact.map { "\($0)" }.joined(separator: "-"),
        ] {
            #expect(AppSecret.passwordDigest(typed.utf8) == digest, "\(typed)")
        }
        #expect(AppSecret.spellings(of: password) == [password, compact, password.replacing("-", with: " ")])
    }

    @Test(
        "what has not its form has no digest",
        arguments: [
            "", "-----", "k7mqp-x3vda-9wnbc-f4hjt", "k7mqp-x3vda-9wnbc-f4hjt-ys2uea", "k7mqp-x3vda-9wnbc-f4hjt-ys2u0",
            "pässword",
        ]
    )
    func others(_ typed: String) {
        #expect(AppSecret.passwordDigest(typed.utf8) == nil)
    }

    @Test("a token is taken as it is, and no secret has the digest of another kind")
    func tokens() throws {
        let token = AppSecret.token(random: Self.random)
        #expect(token.hasPrefix("gp_"))
        let digest = try #require(AppSecret.tokenDigest(Array(token.utf8)))
        #expect(AppSecret.tokenDigest(Array(token.uppercased().utf8)) == nil)
        #expect(AppSecret.tokenDigest(Array((token + "a").utf8)) == nil)
        #expect(AppSecret.tokenDigest(Array(token.dropFirst(3).utf8)) == nil)
        let code = AppSecret.recoveryCode(random: Self.random)
        #expect(code.split(separator: "-").map(\.count) == [4, 4, 4, 4])
        #expect(AppSecret.recoveryDigest(code.uppercased().utf8) == AppSecret.recoveryDigest(code.utf8))
        #expect(AppSecret.recoveryDigest(code.utf8) != digest)
        #expect(AppSecret.recoveryDigest("abcd".utf8) == nil)
    }
}

@Suite("Whether a right credential lets in")
struct CredentialCheckTests {
    static let now = Timestamp(secondsSince1970: 1_800_000_000)

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var kind: CredentialKind = .password
        var isAccountEnabled = true
        var isEnabled = true
        var hasSecondFactor = false
        var mustChange = false
        var expires: Int64?
        var networks: [String] = []
        var address: String? = "192.0.2.7"
        var use: CredentialCheck.Use = .mail
        var age: Int64?
        var maximumAge: Duration?
        var expected: CredentialCheck.Verdict
    }

    static let cases: [Case] = [
        Case(testDescription: "main password", expected: .allowed),
        Case(testDescription: "app password", kind: .appPassword, expected: .allowed),
        Case(testDescription: "account disabled", isAccountEnabled: false, expected: .refused(.disabled)),
        Case(
            testDescription: "credential disabled",
            kind: .appPassword,
            isEnabled: false,
            expected: .refused(.disabled)
        ),
        Case(testDescription: "expires this moment", kind: .appPassword, expires: 0, expected: .refused(.expired)),
        Case(testDescription: "expired", kind: .appPassword, expires: -1, expected: .refused(.expired)),
        Case(testDescription: "expires in a second", kind: .appPassword, expires: 1, expected: .allowed),
        Case(
            testDescription: "from its network",
            kind: .appPassword,
            networks: ["10.0.0.0/8", "192.0.2.0/24"],
            expected: .allowed
        ),
        Case(
            testDescription: "from another network",
            kind: .appPassword,
            networks: ["10.0.0.0/8"],
            expected: .refused(.addressRefused)
        ),
        Case(
            testDescription: "mapped address of its network",
            kind: .appPassword,
            networks: ["192.0.2.0/24"],
            address: "::ffff:192.0.2.9",
            expected: .allowed
        ),
        Case(
            testDescription: "from IPv6 with an IPv4 network",
            networks: ["0.0.0.0/0"],
            address: "2001:db8::1",
            expected: .refused(.addressRefused)
        ),
        Case(testDescription: "local socket, no network asked for", address: nil, expected: .allowed),
        Case(
            testDescription: "local socket, network asked for",
            networks: ["0.0.0.0/0", "::/0"],
            address: nil,
            expected: .refused(.addressRefused)
        ),
        Case(
            testDescription: "main password with a second factor",
            hasSecondFactor: true,
            expected: .refused(.needsAppPassword)
        ),
        Case(
            testDescription: "app password with a second factor",
            kind: .appPassword,
            hasSecondFactor: true,
            expected: .allowed
        ),
        Case(
            testDescription: "main password on the web with a second factor",
            hasSecondFactor: true,
            use: .web,
            expected: .allowed
        ),
        Case(testDescription: "must change", mustChange: true, expected: .refused(.passwordChange)),
        Case(testDescription: "must change, on the web", mustChange: true, use: .web, expected: .allowed),
        Case(
            testDescription: "must change, second factor",
            hasSecondFactor: true,
            mustChange: true,
            expected: .refused(.needsAppPassword)
        ),
        Case(
            testDescription: "must change, but from nowhere",
            mustChange: true,
            networks: ["10.0.0.0/8"],
            expected: .refused(.addressRefused)
        ),
        Case(
            testDescription: "second factor, but disabled",
            isAccountEnabled: false,
            hasSecondFactor: true,
            expected: .refused(.disabled)
        ),
        Case(
            testDescription: "app password on the web",
            kind: .appPassword,
            use: .web,
            expected: .refused(.mechanismRefused)
        ),
        Case(testDescription: "token for mail", kind: .apiToken, expected: .refused(.mechanismRefused)),
        Case(testDescription: "token for the interface", kind: .apiToken, use: .interface, expected: .allowed),
        Case(testDescription: "password for the interface", use: .interface, expected: .refused(.mechanismRefused)),
        Case(testDescription: "old password without a limit", age: 10_000_000, expected: .allowed),
        Case(testDescription: "too old", age: 100, maximumAge: .seconds(100), expected: .refused(.passwordChange)),
        Case(testDescription: "not too old", age: 99, maximumAge: .seconds(100), expected: .allowed),
        Case(testDescription: "age unknown", maximumAge: .seconds(100), expected: .allowed),
        Case(
            testDescription: "old app password",
            kind: .appPassword,
            age: 1000,
            maximumAge: .seconds(100),
            expected: .allowed
        ),
    ]

    @Test("every rule, in its order", arguments: cases)
    func verdict(_ test: Case) throws {
        var account = Account(id: 1, address: "alice@example.org", isEnabled: test.isAccountEnabled)
        account.hasSecondFactor = test.hasSecondFactor
        let credential = Credential(
            id: 1,
            version: 1,
            keys: NewCredential(argon2id: nil, scram: []),
            kind: test.kind,
            created: test.age.map { Self.now - .seconds($0) },
            isEnabled: test.isEnabled,
            mustChange: test.mustChange,
            rules: CredentialRules(
                expires: test.expires.map { Self.now + .seconds($0) },
                networks: try test.networks.map { try #require(IPNetwork($0)) }
            )
        )
        let verdict = CredentialCheck.verdict(
            on: credential,
            of: account,
            for: test.use,
            from: test.address.flatMap { IPAddress($0) },
            now: Self.now,
            maximumAge: test.maximumAge
        )
        #expect(verdict == test.expected)
    }

    @Test("only two reasons are told, and only to whoever holds the secret")
    func told() {
        #expect(AuthenticationReason.allCases.filter(\.isToldToHolder) == [.needsAppPassword, .passwordChange])
    }
}

@Suite("What a credential may send")
struct CredentialRulesTests {
    @Test("its identities narrow the account's, and never widen them")
    func identities() throws {
        var account = Account(
            id: 1,
            address: "alice@example.org",
            identities: [try #require(IdentityPattern("*@example.com"))]
        )
        let rules = CredentialRules(identities: [
            try #require(IdentityPattern("shop@example.com")), try #require(IdentityPattern("bob@example.org")),
        ])
        let limited = account.limited(by: rules)
        #expect(limited.maySend(as: try Mailbox(parsing: "shop+1@example.com")))
        #expect(!limited.maySend(as: try Mailbox(parsing: "other@example.com")), "the account may, the credential not")
        #expect(!limited.maySend(as: try Mailbox(parsing: "alice@example.org")), "the account's own address neither")
        #expect(!limited.maySend(as: try Mailbox(parsing: "bob@example.org")), "the credential may, the account not")
        account = account.limited(by: CredentialRules())
        #expect(account.maySend(as: try Mailbox(parsing: "other@example.com")))
    }

    @Test("recipient domains")
    func recipients() throws {
        let rules = CredentialRules(recipientDomains: [try Domain(parsing: "example.org")])
        #expect(rules.maySend(to: .mailbox(try Mailbox(parsing: "bob@EXAMPLE.org"))))
        #expect(!rules.maySend(to: .mailbox(try Mailbox(parsing: "bob@sub.example.org"))))
        #expect(!rules.maySend(to: .mailbox(try Mailbox(parsing: "bob@example.net"))))
        #expect(rules.maySend(to: .postmaster))
        #expect(CredentialRules().maySend(to: .mailbox(try Mailbox(parsing: "bob@example.net"))))
    }

    @Test("a name in a reply cannot break its line")
    func replies() {
        let reply = Reply.credentialMayNotSend("pho\r\n250 ne\u{1F4F1}", to: .postmaster)
        #expect(reply.lines.count == 1)
        #expect(reply.lines.first?.utf8.allSatisfy { (0x20...0x7e).contains($0) } == true)
        #expect(reply.code == 550)
    }
}

@Suite("Login names")
struct LoginNameTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var typed: String
        var defaultDomain: String?
        var accounts: Set<String> = ["alice@example.org", "bob@example.org"]
        var granted: [String: [String]] = [
            "sales@example.org": ["alice@example.org"], "info@example.com": ["alice@example.org", "bob@example.org"],
        ]
        var expected: LoginName.Resolution
        var testDescription: String { "\(self.typed), \(self.defaultDomain ?? "no domain")" }
    }

    static let cases: [Case] = [
        Case(typed: "alice@example.org", expected: .account("alice@example.org", .address)),
        Case(typed: "ALICE@Example.ORG", expected: .account("alice@example.org", .address)),
        Case(typed: "alice", defaultDomain: "example.org", expected: .account("alice@example.org", .bareName)),
        Case(typed: "Alice", defaultDomain: "example.org", expected: .account("alice@example.org", .bareName)),
        Case(typed: "alice", expected: .noDomain),
        Case(typed: "alice", defaultDomain: "example.com", expected: .unknown("alice@example.com")),
        Case(typed: "sales@example.org", expected: .account("alice@example.org", .grantedAddress)),
        Case(typed: "sales", defaultDomain: "example.org", expected: .account("alice@example.org", .grantedAddress)),
        Case(typed: "info@example.com", expected: .ambiguous("info@example.com")),
        Case(typed: "nobody@example.org", expected: .unknown("nobody@example.org")),
        Case(
            typed: "*@example.com",
            granted: ["*@example.com": ["alice@example.org"]],
            expected: .unknown("*@example.com")
        ),
        Case(typed: "", defaultDomain: "example.org", expected: .unknown("@example.org")),
        Case(typed: "alice@", defaultDomain: "example.org", expected: .unknown("alice@")),
        Case(typed: "alice@example.org@example.org", expected: .unknown("alice@example.org@example.org")),
        Case(typed: "al\u{0131}ce@example.org", expected: .unknown("al\u{0131}ce@example.org")),
        Case(
            typed: "bob@example.org",
            granted: ["bob@example.org": ["alice@example.org"]],
            expected: .account("bob@example.org", .address)
        ),
    ]

    @Test("each form leads to its account or to none", arguments: cases)
    func resolve(_ test: Case) {
        let name = LoginName(test.typed, defaultDomain: test.defaultDomain)
        let resolution = name.resolve(
            exists: name.address.map { test.accounts.contains($0) } ?? false,
            owners: name.ownerAddress.flatMap { test.granted[$0] } ?? []
        )
        #expect(resolution == test.expected)
    }
}
