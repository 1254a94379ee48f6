import MailSyntax
import Milter
import Testing

/// What Postfix's authors measured of sendmail: changes are relative to what the filter saw, insertions to what is delivered.
@Suite("Milter header changes")
struct MilterHeaderTests {
    private static let received = "Received: ours\r\n"
    private static let section = "Received: theirs\r\nTo: one\r\nSubject: s\r\nto: two\r\n\tfolded\r\nX: y\r\n"

    private func header() throws -> MilterHeader {
        MilterHeader(try HeaderSection(parsing: Array((Self.received + Self.section).utf8)), hiding: 0..<1)
    }

    private func field(_ name: String, _ value: String) -> MilterField {
        MilterField(name: Array(name.utf8), value: Array(value.utf8))
    }

    private func text(_ change: MilterHeaderChange..., hasLeadingSpace: Bool = false) throws -> String {
        var header = try self.header()
        for change in change { header.apply(change, hasLeadingSpace: hasLeadingSpace) }
        return String(decoding: header.octets, as: UTF8.self)
    }

    @Test("nothing changes nothing")
    func identity() throws {
        #expect(try self.text() == Self.received + Self.section)
    }

    @Test("an added field stands last")
    func add() throws {
        #expect(try self.text(.add(self.field("N", "v"))) == Self.received + Self.section + "N: v\r\n")
    }

    @Test(
        "an inserted field counts our own Received",
        arguments: [
            (0, "N: v\r\nReceived: ours\r\nReceived: theirs\r\n"),
            (1, "Received: ours\r\nN: v\r\nReceived: theirs\r\n"),
            (2, "Received: ours\r\nReceived: theirs\r\nN: v\r\nTo: one\r\n"),
        ] as [(UInt32, String)]
    )
    func insert(_ place: UInt32, _ start: String) throws {
        #expect(try self.text(.insert(self.field("N", "v"), at: place)).hasPrefix(start))
    }

    @Test("a place beyond the end is the end", arguments: [6, 7, 1000, UInt32.max])
    func insertAtEnd(_ place: UInt32) throws {
        #expect(try self.text(.insert(self.field("N", "v"), at: place)).hasSuffix("X: y\r\nN: v\r\n"))
    }

    @Test("a changed field counts those of its name that were shown; 0 is 1")
    func change() throws {
        for number in [0, 1] as [UInt32] {
            let text = try self.text(.change(self.field("received", "v"), number))
            #expect(text.hasPrefix("Received: ours\r\nreceived: v\r\nTo: one\r\n"))
        }
        let second = try self.text(.change(self.field("To", "v"), 2))
        #expect(second == Self.received + "Received: theirs\r\nTo: one\r\nSubject: s\r\nTo: v\r\nX: y\r\n")
    }

    @Test("a number beyond the last of a name adds")
    func changeBeyond() throws {
        #expect(try self.text(.change(self.field("To", "v"), 3)) == Self.received + Self.section + "To: v\r\n")
        #expect(try self.text(.change(self.field("Received", "v"), 2)).hasSuffix("X: y\r\nReceived: v\r\n"))
        #expect(try self.text(.change(self.field("New", "v"), UInt32.max)).hasSuffix("X: y\r\nNew: v\r\n"))
    }

    @Test("a deleted field is not counted any more")
    func delete() throws {
        let to = Array("To".utf8)
        #expect(
            try self.text(.delete(to, 1)) == Self.received
                + "Received: theirs\r\nSubject: s\r\nto: two\r\n\tfolded\r\nX: y\r\n"
        )
        #expect(
            try self.text(.delete(to, 1), .delete(to, 1)) == Self.received
                + "Received: theirs\r\nSubject: s\r\nX: y\r\n"
        )
        #expect(try self.text(.delete(to, 3)) == Self.received + Self.section)
        #expect(try self.text(.delete(Array("Received".utf8), 1)).hasPrefix("Received: ours\r\nTo: one\r\n"))
    }

    @Test("the values that a filter sees")
    func fields() throws {
        let section = "A: one\r\nB:  two\r\nC:no\r\nD:\r\n\tfolded\r\n more\r\nE :\tx\r\nnot a field\r\n"
        let header = MilterHeader(try HeaderSection(parsing: Array(section.utf8)))
        func values(_ hasLeadingSpace: Bool) -> [String] {
            header.fields(hasLeadingSpace: hasLeadingSpace).map { String(decoding: $0.value, as: UTF8.self) }
        }
        #expect(values(true) == [" one", "  two", "no", "\n\tfolded\n more", "\tx"])
        #expect(values(false) == ["one", " two", "no", "\n\tfolded\n more", "\tx"])
        #expect(try self.header().fields(hasLeadingSpace: true).count == 5)
    }

    @Test("what a filter gives back unchanged is unchanged", arguments: [true, false])
    func roundTrip(_ hasLeadingSpace: Bool) throws {
        let section = "A: one\r\nB:  two\r\n\tfolded\r\nC: \tx\r\n"
        let header = MilterHeader(try HeaderSection(parsing: Array(section.utf8)))
        let back = header.fields(hasLeadingSpace: hasLeadingSpace).flatMap {
            $0.octets(hasLeadingSpace: hasLeadingSpace)
        }
        #expect(String(decoding: back, as: UTF8.self) == section)
    }

    @Test(
        "a value cannot begin another field or end the section",
        arguments: [
            ("a\nb", "X: a\r\n\tb\r\n"), ("a\r\n b", "X: a\r\n b\r\n"), ("a\r\n\r\nBcc: x", "X: a\r\n\tBcc: x\r\n"),
            ("a\n\n \nb\n", "X: a\r\n\tb\r\n"), ("\n\tb", "X: \r\n\tb\r\n"), ("a\rb", "X: a\r\n\tb\r\n"),
            ("", "X: \r\n"),
        ]
    )
    func injection(_ value: String, _ expected: String) {
        #expect(String(decoding: self.field("X", value).octets(hasLeadingSpace: false), as: UTF8.self) == expected)
    }

    @Test("a section that was cut off gets its last line ending")
    func cutOff() throws {
        var header = MilterHeader(try HeaderSection(parsing: Array("A: b".utf8)))
        header.apply(.add(self.field("N", " v")), hasLeadingSpace: true)
        #expect(String(decoding: header.octets, as: UTF8.self) == "A: b\r\nN: v\r\n")
    }

    @Test("recipients come and go")
    func recipients() throws {
        func path(_ text: String) throws -> ForwardPath { try ForwardPath(parsing: text) }
        var session = try MilterSession.agreed()
        try session.runToEndOfMessage()
        for packet in [
            Filter.packet("-", "<b@EXAMPLE.org>\0"), Filter.packet("+", "<c@example.org>\0"),
            Filter.packet("+", "<a@example.org>\0"), Filter.packet("2", "<d@example.org>\u{0}NOTIFY=NEVER\0"),
            Filter.packet("-", "<nobody@example.org>\0"), Filter.packet("c"),
        ] {
            _ = try session.receive(packet)
        }
        let result = session.modifications.recipients(
            from: [(try path("a@example.org"), "old"), (try path("b@example.org"), "old")],
            path: { $0.0 },
            make: { ($0, $1) }
        )
        #expect(result.map(\.0) == [try path("a@example.org"), try path("c@example.org"), try path("d@example.org")])
        #expect(result.map(\.1) == ["old", "", "NOTIFY=NEVER"])
    }
}
