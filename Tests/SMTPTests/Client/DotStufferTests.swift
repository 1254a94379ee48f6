import SMTP
import Testing

@Suite("Dot-stuffing, RFC 5321 §4.5.2")
struct DotStufferTests {
    static let good: [(content: String, sent: String)] = [
        ("", ".\r\n"),
        ("a\r\n", "a\r\n.\r\n"),
        ("a", "a\r\n.\r\n"),
        (".", "..\r\n.\r\n"),
        (".\r\n", "..\r\n.\r\n"),
        ("..\r\n", "...\r\n.\r\n"),
        ("\r\n", "\r\n.\r\n"),
        ("\r\n.\r\n", "\r\n..\r\n.\r\n"),
        ("a.\r\nb.c\r\n", "a.\r\nb.c\r\n.\r\n"),
        ("long enough for words\r\n.hidden\r\n\r\n..\r\n", "long enough for words\r\n..hidden\r\n\r\n...\r\n.\r\n"),
        ("grüße, 12345678901234567890\r\n.ä", "grüße, 12345678901234567890\r\n..ä\r\n.\r\n"),
    ]

    @Test("adds the dots and the end, in chunks of any length", arguments: good)
    func encodes(_ content: String, _ sent: String) throws {
        let octets = Array(content.utf8)
        for length in 1...max(1, octets.count) {
            var stuffer = DotStuffer()
            var encoded: [UInt8] = []
            var start = 0
            while start < octets.count {
                let end = min(start + length, octets.count)
                encoded += try stuffer.encode(Array(octets[start..<end]))
                start = end
            }
            encoded += Array("\(try stuffer.terminator())".utf8)
            #expect(String(decoding: encoded, as: UTF8.self) == sent, "chunks of \(length)")
            #expect(stuffer.octets == octets.count)
            #expect(stuffer.isEightBit == octets.contains { $0 > 127 })
        }
    }

    static let bad: [(content: String, kind: BareLineEnding.Kind, offset: Int)] = [
        ("\n", .lineFeed, 0),
        ("a\nb\r\n", .lineFeed, 1),
        ("a\r\n\n", .lineFeed, 3),
        ("\r", .carriageReturn, 0),
        ("a\rb\r\n", .carriageReturn, 1),
        ("a\r\r\n", .carriageReturn, 1),
        ("a\r\n\r", .carriageReturn, 3),
        ("0123456789\n0123456789\r\n", .lineFeed, 10),
        ("0123456789\r\n.\n", .lineFeed, 13),
        ("01234567\r.\r\n", .carriageReturn, 8),
    ]

    @Test("names a bare CR or LF and its place", arguments: bad)
    func refuses(_ content: String, _ kind: BareLineEnding.Kind, _ offset: Int) {
        for length in 1...content.utf8.count {
            var stuffer = DotStuffer()
            let error = #expect(throws: BareLineEnding.self) {
                var rest = Array(content.utf8)[...]
                while !rest.isEmpty {
                    _ = try stuffer.encode(Array(rest.prefix(length)))
                    rest = rest.dropFirst(length)
                }
                _ = try stuffer.terminator()
            }
            #expect(error == BareLineEnding(kind: kind, offset: offset), "chunks of \(length)")
        }
    }
}
