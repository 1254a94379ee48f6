import DNS
import MailSyntax
import MessageAuthentication
import Testing

@Suite("DMARC check, RFC 9989 §4")
struct DMARCCheckTests {
    static let zone = """
        $ORIGIN example.
        _dmarc.plain      TXT "v=DMARC1; p=reject; rua=mailto:r@plain.example"
        _dmarc.sub        TXT "v=DMARC1; p=reject; sp=quarantine; np=none"
        a.sub             A   192.0.2.1
        _dmarc.test       TXT "v=DMARC1; p=reject; sp=quarantine; t=y"
        _dmarc.strict     TXT "v=DMARC1; p=quarantine; adkim=s; aspf=s"
        _dmarc.old        TXT "v=DMARC1;p=reject;pct=20;rf=afrf;ri=86400"
        _dmarc.flaky      FAIL
        _dmarc.bad        TXT "v=DMARC1; p=refuse"
        _dmarc.reports    TXT "v=DMARC1; p=refuse; rua=mailto:r@reports.example"
        _dmarc.badsub     TXT "v=DMARC1; p=reject; sp=perhaps"
        _dmarc.useless    TXT "v=DMARC1; rua=nonsense, mailto:"
        _dmarc.twice      TXT "v=DMARC1; p=reject"
        _dmarc.twice      TXT "v=DMARC1; p=none"
        ; RFC 9989 B.4: an organization within an organization, and a public suffix with a policy
        _dmarc.giant.bank TXT "v=DMARC1; p=none; psd=n"
        _dmarc.gov        TXT "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y"
        dept.gov          A   192.0.2.2
        _dmarc.agency.gov TXT "v=DMARC1; p=quarantine"
        _dmarc.city.agency.gov TXT "v=DMARC1; p=none; psd=n"
        half              A   192.0.2.3
        _dmarc.half       TXT "v=DMARC1; p=reject"
        _dmarc.x.half     FAIL
        """

    static func check(
        _ author: String,
        _ identifiers: [DMARC.Identifier] = [],
        resolver: (any Resolver)? = nil,
        limits: DMARC.Limits = .init()
    ) async throws -> DMARC.Verdict {
        let zone = try Zone(parsing: Self.zone)
        return await DMARC.check(
            .domain(author),
            identifiers: identifiers,
            resolver: resolver ?? zone,
            clock: StoppedClock(),
            limits: limits
        )
    }

    @Test(
        "which record and which tag apply",
        arguments: [
            ("plain.example", "plain.example", "p", "reject"),
            ("PLAIN.example.", "plain.example", "p", "reject"),
            ("a.b.c.plain.example", "plain.example", "p", "reject"),
            ("sub.example", "sub.example", "p", "reject"),
            ("a.sub.example", "sub.example", "sp", "quarantine"),
            ("nowhere.sub.example", "sub.example", "np", "none"),
            ("reports.example", "reports.example", "p", "none"),
            ("old.example", "old.example", "p", "reject"),
            ("x.giant.bank.example", "giant.bank.example", "p", "none"),
            ("dept.gov.example", "gov.example", "sp", "quarantine"),
            ("no.gov.example", "gov.example", "np", "reject"),
            ("www.agency.gov.example", "agency.gov.example", "p", "quarantine"),
            ("www.city.agency.gov.example", "city.agency.gov.example", "p", "none"),
            ("gov.example", "gov.example", "p", "none"),
        ]
    )
    func policy(_ author: String, _ domain: String, _ tag: String, _ policy: String) async throws {
        let verdict = try await Self.check(author)
        #expect(verdict.policyDomain == domain)
        #expect(verdict.policyTag == tag && verdict.policy?.rawValue == policy, "\(verdict)")
        #expect(verdict.result == .fail)
    }

    @Test(
        "no policy, and why",
        arguments: [
            ("nothing.example", "nothing.example has no DMARC record"),
            ("bad.example", "the DMARC record of bad.example has no valid policy"),
            ("badsub.example", "the DMARC record of badsub.example has no valid policy"),
            ("useless.example", "the DMARC record of useless.example has no valid policy"),
            ("twice.example", "twice.example has several DMARC records"),
        ]
    )
    func none(_ author: String, _ problem: String) async throws {
        let verdict = try await Self.check(author, [.init(.dkim, domain: author)])
        #expect(verdict.result == .none && verdict.problem == problem)
        #expect(verdict.policy == nil && verdict.requestedDisposition == .none)
    }

    @Test(
        "alignment with the author a.plain.example",
        arguments: [
            ("a.plain.example", true), ("plain.example", true), ("b.c.plain.example", true), ("A.Plain.Example.", true),
            ("example", false), ("notplain.example", false), ("plain.example.attacker.example", false), ("", false),
            ("a..plain.example", false),
        ]
    )
    func relaxed(_ domain: String, _ isAligned: Bool) async throws {
        let verdict = try await Self.check("a.plain.example", [.init(.dkim, domain: domain)])
        #expect((verdict.result == .pass) == isAligned, "\(verdict)")
        #expect(verdict.alignments.map(\.isAligned) == [isAligned])
    }

    @Test("strict alignment takes the same domain only")
    func strict() async throws {
        for method in [DMARC.Identifier.Method.dkim, .spf] {
            #expect(try await Self.check("strict.example", [.init(method, domain: "STRICT.example")]).result == .pass)
            let below = try await Self.check("strict.example", [.init(method, domain: "a.strict.example")])
            #expect(below.result == .fail && below.requestedDisposition == .quarantine)
        }
    }

    @Test("organizations below a public suffix, and one within another, are strangers")
    func organizations() async throws {
        let suffix = try await Self.check("dept.gov.example", [.init(.dkim, domain: "agency.gov.example")])
        #expect(suffix.result == .fail && suffix.organizationalDomain == "dept.gov.example")
        let within = try await Self.check("www.agency.gov.example", [.init(.spf, domain: "city.agency.gov.example")])
        #expect(within.result == .fail)
        let inside = try await Self.check(
            "a.city.agency.gov.example",
            [.init(.spf, domain: "b.city.agency.gov.example")]
        )
        #expect(inside.result == .pass)
    }

    @Test("what failed or may be proved later makes no pass")
    func outcomes() async throws {
        let failed = DMARC.Identifier(.dkim, domain: "plain.example", outcome: .fail)
        let later = DMARC.Identifier(.spf, domain: "plain.example", outcome: .temporaryError)
        let stranger = DMARC.Identifier(.spf, domain: "other.example", outcome: .temporaryError)
        let proved = DMARC.Identifier(.dkim, domain: "plain.example")
        #expect(try await Self.check("plain.example", [failed]).result == .fail)
        #expect(try await Self.check("plain.example", [failed, later]).result == .temperror)
        #expect(try await Self.check("plain.example", [failed, stranger]).result == .fail)
        let verdict = try await Self.check("plain.example", [later, proved])
        #expect(verdict.result == .pass && verdict.problem == nil && verdict.passing == [proved])
    }

    @Test("DNS failures are temperror, unless the message passes without the answer")
    func temporary() async throws {
        #expect(try await Self.check("flaky.example", [.init(.dkim, domain: "flaky.example")]).result == .temperror)
        #expect(try await Self.check("a.flaky.example").result == .temperror)
        let needed = try await Self.check("half.example", [.init(.dkim, domain: "x.half.example")])
        #expect(needed.result == .temperror && needed.problem?.contains("_dmarc.x.half.example") == true)
        let spared = try await Self.check(
            "half.example",
            [.init(.dkim, domain: "x.half.example"), .init(.spf, domain: "half.example")]
        )
        #expect(spared.result == .pass)
    }

    @Test("while a domain tests, one step less is asked for")
    func testing() async throws {
        let own = try await Self.check("test.example")
        #expect(own.policy == .reject && own.requestedDisposition == .quarantine)
        let below = try await Self.check("a.test.example")
        #expect(below.policy == .quarantine && below.requestedDisposition == .none)
        #expect(DMARC.Policy.none.lowered == .none)
    }

    @Test("the walk asks eight names at most, and a stranger's domain costs nothing")
    func walk() async throws {
        let resolver = CountingResolver(Zone())
        let deep = (1...40).map { "l\($0)" }.joined(separator: ".") + ".example.com"
        let verdict = try await Self.check(deep, resolver: resolver)
        #expect(verdict.queries == 8)
        #expect(
            await resolver.questions == ["TXT _dmarc.\(deep)", "TXT _dmarc.l36.l37.l38.l39.l40.example.com"]
                + [
                    "l37.l38.l39.l40.example.com", "l38.l39.l40.example.com", "l39.l40.example.com", "l40.example.com",
                    "example.com", "com",
                ].map { "TXT _dmarc.\($0)" }
        )
        let counting = CountingResolver(try Zone(parsing: Self.zone))
        let strangers = (0..<50).map { DMARC.Identifier(.dkim, domain: "\(deep).d\($0).net") }
        let many = try await Self.check("plain.example", strangers, resolver: counting)
        #expect(many.result == .fail && many.queries == 1 && many.alignments.count == 20)
    }

    @Test("a verdict says why")
    func description() async throws {
        let verdict = try await Self.check(
            "a.sub.example",
            [.init(.spf, domain: "bounce.other.example"), .init(.dkim, domain: "sub.example", outcome: .fail)]
        )
        #expect(
            verdict.description
                == "fail: no proved domain belongs to a.sub.example (proved: bounce.other.example); sp=quarantine of sub.example"
        )
        #expect(
            verdict.authenticationResult.properties
                == [.init(.header, "from", "a.sub.example"), .init(.policy, "dmarc", "quarantine")]
        )
    }

    @Test("the HELO identity of SPF does not count")
    func helo() async throws {
        let address = try #require(IPAddress("192.0.2.1"))
        let zone = try Zone(parsing: "plain.example. TXT \"v=spf1 +all\"")
        let helo = await SPF.check(
            .helo("plain.example", clientAddress: address),
            resolver: zone,
            clock: StoppedClock()
        )
        #expect(helo.result == .pass && DMARC.Identifier(helo) == nil)
        let path = await SPF.check(
            .mailFrom(try ReversePath(parsing: "a@plain.example"), helo: "x.example", clientAddress: address),
            resolver: zone,
            clock: StoppedClock()
        )
        #expect(DMARC.Identifier(path) == .init(.spf, domain: "plain.example"))
    }
}

@Suite("The author domain, RFC 9989 §3.2.2")
struct DMARCAuthorTests {
    static func author(_ values: String..., alabels: (String) -> String? = { _ in nil }) -> DMARC.Author {
        DMARC.Author(of: values.compactMap { HeaderField(name: "From", value: $0) }, alabels: alabels)
    }

    @Test("one field with one domain")
    func one() {
        #expect(Self.author("\"a@evil.example\" <a@Good.example>") == .domain("good.example"))
        #expect(Self.author("a@good.example, Team: b@GOOD.example;") == .domain("good.example"))
    }

    @Test("nothing else has an author, so that no policy is passed by")
    func faults() {
        #expect(Self.author() == .fault(.missing))
        #expect(Self.author("a@a.example", "a@b.example") == .fault(.severalFields(2)))
        #expect(Self.author("a@a.example, b@b.example") == .fault(.severalDomains(["a.example", "b.example"])))
        #expect(Self.author("Nobody:;") == .fault(.noAddress))
        #expect(Self.author("a@[192.0.2.1]") == .fault(.noDomainName("[192.0.2.1]")))
        #expect(Self.author("just words") == .fault(.malformed(MailSyntaxError(.missingDomain))))
    }

    @Test("U-labels are taken in A-labels or not at all")
    func labels() {
        #expect(Self.author("a@b\u{FC}cher.example").domain == nil)
        #expect(
            Self.author("a@b\u{FC}cher.example", alabels: { _ in "xn--bcher-kva.example" })
                == .domain("xn--bcher-kva.example")
        )
    }

    @Test("a message without an author is judged permerror")
    func permanent() async {
        let verdict = await DMARC.check(
            .fault(.severalFields(2)),
            identifiers: [.init(.dkim, domain: "a.example")],
            resolver: Zone(),
            clock: StoppedClock()
        )
        #expect(verdict.result == .permerror && verdict.description == "permerror: there are 2 From fields")
    }
}

@Suite("DMARC records, RFC 9989 §4.7")
struct DMARCRecordTests {
    @Test("all tags")
    func tags() throws {
        let record = try #require(
            DMARC.Record(
                parsing: "v=DMARC1; p=Quarantine ; sp=none; np=reject; adkim=S; aspf=r; fo=1:d; psd=Y; t=Y; pct=30;"
                    + " rua=mailto:a%2Bb@example.org!10m, https://r.example/x; ruf=mailto:f@example.org?x=y"
            )
        )
        #expect(
            (record.policy, record.subdomainPolicy, record.nonexistentPolicy) == (
                .quarantine, DMARC.Policy.none, .reject
            )
        )
        #expect((record.dkimAlignment, record.spfAlignment) == (.strict, .relaxed))
        #expect(record.failureOptions == "1:d" && record.publicSuffix == .yes && record.isTesting)
        #expect(record.percentage == 30)
        #expect(record.aggregateReports.map(\.uri) == ["mailto:a%2Bb@example.org", "https://r.example/x"])
        #expect(record.aggregateReports.first?.mailbox?.description == "a+b@example.org")
        #expect(record.failureReports.first?.mailbox?.description == "f@example.org")
    }

    @Test(
        "what is no record",
        arguments: [
            "", ";", "v=DMARC2; p=none", "v=dmarc1", "p=none; v=DMARC1", "v=DMARC1x", "; v=DMARC", "v", "v=spf1",
        ]
    )
    func none(_ text: String) {
        #expect(DMARC.Record(parsing: text) == nil)
    }

    @Test("wrong tags are as good as absent, and the first of two counts")
    func lenient() throws {
        let record = try #require(
            DMARC.Record(parsing: "v=DMARC1; p; =x; p=reject; p=none; adkim=x; psd=maybe; t=yes; pct=200; \u{FF}=1;;")
        )
        #expect(record.policy == .reject && record.dkimAlignment == .relaxed && record.publicSuffix == .unknown)
        #expect(!record.isTesting && record.percentage == nil && !record.hasInvalidSubdomainPolicy)
    }
}
