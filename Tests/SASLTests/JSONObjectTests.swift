import SASL
import Testing

@Suite("JSON of token servers, RFC 8259")
struct JSONObjectTests {
    @Test("reads texts, numbers and flags; leaves out what is nested")
    func reads() throws {
        let text =
            #" { "a" : "x\"\\\/\n\u00e9\ud83d\ude00" , "b":-1.5e3,"c":true,"d":null,"e":[1,{"f":[]}],"g":{"a":"y"},"n":3600,"m":"59" } "#
        let object = try #require(JSONObject(Array(text.utf8)))
        #expect(object.text("a") == "x\"\\/\né😀")
        #expect(object.members["b"] == .number("-1.5e3"))
        #expect(object.members["c"] == .flag(true))
        #expect(object.members["d"] == .null)
        #expect(object.members["e"] == .nested)
        #expect(object.members["g"] == .nested)
        #expect(object.integer("n") == 3600)
        #expect(object.integer("m") == 59)
        #expect(object.integer("b") == nil)
        #expect(object.text("n") == nil)
    }

    @Test(
        "refuses what is no object",
        arguments: [
            "", "x", "[]", "{", "{}x", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1 "b":2}"#, #"{"a":"x}"#,
            #"{"a":"\x"}"#,
            #"{"a":"\u12"}"#, #"{"a":"\ud800"}"#, #"{"a":"\ud800\u0041"}"#, #"{"a":"\udc00"}"#, #"{"a":tru}"#,
            #"{"a":1,"a":2}"#,
            "{\"a\":\"\u{1}\"}", #"{"a":-}"#, #"{"a":[1,]}"#, #"{1:2}"#,
        ]
    )
    func refuses(_ text: String) {
        #expect(JSONObject(Array(text.utf8)) == nil)
    }

    @Test("depth, members and octets are bounded")
    func bounds() {
        let deep = String(repeating: #"{"a":"#, count: 17) + "1" + String(repeating: "}", count: 17)
        #expect(JSONObject(Array(deep.utf8)) == nil)
        let arrays = #"{"a":"# + String(repeating: "[", count: 100_000)
        #expect(JSONObject(Array(arrays.utf8)) == nil)
        let many = "{" + (0..<300).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
        #expect(JSONObject(Array(many.utf8)) == nil)
        #expect(JSONObject([UInt8](repeating: 0x20, count: 300_000)) == nil)
        #expect(JSONObject(Array("{\"a\":\"".utf8) + [0xff] + Array("\"}".utf8)) == nil)
    }

    @Test("the errors that Google and Dovecot send")
    func bearerErrors() {
        let google = BearerTokenError(
            json: Array(#"{"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}"#.utf8)
        )
        #expect(google == BearerTokenError(status: "401", scope: "https://mail.google.com/"))
        let hostile = BearerTokenError(json: Array(#"{"status":"a\u001b[2Jb\u0085"}"#.utf8))
        #expect(hostile?.status == "a?[2Jb?")
        #expect(BearerTokenError(json: Array(#"{"scope":"x"}"#.utf8)) == nil)
        #expect(BearerTokenError(json: []) == nil)
    }
}
