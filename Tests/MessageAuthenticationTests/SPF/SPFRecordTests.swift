import MessageAuthentication
import Testing

@Suite("SPF records, RFC 7208 §4.6, §12")
struct SPFRecordTests {
    @Test(
        "a record that was read is written as it was",
        arguments: [
            "v=spf1", "v=spf1 -all", "v=spf1 a mx:a.example/24//64 ~ptr -include:%{d2}.x.example ?all",
            "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{ir}.%{l1r+-}._spf.example.org redirect=a.example",
            "v=spf1 +a/0//0 exp=why.example foo=bar.%{s}",
        ]
    )
    func roundTrip(_ text: String) throws {
        let record = try SPF.Record(parsing: text)
        #expect(record.description == text)
        #expect(try SPF.Record(parsing: record.description) == record)
    }

    @Test(
        "one bad term spoils the record, wherever it stands",
        arguments: [
            "v=spf1 -all moo", "v=spf1 a:", "v=spf1 a:nodot", "v=spf1 a:x.111", "v=spf1 a/33", "v=spf1 a//129",
            "v=spf1 a/032", "v=spf1 ip4:1.2.3", "v=spf1 ip4:1.2.3.4/33", "v=spf1 ip6:1.2.3.4", "v=spf1 all:x",
            "v=spf1 include", "v=spf1 exists:%{z}.x", "v=spf1 a:%{d0}", "v=spf1 a:%{d", "v=spf1 a:%x.example",
            "v=spf1 exp=%{c}.x.example", "v=spf1 redirect=a.b redirect=a.b", "v=spf1 1x=y", "v=spf1 a\tb",
            "v=spf1 \u{E9}=x", "v=spf1 --all", "v=spf1 ptr/24", "v=spf1 =x",
        ]
    )
    func bad(_ text: String) {
        #expect(throws: SPF.SyntaxError.self) { try SPF.Record(parsing: text) }
    }

    @Test("what begins otherwise is no record", arguments: ["v=spf10 -all", "v=spf1-all", "v=spf", " v=spf1", ""])
    func none(_ text: String) {
        #expect(!SPF.Record.isRecord(Array(text.utf8)))
    }

    @Test("a fault names the term, without octets that could harm a log")
    func fault() {
        do throws(SPF.SyntaxError) {
            _ = try SPF.Record(parsing: Array("v=spf1 a:\u{1B}[31m.example -all".utf8))
            Issue.record("it was read")
        } catch {
            #expect(error.term == "a:?[31m.example")
        }
    }
}
