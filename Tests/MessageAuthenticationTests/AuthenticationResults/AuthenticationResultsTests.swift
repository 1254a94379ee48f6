import MailSyntax
import MessageAuthentication
import Testing

@Suite("Authentication-Results, RFC 8601")
struct AuthenticationResultsTests {
    @Test("the examples of appendix B")
    func examples() throws {
        let none = try AuthenticationResults(parsing: "example.org 1; none")
        #expect(none == AuthenticationResults(serviceIdentifier: "example.org", version: 1))

        let one = try AuthenticationResults(parsing: " example.com;\r\n          spf=pass smtp.mailfrom=example.net")
        #expect(one.results == [.init(.spf, "pass", properties: [.init(.smtp, "mailfrom", "example.net")])])

        let several = try AuthenticationResults(
            parsing: " example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
                + "     spf=pass smtp.mailfrom=example.net"
        )
        #expect(several.results.map(\.comment) == ["cram-md5", nil])
        #expect(several.results[0].property(.smtp, "auth") == "sender@example.net")

        let commented = try AuthenticationResults(
            parsing:
                "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
                + " policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it)"
                + " 1362471462"
        )
        #expect(commented.serviceIdentifier == "foo.example.net" && commented.version == 1)
        let result = try #require(commented.results.first)
        #expect(result.method == .dkim && result.methodVersion == 1 && result.value == "fail")
        #expect(result.property(.policy, "expired") == "1362471462")

        let signatures = try AuthenticationResults(
            parsing: "example.com; dkim=pass reason=\"good signature\" header.i=@mail-router.example.net;"
                + " dkim=fail reason=\"bad signature\" header.i=@newyork.example.com;"
        )
        #expect(signatures.results.map(\.reason) == ["good signature", "bad signature"])
        #expect(signatures.results[0].property(.header, "i") == "@mail-router.example.net")
    }

    @Test("what is written reads the same, whatever stands in it")
    func roundTrip() throws {
        let texts = [
            "example.org", "a b", "a\"b\\c", "x;y", "user@example.org", "\"a b\"@example.org", "@d", "a@", "", "(", "=",
            "caf\u{E9}", "pass)", "a\tb",
        ]
        for text in texts {
            let results = AuthenticationResults(
                serviceIdentifier: text.isEmpty ? "x" : text,
                results: [
                    .init(
                        .dkim,
                        "pass",
                        reason: text,
                        comment: text,
                        properties: [.init(.header, "d", text), .init(.smtp, "mailfrom", text)]
                    ),
                    .init(.spf, "none"),
                ]
            )
            #expect(try AuthenticationResults(parsing: results.value) == results, "\(results.value)")
            let field = try #require(results.field)
            #expect(try AuthenticationResults(parsing: field.bodyOctets) == results)
        }
    }

    @Test("controls cannot break out of the field")
    func controls() throws {
        let results = AuthenticationResults(
            serviceIdentifier: "mx",
            results: [.init(.init(rawValue: "d k\r\nX: y"), "pa;ss", reason: "a\r\nb", comment: "\0)", properties: [])]
        )
        let field = try #require(results.field)
        #expect(!field.value.utf8.contains { ASCII.isControl($0) })
        #expect(field.value == "mx; d-k--x--y=pa-ss (?\\)) reason=\"a??b\"")
    }

    @Test(
        "what is not the format",
        arguments: [
            "", ";", "mx", "mx; ", "mx spf=pass", "mx; spf", "mx; spf=", "mx; spf=pass x", "mx; spf=pass smtp.x",
            "mx; spf=pass smtp.x=", "mx; (spf=pass", "mx; spf=pass reason=\"x", "mx; none; spf=pass",
            "mx; spf=pass smtp.a=b reason=c", "mx; spf=pass\rx",
        ]
    )
    func bad(_ text: String) {
        #expect(throws: AuthenticationResults.SyntaxError.self) { try AuthenticationResults(parsing: text) }
    }
}

@Suite("Forged Authentication-Results, RFC 8601 §5")
struct ForgedResultsTests {
    static let ours = ["mx.example.org", "example.org"]

    @Test(
        "fields that some reader takes for ours",
        arguments: [
            "mx.example.org; spf=pass", "MX.Example.ORG 1; spf=pass", "\"mx.example.org\"; none",
            "mx.example.org.; none",
            "(x) mx.example.org (y); none", "\r\n\tmx.example.org; none", "\"mx.\\example.org\"; none",
            "mx.example.org", "mx.example.org/1; none", "other mx.example.org; none", "mx.example.org: none",
            "(never closed mx.example.org; none", "\"never closed mx.example.org; none", "example.org;none",
        ]
    )
    func forged(_ value: String) throws {
        let field = try #require(HeaderField(octets: Array("authentication-RESULTS :\(value)\r\n".utf8)))
        #expect(AuthenticationResults.claims(field, toBeFrom: Self.ours))
    }

    @Test(
        "fields of others stay",
        arguments: [
            "mx.example.com; spf=pass", "xmx.example.org; none", "mx.example.org.evil.example; none",
            "other; spf=pass smtp.mailfrom=example.org", "other (from mx.example.org); none",
        ]
    )
    func others(_ value: String) throws {
        let field = try #require(HeaderField(octets: Array("Authentication-Results:\(value)\r\n".utf8)))
        #expect(!AuthenticationResults.claims(field, toBeFrom: Self.ours))
    }

    @Test("they are taken out, and every other octet stays")
    func removing() throws {
        let text =
            "Received: x\r\nAuthentication-Results: mx.example.org; dmarc=pass\r\n header.from=a.example\r\n"
            + "no field\r\nAuthentication-Results: mx.example.com; none\r\nX-Authentication-Results: mx.example.org; a=b\r\n"
            + "From: a@a.example\r\n\r\n"
        let section = try HeaderSection(parsing: Array(text.utf8))
        let (kept, removed) = AuthenticationResults.removingForgeries(from: section.lines, identifiers: Self.ours)
        #expect(removed.map(\.value) == ["mx.example.org; dmarc=pass header.from=a.example"])
        #expect(kept.count == section.lines.count - 1)
        #expect(kept == section.lines.filter { $0 != .field(removed[0]) })
    }
}
