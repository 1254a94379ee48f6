import DNS
import MailSyntax
import MessageAuthentication
import Testing

/// A zone with a count of the questions it was asked.
actor CountingResolver: Resolver {
    private let zone: Zone
    private(set) var questions: [String] = []

    init(_ zone: Zone) { self.zone = zone }

    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        self.questions.append("\(type) \(name.lowercased)")
        return try await self.zone.records(type, at: name)
    }
}

/// Says the same whatever it is asked: a zone made to cost us the most.
struct HostileResolver: Resolver {
    var text: String
    var exchanges = 100
    var addresses = 50

    func records(_ type: RecordType, at name: DNSName) async throws(DNSError) -> Answer<Record> {
        let records: [Record] =
            switch type {
            case .txt: [.txt(TXTRecord(strings: [Array(self.text.utf8)]))]
            case .mx:
                (0..<self.exchanges).map { .mx(MXRecord(preference: UInt16($0), exchange: "mx\($0).example.org")) }
            case .ptr: (0..<self.exchanges).compactMap { DNSName("p\($0).example.org").map { .ptr($0) } }
            case .a: (0..<self.addresses).compactMap { DNSAddress("203.0.113.\($0)").map { .a($0) } }
            default: []
            }
        return Answer(records: records, canonicalName: name.description)
    }
}

@Suite("SPF check, RFC 7208 §4")
struct SPFCheckTests {
    static let zone = """
        $ORIGIN example.org.
        @        TXT "v=spf1 include:_spf.example.net a:nothing.example.org -all exp=why.example.org"
        why      TXT "%{i} is not ours, %{s}; ask %{r} at %{t}"
        soft     TXT "v=spf1 ~all"
        open     TXT "v=spf1 redirect=_spf.example.net"
        rude     TXT "v=spf1 -all exp=rude-why.example.org"
        rude-why TXT "hello %{h}"
        slow     TXT "v=spf1 a:flaky.example.org -all"
        flaky    FAIL
        down     FAIL
        signed   BOGUS
        to-open  TXT "v=spf1 redirect=silent.example.org"
        silent   TXT "v=spf1 ip4:192.0.2.0/24"
        local    TXT "v=spf1 exists:%{l}.users.example.org -all"
        utf8     TXT "v=spf1 include:%{l}.example.org +all"
        gone     TXT "v=spf1 include:nowhere.example.org -all"
        loop     TXT "v=spf1 redirect=loop.example.org"
        twice    TXT "v=spf1 -all"
        twice    TXT "v=spf1 +all"
        void     TXT "v=spf1 a:n1.example.org a:n2.example.org a:n3.example.org +all"
        pointer  TXT "v=spf1 ptr:hosts.example.org -all"
        a.hosts  A   192.0.2.9
        v6       TXT "v=spf1 a//64 mx -all"
        v6       AAAA 2001:db8:0:1::1
        v6       MX  10 mx6
        mx6      AAAA 2001:db8:2::1
        $ORIGIN example.net.
        _spf     TXT "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/32 ?all"
        9.2.0.192.in-addr.arpa. PTR a.hosts.example.org.
        """

    static func check(
        _ mailFrom: String,
        from address: String,
        helo: String = "client.example.com",
        resolver: (any Resolver)? = nil
    ) async throws -> SPF.Verdict {
        let request = SPF.Request.mailFrom(
            try ReversePath(parsing: mailFrom),
            helo: helo,
            clientAddress: try #require(IPAddress(address)),
            receiver: "mx.example.com",
            secondsSince1970: 1_700_000_000
        )
        let zone = try Zone(parsing: Self.zone)
        return await SPF.check(request, resolver: resolver ?? zone, clock: StoppedClock())
    }

    @Test("a verdict says which term of whose record matched, and what it cost")
    func path() async throws {
        let verdict = try await Self.check("a@example.org", from: "192.0.2.7")
        #expect(verdict.result == .pass)
        #expect(
            verdict.path.map(\.description) == [
                "include:_spf.example.net of example.org", "ip4:192.0.2.0/28 of _spf.example.net",
            ]
        )
        #expect(verdict.decidingDomain == "_spf.example.net")
        #expect((verdict.lookups, verdict.voidLookups, verdict.queries) == (1, 0, 2))
        #expect(verdict.authenticatedDomain == "example.org")
        #expect(
            verdict.description
                == "pass: 192.0.2.7 matches include:_spf.example.net of example.org, ip4:192.0.2.0/28 of _spf.example.net"
        )
    }

    @Test("a fail carries the domain's explanation, with its macros expanded")
    func explanation() async throws {
        let verdict = try await Self.check("a@example.org", from: "203.0.113.1")
        #expect(verdict.result == .fail)
        #expect(verdict.explanation == "203.0.113.1 is not ours, a@example.org; ask mx.example.com at 1700000000")
        #expect(verdict.voidLookups == 1)
        #expect(verdict.authenticatedDomain == nil)
        // A HELO name with a line end in it must not reach a reply.
        let rude = try await Self.check("a@rude.example.org", from: "203.0.113.1", helo: "x\r\n250 ok")
        #expect(rude.result == .fail && rude.explanation == nil)
        #expect(rude.receivedSPF?.bodyOctets.contains { $0 == ASCII.cr || $0 == ASCII.lf } == true)
        #expect(rude.receivedSPF?.value.utf8.contains { ASCII.isControl($0) } == false)
    }

    @Test(
        "each answer with its reason",
        arguments: [
            ("soft", "softfail", "softfail: 203.0.113.1 matches ~all of soft.example.org"),
            (
                "open", "neutral",
                "neutral: 203.0.113.1 matches redirect=_spf.example.net of open.example.org, ?all of _spf.example.net"
            ),
            (
                "to-open", "neutral",
                "neutral: no term matches 203.0.113.1, by redirect=silent.example.org of to-open.example.org"
            ),
            ("silent", "neutral", "neutral: no term of silent.example.org matches 203.0.113.1"),
            ("nix", "none", "none: nix.example.org does not exist"),
            ("why", "none", "none: why.example.org has no SPF record"),
            ("down", "temperror", "temperror: TXT of down.example.org: no answer: server failure"),
            (
                "signed", "temperror",
                "temperror: TXT of signed.example.org: the answer fails DNSSEC validation: signature missing"
            ),
            (
                "slow", "temperror",
                "temperror: A of flaky.example.org: no answer: server failure (at a:flaky.example.org of slow.example.org)"
            ),
            (
                "gone", "permerror",
                "permerror: nowhere.example.org has no SPF record to take over (at include:nowhere.example.org of gone.example.org)"
            ),
            ("twice", "permerror", "permerror: twice.example.org has several SPF records"),
            (
                "void", "permerror",
                "permerror: too many DNS look-ups find nothing (at a:n3.example.org of void.example.org)"
            ),
        ]
    )
    func reasons(_ name: String, _ result: String, _ text: String) async throws {
        let verdict = try await Self.check("a@\(name).example.org", from: "203.0.113.1")
        #expect(verdict.result.rawValue == result)
        #expect(verdict.description == text)
        #expect((verdict.problem == nil) == ["softfail", "neutral"].contains(result))
    }

    @Test("the HELO identity, and postmaster at it for the null reverse-path")
    func helo() async throws {
        let address = try #require(IPAddress("192.0.2.7"))
        let zone = try Zone(parsing: Self.zone)
        let helo = await SPF.check(
            .helo("example.org", clientAddress: address),
            resolver: zone,
            clock: StoppedClock()
        )
        #expect(helo.result == .pass && helo.authenticatedDomain == nil)
        #expect(helo.authenticationResult.property(.smtp, "helo") == "example.org")
        let null = try await Self.check("", from: "192.0.2.7", helo: "example.org")
        #expect(null.result == .pass && null.authenticatedDomain == "example.org")
        #expect(null.request.sender == "postmaster@example.org")
    }

    @Test("IPv6 and IPv4 inside it")
    func addresses() async throws {
        #expect(try await Self.check("a@v6.example.org", from: "2001:db8:0:1:ffff::7").result == .pass)
        #expect(try await Self.check("a@v6.example.org", from: "2001:db8:2::1").result == .pass)
        #expect(try await Self.check("a@v6.example.org", from: "2001:db8:3::1").result == .fail)
        #expect(try await Self.check("a@example.org", from: "::ffff:192.0.2.7").result == .pass)
        #expect(try await Self.check("a@pointer.example.org", from: "192.0.2.9").result == .pass)
    }

    @Test("a local part beyond ASCII never matches a term that has it in a macro, RFC 8616 §4")
    func internationalized() async throws {
        #expect(try await Self.check("\u{E9}@local.example.org", from: "192.0.2.7").result == .fail)
        #expect(try await Self.check("\u{E9}@utf8.example.org", from: "192.0.2.7").decidingTerm == "+all")
    }

    @Test("a domain in U-labels is looked for in A-labels, or judged none")
    func labels() async throws {
        let zone = try Zone(parsing: "xn--bcher-kva.example. TXT \"v=spf1 +all\"")
        let path = try ReversePath(parsing: "a@b\u{FC}cher.example")
        let address = try #require(IPAddress("192.0.2.7"))
        let without = SPF.Request.mailFrom(path, helo: "x.example", clientAddress: address)
        let refused = await SPF.check(without, resolver: zone, clock: StoppedClock())
        #expect(refused.result == .none && refused.problem == .malformedDomain && refused.queries == 0)
        let with = SPF.Request.mailFrom(path, helo: "x.example", clientAddress: address) { _ in "xn--bcher-kva.example"
        }
        let verdict = await SPF.check(with, resolver: zone, clock: StoppedClock())
        #expect(verdict.authenticatedDomain == "xn--bcher-kva.example")
    }

    @Test("the macros of RFC 7208 §7.4")
    func macros() async throws {
        for (macro, expansion) in [
            ("%{s}", "strong-bad@email.example.com"), ("%{o}", "email.example.com"), ("%{d}", "email.example.com"),
            ("%{d4}", "email.example.com"), ("%{d3}", "email.example.com"), ("%{d2}", "example.com"), ("%{d1}", "com"),
            ("%{dr}", "com.example.email"), ("%{d2r}", "example.email"), ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr}", "strong-bad"), ("%{lr-}", "bad.strong"), ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
            ("%{S}%%%_%-", "strong-bad%40email.example.com% %20"),
        ] {
            let zone = try Zone(
                parsing: """
                    email.example.com. TXT "v=spf1 -all exp=why.example.com"
                    why.example.com. TXT "\(macro)"
                    """
            )
            let verdict = try await Self.check("strong-bad@email.example.com", from: "192.0.2.3", resolver: zone)
            #expect(verdict.explanation == expansion)
        }
    }

    @Test("a zone made to cost the most is given up after ten look-ups")
    func hostile() async throws {
        for text in ["v=spf1 include:%{d}", "v=spf1 redirect=a.%{d}", "v=spf1 ?include:x.%{d} ?include:y.%{d} -all"] {
            let verdict = try await Self.check(
                "a@example.org",
                from: "192.0.2.7",
                resolver: HostileResolver(text: text)
            )
            #expect(verdict.result == .permerror && verdict.problem == .tooManyLookups)
            #expect(verdict.lookups == 10 && verdict.queries <= 11)
        }
        let terms = String(repeating: " mx ptr:example.com", count: 5)
        let fewer = HostileResolver(text: "v=spf1\(terms) -all", exchanges: 10)
        let verdict = try await Self.check("a@example.org", from: "192.0.2.7", resolver: fewer)
        #expect(verdict.result == .fail && verdict.lookups == 10)
        // Each mx with ten exchanges, the client's names once, and the record itself.
        #expect(verdict.queries == 1 + 5 * 11 + 11)
        let more = HostileResolver(text: "v=spf1 mx -all")
        #expect(
            try await Self.check("a@example.org", from: "192.0.2.7", resolver: more).problem
                == .tooManyMailExchanges("example.org")
        )
        let long = HostileResolver(text: "v=spf1 " + String(repeating: "a ", count: 5000))
        #expect(
            try await Self.check("a@example.org", from: "192.0.2.7", resolver: long).problem
                == .recordTooLong("example.org")
        )
    }

    @Test("the time limit makes it a temporary error")
    func time() async throws {
        var limits = SPF.Limits()
        limits.time = .zero
        let request = SPF.Request.mailFrom(
            try ReversePath(parsing: "a@example.org"),
            helo: "x.example.com",
            clientAddress: try #require(IPAddress("192.0.2.7"))
        )
        let zone = try Zone(parsing: Self.zone)
        let verdict = await SPF.check(request, resolver: zone, clock: StoppedClock(), limits: limits)
        #expect(verdict.result == .temperror)
    }

    @Test("Received-SPF, RFC 7208 §9.1")
    func received() async throws {
        let verdict = try await Self.check("\"a b\"@example.org", from: "2001:db8::7")
        #expect(
            verdict.receivedSPF?.value == """
                pass (mx.example.com: 2001:db8::7 matches include:_spf.example.net of example.org, \
                ip6:2001:db8::/32 of _spf.example.net) client-ip="2001:db8::7"; \
                envelope-from="\\"a b\\"@example.org"; helo=client.example.com; identity=mailfrom; \
                receiver=mx.example.com; mechanism="ip6:2001:db8::/32"
                """
        )
        #expect(
            verdict.authenticationResult.properties == [.init(.smtp, "mailfrom", "\"a b\"@example.org")]
        )
    }
}
