import MessageAuthentication
import Testing

@Suite("Tag lists, RFC 6376 §3.2")
struct TagListTests {
    private func list(_ text: String) throws -> TagList { try TagList(parsing: Array(text.utf8)) }

    @Test("reads names and values without the white space around them")
    func reads() throws {
        let list = try self.list(" v = DKIM1 ;\r\n\tp=ab\r\n cd ; n=; x_1= a=b ;")
        #expect(list.tags.map(\.name) == ["v", "p", "n", "x_1"])
        #expect(list["v"]?.text == "DKIM1")
        #expect(list["p"]?.compact == Array("abcd".utf8))
        #expect(list["n"]?.value == [])
        #expect(list["x_1"]?.text == "a=b")
        #expect(list["V"] == nil)
    }

    @Test("knows where values stand")
    func ranges() throws {
        let text = Array("a=1; b= xy ; c=2".utf8)
        let tag = try #require(try TagList(parsing: text)["b"])
        #expect(text[tag.range].elementsEqual(" xy ".utf8))
    }

    @Test(
        "refuses what is no list",
        arguments: [
            ("", TagList.Fault.emptyTag), (" ", .emptyTag), (";", .emptyTag), ("a=1;;b=2", .emptyTag),
            ("a", .missingEquals),
            ("a=1;b", .missingEquals), ("=1", .invalidName), ("1a=1", .invalidName), ("a b=1", .invalidName),
            ("ü=1", .invalidName), ("a=1;a=2", .duplicate(name: "a")), ("a=\u{1}", .invalidValue(name: "a")),
            ("a=x\ny", .invalidValue(name: "a")), ("a=x\r\ny", .invalidValue(name: "a")),
            ("a=x\ry", .invalidValue(name: "a")),
        ]
    )
    func refuses(text: String, fault: TagList.Fault) {
        #expect(throws: fault) { try self.list(text) }
    }

    @Test("has a bound")
    func bound() {
        let text = (0...TagList.maximumTags).map { "t\($0)=1" }.joined(separator: ";")
        #expect(throws: TagList.Fault.tooManyTags) { try self.list(text) }
    }

    @Test("numbers keep within their digits and saturate")
    func numbers() throws {
        let list = try self.list("a=12;b=1x;c=;d=99999999999999999999999;e=-1;f=0000000000001")
        #expect(list["a"]?.number(maximumDigits: 12) == 12)
        #expect(list["b"]?.number(maximumDigits: 12) == nil)
        #expect(list["c"]?.number(maximumDigits: 12) == nil)
        #expect(list["d"]?.number(maximumDigits: 76) == .max)
        #expect(list["d"]?.number(maximumDigits: 12) == nil)
        #expect(list["e"]?.number(maximumDigits: 12) == nil)
        #expect(list["f"]?.number(maximumDigits: 12) == nil)
    }
}
