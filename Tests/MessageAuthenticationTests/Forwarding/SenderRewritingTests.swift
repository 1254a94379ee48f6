import MailSyntax
import MessageAuthentication
import Testing

@Suite("Return paths of forwarded mail (SRS)")
struct SenderRewritingTests {
    static let now: Int64 = 1_764_000_000
    static let day: Int64 = 86_400
    let domain = Domain.name("forward.example")
    let key = Array("a key of at least sixteen octets".utf8)
    let rewriting: SenderRewriting

    init() throws {
        self.rewriting = try #require(SenderRewriting(domain: self.domain, key: self.key))
    }

    func forward(_ address: String, at now: Int64 = Self.now) throws -> Mailbox {
        let path = try self.rewriting.forward(try ReversePath(parsing: address), secondsSince1970: now)
        return try #require(path.mailbox)
    }

    @Test(
        "an address comes back as it was",
        arguments: ["alice@example.org", "\"a b\"@example.org", "a=b+c@x.example", "a@[192.0.2.1]", "srs@example.org"]
    )
    func roundTrip(_ address: String) throws {
        let rewritten = try self.forward(address)
        #expect(rewritten.domain == self.domain && rewritten.localPart.hasPrefix("SRS0="))
        // What is written can be read by any server.
        #expect(try Mailbox(parsing: rewritten.description) == rewritten)
        #expect(try self.rewriting.reverse(rewritten, secondsSince1970: Self.now).description == address)
    }

    @Test("hosts on the way may fold the case of the local part")
    func folding() throws {
        let rewritten = try self.forward("alice@example.org")
        let folded = Mailbox(localPart: rewritten.localPart.lowercased(), domain: .name("FORWARD.example"))
        #expect(try self.rewriting.reverse(folded, secondsSince1970: Self.now).description == "alice@example.org")
        let capitals = Mailbox(localPart: rewritten.localPart.uppercased(), domain: self.domain)
        #expect(try self.rewriting.reverse(capitals, secondsSince1970: Self.now).canonical == "alice@example.org")
    }

    @Test("a second forwarder wraps the address of the first, a third puts itself in the second's place")
    func chain() throws {
        let first = try self.forward("alice@example.org")
        let second = try #require(SenderRewriting(domain: .name("b.example"), key: self.key.reversed()))
        let third = try #require(SenderRewriting(domain: .name("c.example"), key: Array(self.key.dropFirst())))
        let wrapped = try #require(try second.forward(.mailbox(first), secondsSince1970: Self.now).mailbox)
        #expect(wrapped.localPart.hasPrefix("SRS1=") && wrapped.localPart.contains("=forward.example==") == true)
        #expect(try second.reverse(wrapped, secondsSince1970: Self.now) == first)
        let again = try #require(try third.forward(.mailbox(wrapped), secondsSince1970: Self.now).mailbox)
        #expect(try third.reverse(again, secondsSince1970: Self.now) == first)
        // Another program's address is passed on as it is, its separator too.
        let foreign = try Mailbox(parsing: "SRS0+AbCd=XY=example.org=Alice@first.example")
        let ours = try #require(try second.forward(.mailbox(foreign), secondsSince1970: Self.now).mailbox)
        #expect(try second.reverse(ours, secondsSince1970: Self.now) == foreign)
    }

    @Test("what only looks like a forwarder's address is rewritten as any other")
    func lookalike() throws {
        for address in ["SRS1=h=no_host==x=y=z=a@b.example", "SRS0=a=b@b.example", "SRS1=h=b.example=x@b.example"] {
            let rewritten = try self.forward(address)
            #expect(rewritten.localPart.hasPrefix("SRS0="))
            #expect(try self.rewriting.reverse(rewritten, secondsSince1970: Self.now).description == address)
        }
    }

    @Test("no one else can make one, whatever is changed")
    func forged() throws {
        let rewritten = try self.forward("alice@example.org")
        for (position, octet) in rewritten.localPart.utf8.enumerated() where position > 4 {
            var octets = Array(rewritten.localPart.utf8)
            octets[position] = octet == UInt8(ascii: "x") ? UInt8(ascii: "y") : UInt8(ascii: "x")
            let changed = Mailbox(localPart: String(decoding: octets, as: UTF8.self), domain: self.domain)
            #expect(throws: SenderRewriting.ReverseFailure.self) {
                try self.rewriting.reverse(changed, secondsSince1970: Self.now)
            }
        }
        let other = try #require(SenderRewriting(domain: self.domain, key: self.key.reversed()))
        #expect(throws: SenderRewriting.ReverseFailure.forged) {
            try other.reverse(rewritten, secondsSince1970: Self.now)
        }
    }

    @Test("it is taken for some days, then no more, and never from the future")
    func age() throws {
        let made = try self.forward("alice@example.org")
        for days: Int64 in [0, 1, 20, 21] {
            #expect(throws: Never.self) {
                try self.rewriting.reverse(made, secondsSince1970: Self.now + days * Self.day)
            }
        }
        for days: Int64 in [-1, 22, 100, 600] {
            #expect(throws: SenderRewriting.ReverseFailure.expired) {
                try self.rewriting.reverse(made, secondsSince1970: Self.now + days * Self.day)
            }
        }
        // The day wraps around without harm.
        let end = 1023 * Self.day
        let late = try self.forward("a@example.org", at: end)
        #expect(try self.rewriting.reverse(late, secondsSince1970: end + 2 * Self.day).description == "a@example.org")
    }

    @Test("a former key still takes addresses back")
    func formerKeys() throws {
        let rewritten = try self.forward("alice@example.org")
        let next = try #require(
            SenderRewriting(domain: self.domain, key: self.key.reversed(), formerKeys: [self.key])
        )
        #expect(try next.reverse(rewritten, secondsSince1970: Self.now).description == "alice@example.org")
    }

    @Test("what stays as it is, and what cannot be rewritten")
    func limits() throws {
        #expect(try self.rewriting.forward(.null, secondsSince1970: Self.now) == .null)
        let own = try ReversePath(parsing: "bob@FORWARD.example")
        #expect(try self.rewriting.forward(own, secondsSince1970: Self.now) == own)
        let long = try ReversePath(parsing: String(repeating: "a", count: 40) + "@example.org")
        #expect(throws: SenderRewriting.ForwardFailure.tooLong) {
            try self.rewriting.forward(long, secondsSince1970: Self.now)
        }
        let wide = try #require(
            SenderRewriting(domain: self.domain, key: self.key, maximumLocalPartOctets: 200)
        )
        #expect(try wide.forward(long, secondsSince1970: Self.now).mailbox?.domain == self.domain)
        #expect(throws: SenderRewriting.ForwardFailure.notASCII) {
            try self.rewriting.forward(try ReversePath(parsing: "\u{E9}@example.org"), secondsSince1970: Self.now)
        }
        #expect(SenderRewriting(domain: self.domain, key: Array("short".utf8)) == nil)
        #expect(SenderRewriting(domain: self.domain, key: self.key, maximumAgeDays: 512) == nil)
        for address in [
            "alice@forward.example", "SRS0=x@forward.example", "SRS2=a=b=c=d@forward.example", "SRS0@forward.example",
        ] {
            #expect(throws: SenderRewriting.ReverseFailure.notRewritten) {
                try self.rewriting.reverse(try Mailbox(parsing: address), secondsSince1970: Self.now)
            }
        }
    }
}
