import MailSyntax
import Testing

@Suite("Address list, RFC 5322 §3.4 and §4.4")
struct AddressListTests {
    @Test(
        "the RFC's own examples and others",
        arguments: [
            ("John Doe <jdoe@machine.example>", ["jdoe@machine.example"]),
            (
                "Mary Smith <mary@example.net>, jdoe@example.org, Who? <one@y.test>",
                ["mary@example.net", "jdoe@example.org", "one@y.test"]
            ),
            (
                "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
                ["boss@nil.test", "sysservices@example.net"]
            ),
            (
                "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
                ["c@a.test", "joe@where.test", "jdoe@one.test"]
            ),
            ("Undisclosed recipients:;", []),
            ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", ["pete@silly.test"]),
            (
                "A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n joe@example.org;",
                ["c@public.example", "joe@example.org"]
            ),
            ("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", []),
            ("Joe Q. Public <john.q.public@example.com>", ["john.q.public@example.com"]),
            (
                "Mary Smith <@node.test,@other.test:mary@example.net>, , jdoe@test  . example",
                ["mary@example.net", "jdoe@test.example"]
            ),
            ("John Doe <jdoe@machine(comment).  example>", ["jdoe@machine.example"]),
            (",,a@b.example,,", ["a@b.example"]),
            ("\"a b\" . c @ d.example", ["\"a b.c\"@d.example"]),
            ("\"\"@d.example", ["\"\"@d.example"]),
            ("a@[192.0.2.1], b@[ IPv6:2001:db8::1 ]", ["a@[192.0.2.1]", "b@[IPv6:2001:db8::1]"]),
            ("=?utf-8?q?J=C3=B6rg?= <j@example.org>", ["j@example.org"]),
            ("Jörg <jörg@bücher.example>", ["jörg@bücher.example"]),
            ("a@under_score.example", ["a@under_score.example"]),
            ("group: a@b.example, ,c@d.example ; (end), e@f.example", ["a@b.example", "c@d.example", "e@f.example"]),
            ("\"a@evil.example\" <b@good.example>", ["b@good.example"]),
            ("\"x\" <a@b.example> (tail)\r\n", ["a@b.example"]),
        ]
    )
    func reads(_ text: String, _ expected: [String]) throws {
        let list = try AddressList(parsing: text)
        #expect(list.mailboxes.map(\.description) == expected)
        #expect(try AddressList(parsing: list.description) == list)
    }

    @Test("names, unquoted and encoded words left alone")
    func names() throws {
        let list = try AddressList(
            parsing:
                "Joe  Q. (the) Public <a@b.example>, \"x \\\"y\\\"\" <c@d.example>, =?utf-8?q?=22?= <e@f.example>, g@h.example"
        )
        let names = list.addresses.map { address -> String? in
            if case .mailbox(let named) = address { named.displayName } else { "group" }
        }
        #expect(names == ["Joe Q. Public", "x \"y\"", "=?utf-8?q?=22?=", nil])
    }

    @Test("groups keep their name and members")
    func groups() throws {
        let list = try AddressList(parsing: "\"The; group\": a@b.example; ")
        #expect(
            list.addresses == [
                .group(name: "The; group", members: [.init(mailbox: try Mailbox(parsing: "a@b.example"))])
            ]
        )
    }

    @Test(
        "what is no list",
        arguments: [
            "", " ", ",", "a", "a b", "a@", "@b", "<>", "<a>", "a@b <c@d>", "<a@b> <c@d>", "<a@b", "a@b>", "a@b c@d",
            "a@b; c@d", "a@b.",
            "a.@b", ".a@b", "a..b@c", "a b@c", "a\"b\"@c", "a@b..c", "a@\"b\"", "(unclosed a@b", "a@b)",
            "\"unclosed a@b", "a@[192.0.2.1",
            "a@[nonsense]", "group: a@b", "group: inner: a@b;;", ": a@b;", "group:;;", "<@a.example b@c>",
            "<@a.example:>", "<@a.example", "a\0@b",
            "a@b\0", "a\r\nB: c@d", "a@b\r", "a@b\n", "\"a\nb\" <c@d>", "\"a\\\0b\" <c@d>", "(\u{1}) a@b", "a\\b@c",
            "a@b\\", "\\",
        ]
    )
    func refuses(_ text: String) {
        #expect(throws: MailSyntaxError.self) { try AddressList(parsing: text) }
    }

    @Test("UTF-8 is demanded of addresses, not of names")
    func utf8() throws {
        #expect(throws: MailSyntaxError(.invalidUTF8)) { try AddressList(parsing: [0xFF] + Array("@b.example".utf8)) }
        let latin1 = Array("J".utf8) + [0xF6] + Array("rg <j@example.org>".utf8)
        #expect(try AddressList(parsing: latin1).mailboxes.map(\.description) == ["j@example.org"])
    }

    @Test("limits: comments nest so deep and no deeper, addresses so many and no more")
    func limits() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "(", count: depth) + String(repeating: ")", count: depth) + "a@b.example").utf8)
        }
        let limits = AddressList.Limits(maximumOctets: 100, maximumAddresses: 2, maximumCommentDepth: 8)
        #expect(try AddressList(parsing: nested(8), limits: limits).mailboxes.count == 1)
        #expect(throws: MailSyntaxError(.limitExceeded)) { try AddressList(parsing: nested(9), limits: limits) }
        #expect(try AddressList(parsing: "a@b,c@d".utf8, limits: limits).mailboxes.count == 2)
        #expect(throws: MailSyntaxError(.limitExceeded)) {
            try AddressList(parsing: "a@b,c@d,e@f".utf8, limits: limits)
        }
        #expect(throws: MailSyntaxError(.limitExceeded)) { try AddressList(parsing: "g:a@b,c@d;".utf8, limits: limits) }
        #expect(throws: MailSyntaxError(.limitExceeded)) {
            try AddressList(parsing: [UInt8](repeating: 0x2C, count: 101), limits: limits)
        }
    }

    @Test(
        "no input takes more than linear time",
        .timeLimit(.minutes(1)),
        arguments: ["(", "\\", "\"", "a.", ",", "<", "@", "[", " \r\n", "a@b:", "x "]
    )
    func linear(_ piece: String) {
        let octets = [[UInt8]](repeating: Array(piece.utf8), count: 200_000).flatMap(\.self)
        let limits = AddressList.Limits(maximumCommentDepth: 1_000_000)
        #expect(throws: MailSyntaxError.self) { try AddressList(parsing: octets, limits: limits) }
    }

    @Test("random octets never trap, and what passes prints as what reads the same", arguments: 0..<3000)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let octets = generator.text(0...24, of: "ab.@@@<>,:;()\"\\[] \té")
        guard let list = try? AddressList(parsing: octets) else { return }
        #expect(try AddressList(parsing: list.description) == list)
    }
}
