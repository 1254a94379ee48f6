import GatepostModel
import MailSyntax
import SMTP
import Testing

@Suite("Header fix-ups of submission, RFC 6409 §8")
struct HeaderFixupsTests {
    private static let identifier = MessageIdentifier(created: noon, random: Array(1...9))
    private static let received = """
        Received: from [submitted] by mail.example.org (Gatepost)\r
        \twith ESMTPSA id \(Self.identifier);\r
        \tTue, 24 Nov 2026 12:00:00 +0000\r

        """
    private static let date = "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n"
    private static let messageID = "Message-ID: <\(Self.identifier)@mail.example.org>\r\n"
    private static let from = "From: Alice <alice@example.org>\r\n"

    private static func context() -> HeaderFixups.Context {
        HeaderFixups.Context(
            hostname: "mail.example.org",
            protocolKeyword: "ESMTPSA",
            identifier: Self.identifier,
            now: noon
        )
    }

    private func submit(_ header: String, context: HeaderFixups.Context = Self.context()) -> HeaderFixups.Verdict {
        HeaderFixups.submission(
            Array(header.utf8),
            account: .test("alice@example.org", identities: ["*@example.net"]),
            context: context
        )
    }

    private func accepted(_ header: String) throws -> HeaderFixups.Accepted {
        guard case .accepted(let accepted) = self.submit(header) else {
            throw Unexpected(verdict: self.submit(header))
        }
        return accepted
    }

    private struct Unexpected: Error {
        var verdict: HeaderFixups.Verdict
    }

    private static let good = "Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@example.org>\r\n"

    struct Vector: Sendable, CustomTestStringConvertible {
        var name: String
        var input: String
        var output: String
        var testDescription: String { self.name }
    }

    @Test("fix-ups to the octet", arguments: vectors)
    func fixups(_ vector: Vector) throws {
        let accepted = try self.accepted(vector.input)
        #expect(String(decoding: accepted.octets, as: UTF8.self) == Self.received + vector.output)
    }

    private static let vectors: [Vector] = [
        Vector(
            name: "complete: only Received",
            input: from + good + "\r\n",
            output: from + good + "\r\n"
        ),
        Vector(name: "nothing but From", input: from + "\r\n", output: from + date + messageID + "\r\n"),
        Vector(name: "no empty line at the end", input: from + good, output: from + good),
        Vector(
            name: "last line without its end",
            input: "Subject: x\r\nFrom: alice@example.org",
            output: "Subject: x\r\nFrom: alice@example.org\r\n" + date + messageID
        ),
        Vector(
            name: "empty Date and Message-ID",
            input: "Date:\r\nMessage-ID: \r\n" + from + "\r\n",
            output: from + date + messageID + "\r\n"
        ),
        Vector(
            name: "malformed Date and Message-ID",
            input: "Date: yesterday\r\nMessage-Id: garbage\r\n" + from + "X: y\r\n\r\n",
            output: from + "X: y\r\n" + date + messageID + "\r\n"
        ),
        Vector(
            name: "Message-ID without @",
            input: "Message-ID: <abc>\r\n" + from + "\r\n",
            output: from + date + messageID + "\r\n"
        ),
        Vector(
            name: "Bcc, Resent-Bcc and Return-Path go, folded ones too, in any letters",
            input: "Return-Path: <x@y.example>\r\nBCC: a@example.com,\r\n b@example.com\r\n" + from
                + "Resent-bcc: c@example.com\r\nbcc :\r\n" + good + "\r\n",
            output: from + good + "\r\n"
        ),
        Vector(
            name: "folding, white space and order stay",
            input: "subject:a\r\n\tb  \r\nX-Y : z\r\n" + from + good + "\r\n",
            output: "subject:a\r\n\tb  \r\nX-Y : z\r\n" + from + good + "\r\n"
        ),
        Vector(
            name: "octets behind the empty line are carried along",
            input: from + good + "\r\nBcc: body\r\n",
            output: from + good + "\r\nBcc: body\r\n"
        ),
        Vector(
            name: "names that only begin like others stay",
            input: "Bcc-X: y\r\nDates: z\r\n" + from + good + "\r\n",
            output: "Bcc-X: y\r\nDates: z\r\n" + from + good + "\r\n"
        ),
    ]

    @Test("octets beyond ASCII stay as they are")
    func octets() throws {
        let header = Array("Subject: ".utf8) + [0xe4, 0xff, 0x80] + Array("\r\n\(Self.from)\(Self.good)\r\n".utf8)
        let verdict = HeaderFixups.submission(header, account: .test("alice@example.org"), context: Self.context())
        guard case .accepted(let accepted) = verdict else { throw Unexpected(verdict: verdict) }
        #expect(accepted.octets == Array(Self.received.utf8) + header)
    }

    @Test(
        "what may not pass",
        arguments: [
            ("Subject: x\r\n\r\n", .noFrom),
            ("\r\n", .noFrom),
            ("", .noFrom),
            (from + from + "\r\n", .severalFrom(2)),
            (from + "FROM : bob@example.com\r\n\r\n", .severalFrom(2)),
            ("From:\r\n\r\n", .malformedFrom),
            ("From: alice\r\n\r\n", .malformedFrom),
            ("From: nobody:;\r\n\r\n", .malformedFrom),
            (from + "no field\r\n\r\n", .malformedHeader(line: 2)),
            (" From: alice@example.org\r\n\r\n", .malformedHeader(line: 1)),
            (from + "X: a\0b\r\n\r\n", .malformedHeader(line: 0)),
            (from + "X: a\nFrom: b@example.com\r\n\r\n", .malformedHeader(line: 0)),
        ] as [(String, HeaderFixups.Refusal)]
    )
    func refusals(_ header: String, _ refusal: HeaderFixups.Refusal) {
        #expect(self.submit(header) == .refused(refusal))
        #expect(refusal.reply.isPermanent)
    }

    @Test(
        "every author must be allowed, and the refusal names the one that is not",
        arguments: [
            ("bob@example.org", "bob@example.org"),
            ("Alice <bob@example.org>", "bob@example.org"),
            ("\"alice@example.org\" <bob@example.org>", "bob@example.org"),
            ("alice@example.org, eve@example.org", "eve@example.org"),
            ("(alice@example.org) eve@example.org", "eve@example.org"),
            ("friends: alice@example.org, eve@example.org;", "eve@example.org"),
            ("<alice@example.org>, <mallory@sub.example.net>", "mallory@sub.example.net"),
        ]
    )
    func authors(_ value: String, _ refused: String) throws {
        let refusal = HeaderFixups.Refusal.notAllowed(try mailbox(refused), .author)
        #expect(self.submit("From: \(value)\r\n\r\n") == .refused(refusal))
        #expect(refusal.reply.code == 550)
        #expect(refusal.reply.enhanced == EnhancedStatusCode(5, 7, 1))
        #expect(refusal.reply.text.contains(refused))
    }

    @Test(
        "whoever is named as sender or resender must be allowed as well, in each of several fields",
        arguments: [
            ("Sender: bob@example.org", SubmissionPolicy.Place.sender, "bob@example.org"),
            ("sender: <eve@example.org>", .sender, "eve@example.org"),
            ("Sender: alice@example.org\r\nSender: eve@example.org", .sender, "eve@example.org"),
            ("Resent-From: alice@example.org, eve@example.org", .resentFrom, "eve@example.org"),
            ("Resent-From: alice@example.org\r\nRESENT-FROM: x@example.com", .resentFrom, "x@example.com"),
            ("Resent-Sender: alice@sub.example.org", .resentSender, "alice@sub.example.org"),
        ]
    )
    func senders(_ fields: String, _ place: SubmissionPolicy.Place, _ refused: String) throws {
        let refusal = HeaderFixups.Refusal.notAllowed(try mailbox(refused), place)
        #expect(self.submit("From: alice@example.org\r\n\(fields)\r\n\r\n") == .refused(refusal))
        #expect(refusal.reply.code == 550)
        #expect(refusal.reply.text.contains("<\(refused)> in \(place.field ?? "")"))
        #expect(refusal.reply.text.contains("not granted"))
    }

    @Test(
        "senders that the account may use, and fields that name nobody",
        arguments: [
            ("Sender: alice+x@example.org", nil),
            ("Resent-From: a@example.net\r\nResent-Sender: ALICE@example.org", nil),
            ("Sender: nobody", .malformedOrigin(.sender)), ("Resent-From:", .malformedOrigin(.resentFrom)),
        ] as [(String, HeaderFixups.Refusal?)]
    )
    func allowedSenders(_ fields: String, _ refusal: HeaderFixups.Refusal?) throws {
        switch self.submit("From: alice@example.org\r\n\(fields)\r\n\r\n") {
        case .accepted: #expect(refusal == nil)
        case .refused(let given): #expect(given == refusal)
        }
    }

    @Test("an app password that is limited to other identities is told so")
    func limitedCredential() throws {
        let identity = try #require(IdentityPattern("sales@example.org"))
        let account = Account.test("alice@example.org", identities: ["sales@example.org"])
            .limited(by: CredentialRules(identities: [identity]))
        #expect(account.missingGrant(for: try mailbox("sales+x@example.org")) == nil)
        #expect(account.missingGrant(for: try mailbox("alice@example.org")) == .credential)
        #expect(account.missingGrant(for: try mailbox("eve@example.org")) == .account)
        let verdict = SubmissionPolicy.mayUse([try mailbox("alice@example.org")], in: .sender, account: account)
        #expect(verdict.reply?.text.contains("the app password is limited to other addresses") == true)
    }

    @Test("authors that the account may use", arguments: ["alice+x@example.org", "a@example.net, ALICE@example.org"])
    func allowedAuthors(_ value: String) throws {
        #expect(try self.accepted("From: \(value)\r\n\r\n").authors.count == (value.contains(",") ? 2 : 1))
    }

    @Test("101 Received fields are a loop, 100 are not")
    func loop() throws {
        let field = "Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0000\r\n"
        let hundred = String(repeating: field, count: 100) + Self.from + "\r\n"
        #expect(try self.accepted(hundred).authors.count == 1)
        let refusal = HeaderFixups.Refusal.loop(receivedFields: 101)
        #expect(self.submit(field + hundred) == .refused(refusal))
        #expect(refusal.reply.code == 554)
        #expect(refusal.reply.enhanced == EnhancedStatusCode(5, 4, 6))
    }

    @Test("a header section may be so large and no larger")
    func size() {
        var context = Self.context()
        let header = Self.from + Self.good + "\r\n"
        context.maximumOctets = header.utf8.count
        if case .refused(let refusal) = self.submit(header, context: context) { Issue.record("\(refusal)") }
        context.maximumOctets -= 1
        #expect(
            self.submit(header, context: context) == .refused(.headerTooLarge(maximumOctets: context.maximumOctets))
        )
    }

    @Test("says what it did")
    func changes() throws {
        let accepted = try self.accepted("Bcc: x@example.com\r\nDate: \r\n" + Self.from + "\r\n")
        #expect(
            accepted.changes == [.added("Received"), .removed("Bcc"), .replaced("Date"), .added("Message-ID")]
        )
        #expect(accepted.messageIdentifier == "<\(Self.identifier)@mail.example.org>")
    }

    @Test(
        "the subject is decoded for people",
        arguments: [
            ("hello", "hello"), ("=?utf-8?Q?gr=C3=BC=C3=9Fe_an_alle?=", "grüße an alle"),
            ("=?UTF-8?B?w6Q=?= =?utf-8?q?b?= c", "äb c"), ("=?iso-8859-1?Q?=E4?=", "ä"),
            ("=?x-unknown?Q?a?= b", "=?x-unknown?Q?a?= b"), ("=?utf-8?B?????=", "=?utf-8?B?????="),
            ("=?utf-8?Q?a=0D=0Ab?=", "a  b"), ("2 = 1 + 1", "2 = 1 + 1"), ("=?", "=?"), ("=?a?", "=?a?"),
            ("=?a?Q", "=?a?Q"), ("=?utf-8*en?Q?a?=", "a"), ("=?utf-8?Q?=4?=", "=?utf-8?Q?=4?="),
        ]
    )
    func subject(_ value: String, _ expected: String) throws {
        #expect(try self.accepted("Subject: \(value)\r\n" + Self.from + "\r\n").subject == expected)
    }

    @Test("any octets get a verdict", arguments: 0..<300)
    func randomInput(_ seed: Int) {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        let pieces = [
            "From:", " alice@example.org", "\r\n", "\r", "\n", "Bcc: ", "=?utf-8?", "Q?=", "\0", ":", "\t", "Date:",
            "<", ">", "(",
            "\"", "é", "Received:",
        ]
        var header = ""
        for _ in 0..<40 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            header += pieces[Int(state % UInt64(pieces.count))]
        }
        if case .accepted(let accepted) = self.submit(header) {
            #expect(accepted.octets.starts(with: Self.received.utf8))
        }
    }
}

@Suite("Received, RFC 5321 §4.4")
struct ReceivedFieldTests {
    private func field(
        _ origin: ReceivedField.Origin,
        hostname: String = "mail.example.org",
        to: String? = nil
    ) throws
        -> String
    {
        let context = HeaderFixups.Context(
            hostname: hostname,
            protocolKeyword: "ESMTPS",
            identifier: MessageIdentifier(created: noon, random: Array(1...9)),
            now: noon
        )
        let recipient = try to.map { ForwardPath.mailbox(try mailbox($0)) }
        return String(
            decoding: ReceivedField(context: context, origin: origin, recipient: recipient).octets,
            as: UTF8.self
        )
    }

    @Test("tells where another server's mail came from")
    func reception() throws {
        let address = try #require(IPAddress("2001:db8::25"))
        let field = try self.field(
            .server(heloName: "mx.example.net", address: address, name: "host-25.example.net"),
            to: "bob@example.org"
        )
        let unfolded = field.replacing("\r\n\t", with: " ")
        #expect(
            unfolded.hasPrefix(
                "Received: from mx.example.net (host-25.example.net [IPv6:2001:db8::25]) by mail.example.org (Gatepost) with ESMTPS id "
            )
        )
        #expect(unfolded.hasSuffix(" for <bob@example.org>; Tue, 24 Nov 2026 12:00:00 +0000\r\n"))
    }

    @Test("lines stay below 78 octets", arguments: [4, 20, 28])
    func folding(_ length: Int) throws {
        let name = String(repeating: "x", count: length) + ".example"
        let address = try #require(IPAddress("192.0.2.200"))
        for origin in [ReceivedField.Origin.submitted, .local, .server(heloName: name, address: address, name: name)] {
            let field = try self.field(origin, hostname: name, to: "\(name)@\(name)")
            for line in field.split(separator: "\r\n") { #expect(line.utf8.count < 78) }
        }
    }

    @Test("a peer's name cannot break out of the field", arguments: ["a\r\nBcc: x", "a) evil", "a;b", "", "a b\u{0}"])
    func injection(_ heloName: String) throws {
        let address = try #require(IPAddress("192.0.2.1"))
        let field = try self.field(.server(heloName: heloName, address: address, name: heloName))
        let section = try HeaderSection(parsing: Array(field.utf8))
        #expect(section.fields.count == 1)
        #expect(!section.hasNUL && !section.hasBareLineEnding)
        #expect(section.fields.first?.value.utf8.filter { $0 == UInt8(ascii: ";") }.count == 1)
    }

    @Test("reception adds the field and changes nothing else")
    func receptionVerdict() throws {
        let header = Array("Bcc: x\r\nno field\r\nFrom: a@example.com\r\nFrom: b@example.com\r\n\r\n".utf8)
        let context = HeaderFixups.Context(
            hostname: "mail.example.org",
            protocolKeyword: "ESMTPS",
            identifier: MessageIdentifier(created: noon, random: []),
            now: noon
        )
        guard
            case .accepted(let accepted) = HeaderFixups.reception(
                header,
                from: .local,
                recipient: nil,
                context: context
            )
        else {
            Issue.record("refused")
            return
        }
        #expect(accepted.octets.suffix(header.count) == header[...])
        #expect(accepted.authors.count == 2)
    }
}
