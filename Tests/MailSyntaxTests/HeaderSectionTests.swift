import MailSyntax
import Testing

@Suite("Header section, RFC 5322 §2.1 and §2.2")
struct HeaderSectionTests {
    static let message = """
        Received: from a.example\r
        \tby b.example;\r
         Tue, 24 Nov 2026 06:45:00 +0000\r
        From: A <a@example.org>\r
        SUBJECT :  obsolete space before the colon  \r
        Empty:\r
        from: second@example.org\r
        \r
        Body: not a field\r

        """

    @Test("names, values and the body's offset")
    func fields() throws {
        let section = try HeaderSection(parsing: Self.message.utf8)
        #expect(section.fields.map(\.name) == ["Received", "From", "SUBJECT", "Empty", "from"])
        #expect(
            section.first(named: "received")?.value == "from a.example\tby b.example; Tue, 24 Nov 2026 06:45:00 +0000"
        )
        #expect(section.first(named: "Subject")?.value == "obsolete space before the colon")
        #expect(section.first(named: "empty")?.value == "")
        #expect(section.fields(named: "FROM").map(\.value) == ["A <a@example.org>", "second@example.org"])
        #expect(section.first(named: "Body") == nil)
        #expect(section.isTerminated && section.malformed.isEmpty && !section.hasBareLineEnding && !section.hasNUL)
        let body = Array(Self.message.utf8)[section.bodyOffset...]
        #expect(String(decoding: body, as: UTF8.self) == "Body: not a field\r\n")
    }

    @Test("not an octet is lost")
    func octets() throws {
        let octets = Array(Self.message.utf8)
        let section = try HeaderSection(parsing: octets)
        #expect(section.octets + [ASCII.cr, ASCII.lf] == Array(octets[..<section.bodyOffset]))
        let received = try #require(section.first(named: "Received"))
        #expect(String(decoding: received.nameOctets, as: UTF8.self) == "Received")
        #expect(received.octets.elementsEqual("Received:".utf8) == false)
        #expect(received.octets == Array("Received:".utf8) + received.bodyOctets + [ASCII.cr, ASCII.lf])
    }

    @Test(
        "lines that are no fields are kept and reported",
        arguments: [
            ("no colon\r\nA: b\r\n\r\n", ["no colon\r\n"]),
            (" folded first\r\nA: b\r\n\r\n", [" folded first\r\n"]),
            (": no name\r\nA: b\r\n\r\n", [": no name\r\n"]),
            ("sp ace: x\r\nA: b\r\n\r\n", ["sp ace: x\r\n"]),
            ("naïve: x\r\n folded\r\nA: b\r\n\r\n", ["naïve: x\r\n folded\r\n"]),
            ("From mbox Tue Nov 24\r\nA: b\r\n\r\n", ["From mbox Tue Nov 24\r\n"]),
            ("A: b\r\nlast without end", ["last without end"]),
        ]
    )
    func malformed(_ text: String, _ expected: [String]) throws {
        let section = try HeaderSection(parsing: text.utf8)
        #expect(section.malformed == expected.map { Array($0.utf8) })
        #expect(section.fields.map(\.description) == ["A: b"])
    }

    @Test("a message may begin with its body, and may have none")
    func edges() throws {
        let bodyOnly = try HeaderSection(parsing: "\r\nbody".utf8)
        #expect(bodyOnly.lines.isEmpty && bodyOnly.isTerminated && bodyOnly.bodyOffset == 2)
        let empty = try HeaderSection(parsing: [])
        #expect(empty.lines.isEmpty && !empty.isTerminated && empty.bodyOffset == 0)
        let noBody = try HeaderSection(parsing: "A: b\r\n".utf8)
        #expect(noBody.fields.count == 1 && !noBody.isTerminated && noBody.bodyOffset == 6)
        let cut = try HeaderSection(parsing: "A: b\r\n c".utf8)
        #expect(cut.fields.map(\.value) == ["b c"])
    }

    @Test("white space alone on a folded line does not end the section (RFC 5322 §4.2)")
    func whitespaceLine() throws {
        let section = try HeaderSection(parsing: "A: b\r\n \r\n c\r\n\r\n".utf8)
        #expect(section.fields.count == 1 && section.isTerminated)
        #expect(section.bodyOffset == 15)
    }

    @Test(
        "a CR or LF alone ends nothing and is reported",
        arguments: [
            "A: b\nB: c\r\n\r\n", "A: b\rB: c\r\n\r\n", "A: b\r\rB: c\r\n\r\n", "A: b\n\nB: c\r\n\r\n",
            "A: b\r\n\nB: c\r\n\r\n",
        ]
    )
    func bareLineEndings(_ text: String) throws {
        let section = try HeaderSection(parsing: text.utf8)
        #expect(section.hasBareLineEnding)
        #expect(section.bodyOffset == text.utf8.count)
        #expect(section.first(named: "B") == nil)
    }

    @Test("NUL is reported")
    func nul() throws {
        #expect(try HeaderSection(parsing: "A: b\0\r\n\r\n".utf8).hasNUL)
    }

    @Test("limits: what just fits passes, one more does not")
    func limits() throws {
        let text = Array("A: b\r\nC: d\r\n\r\n".utf8)
        #expect(try HeaderSection(parsing: text, limits: .init(maximumOctets: 14, maximumLines: 2)).fields.count == 2)
        #expect(throws: HeaderSection.LimitExceeded.octets) {
            try HeaderSection(parsing: text, limits: .init(maximumOctets: 13))
        }
        #expect(throws: HeaderSection.LimitExceeded.lines) {
            try HeaderSection(parsing: text, limits: .init(maximumLines: 1))
        }
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 100)
        #expect(try HeaderSection(parsing: text + body, limits: .init(maximumOctets: 14)).bodyOffset == 14)
    }

    @Test("a megabyte of folding takes linear time", .timeLimit(.minutes(1)))
    func linear() throws {
        let text = Array("A: b\r\n".utf8) + [[UInt8]](repeating: Array(" \r\n".utf8), count: 300_000).flatMap(\.self)
        let section = try HeaderSection(parsing: text)
        #expect(section.fields.count == 1)
        #expect(section.fields[0].value == "b")
    }

    @Test("the scanner finds the same end, whole and one octet at a time")
    func scanner() throws {
        for text in [
            Self.message, "\r\nbody", "A: b\r\n\r\n", "A: b\r\r\n\r\nx", "A: b\r\n\r\r\n\r\nx", "A\r\n\n\r\n\r\n",
        ] {
            let octets = Array(text.utf8)
            let end = try HeaderSection(parsing: octets).bodyOffset
            var whole = HeaderEndScanner()
            #expect(whole.receive(octets) == end)
            var single = HeaderEndScanner()
            let found = octets.firstIndex { single.receive([$0]) != nil }
            #expect(found.map { $0 + 1 } == end, "\(text)")
        }
    }

    @Test("random octets lose nothing", arguments: 0..<500)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let octets = generator.text(0...60, of: "aB:: \t\r\r\n\n\0é")
            .split(separator: UInt8(ascii: "B"), omittingEmptySubsequences: false).joined(separator: [13, 10])
        let text = Array(octets)
        let section = try HeaderSection(parsing: text)
        let end: [UInt8] = section.isTerminated ? [13, 10] : []
        #expect(section.octets + end == Array(text[..<section.bodyOffset]))
        for field in section.fields {
            #expect(HeaderField(octets: field.octets) == field)
            #expect(!field.name.isEmpty)
        }
    }
}

@Suite("Header field, RFC 5322 §2.2")
struct HeaderFieldTests {
    @Test("is written folded at white space, and reads as what was written")
    func writes() throws {
        let words = (1...40).map { "word\($0)" }.joined(separator: " ")
        let field = try #require(HeaderField(name: "Subject", value: words))
        #expect(field.value == words)
        let lines = String(decoding: field.octets, as: UTF8.self).split(separator: "\r\n")
        #expect(lines.count > 3)
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(" ") && $0.contains("word") })
    }

    @Test("a value that cannot be folded stays whole")
    func unfoldable() throws {
        let value = String(repeating: "x", count: 200)
        let field = try #require(HeaderField(name: "X", value: value))
        #expect(String(decoding: field.octets, as: UTF8.self) == "X: \(value)\r\n")
    }

    @Test("what would break out of the field is refused", arguments: ["a\r\nB: c", "a\n", "a\r", "a\0"])
    func injection(_ value: String) {
        #expect(HeaderField(name: "A", value: value) == nil)
    }

    @Test("what is no name is refused", arguments: ["", "A B", "A:", "Ä", "A\r\n"])
    func names(_ name: String) {
        #expect(HeaderField(name: name, value: "x") == nil)
    }

    @Test("written fields keep their value", arguments: 0..<200)
    func roundTrip(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var value = generator.text(0...300, of: "abc   \t,é")
        while value.first.map(ASCII.isWhitespace) == true { value.removeFirst() }
        while value.last.map(ASCII.isWhitespace) == true { value.removeLast() }
        let field = try #require(HeaderField(name: "X-Test", value: String(decoding: value, as: UTF8.self)))
        #expect(field.valueOctets == value)
        let section = try HeaderSection(parsing: field.octets)
        #expect(section.fields == [field])
    }
}
