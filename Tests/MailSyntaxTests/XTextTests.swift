import MailSyntax
import Testing

@Suite("xtext, RFC 3461 §4")
struct XTextTests {
    @Test(
        "both ways",
        arguments: [
            ("", ""), ("abc", "abc"), ("a+b=c", "a+2Bb+3Dc"), ("a b", "a+20b"), ("QQ314159", "QQ314159"),
            ("\u{7F}\0\r\n", "+7F+00+0D+0A"), ("é", "+C3+A9"), ("~!", "~!"),
        ]
    )
    func bothWays(_ plain: String, _ encoded: String) {
        #expect(XText.encode(plain) == encoded)
        #expect(XText.decode(encoded) == plain)
    }

    @Test(
        "what is no xtext",
        arguments: ["a=b", "a b", "a+2", "a+", "a+2b", "a+2G", "+g0", "é", "a\tb", "a\r\n", "\u{7F}"]
    )
    func refuses(_ text: String) {
        #expect(XText.decode(Array(text.utf8)) == nil)
    }

    @Test("octets that are no UTF-8 decode as octets, not as text")
    func octets() {
        #expect(XText.decode(Array("+FF".utf8)) == [0xFF])
        #expect(XText.decode("+FF") == nil)
    }

    @Test("decoding undoes encoding", arguments: 0..<50)
    func roundTrip(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let octets = generator.octets(0...200)
        #expect(XText.decode(XText.encode(octets)) == octets)
    }
}
