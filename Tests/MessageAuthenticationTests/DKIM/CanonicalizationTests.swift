import MailSyntax
import Testing

@testable import MessageAuthentication

@Suite("DKIM canonicalization, RFC 6376 §3.4")
struct CanonicalizationTests {
    private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("the RFC's example, §3.4.5")
    func example() throws {
        let fields = try HeaderSection(parsing: octets("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n")).fields
        #expect(fields.flatMap { DKIM.Canonicalization.Form.relaxed.canonicalize($0) } == octets("a:X\r\nb:Y Z\r\n"))
        #expect(
            fields.flatMap { DKIM.Canonicalization.Form.simple.canonicalize($0) }
                == octets("A: X\r\nB : Y\t\r\n\tZ  \r\n")
        )
        let body = octets(" C \r\nD \t E\r\n\r\n\r\n")
        #expect(DKIM.Canonicalization.Form.relaxed.canonicalize(body: body) == octets(" C\r\nD E\r\n"))
        #expect(DKIM.Canonicalization.Form.simple.canonicalize(body: body) == octets(" C \r\nD \t E\r\n"))
    }

    static let endCases: [(String, String, String)] = [
        ("", "\r\n", ""),
        ("\r\n", "\r\n", ""),
        ("\r\n\r\n\r\n", "\r\n", ""),
        ("a", "a\r\n", "a\r\n"),
        ("a\r\n", "a\r\n", "a\r\n"),
        (" \t", " \t\r\n", ""),
        (" \r\n\t\r\n", " \r\n\t\r\n", ""),
        ("\r\na", "\r\na\r\n", "\r\na\r\n"),
        ("a \r", "a \r\r\n", "a \r\r\n"),
        ("a\nb", "a\nb\r\n", "a\nb\r\n"),
        ("a\r\rb\r", "a\r\rb\r\r\n", "a\r\rb\r\r\n"),
        ("\r\r\n", "\r\r\n", "\r\r\n"),
        ("a\t\r\n\r\n b", "a\t\r\n\r\n b\r\n", "a\r\n\r\n b\r\n"),
        ("a  b\tc", "a  b\tc\r\n", "a b c\r\n"),
    ]

    @Test("ends and empty bodies", arguments: CanonicalizationTests.endCases)
    func ends(body: String, simple: String, relaxed: String) {
        #expect(DKIM.Canonicalization.Form.simple.canonicalize(body: octets(body)) == octets(simple))
        #expect(DKIM.Canonicalization.Form.relaxed.canonicalize(body: octets(body)) == octets(relaxed))
    }

    /// Written from the RFC's words, line by line, with the whole body in memory.
    private func reference(_ body: [UInt8], relaxed: Bool) -> [UInt8] {
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < body.count {
            if body[index] == 0x0D, index + 1 < body.count, body[index + 1] == 0x0A {
                lines.append([])
                index += 2
            } else {
                lines[lines.count - 1].append(body[index])
                index += 1
            }
        }
        if relaxed {
            lines = lines.map { line in
                var result: [UInt8] = []
                for octet in line {
                    let isSpace = octet == 0x20 || octet == 0x09
                    if isSpace, result.last == 0x20 { continue }
                    result.append(isSpace ? 0x20 : octet)
                }
                if result.last == 0x20 { result.removeLast() }
                return result
            }
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if lines.isEmpty { return relaxed ? [] : [0x0D, 0x0A] }
        return lines.flatMap { $0 + [0x0D, 0x0A] }
    }

    @Test("any body, cut anywhere, is what the RFC's words make of it")
    func chunks() {
        var generator = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x20, 0x09, 0x61, 0x62, 0x00, 0x80, 0xFF, 0x1F, 0x21]
        for round in 0..<1000 {
            var body: [UInt8] = []
            while body.count < round % 60 {
                if Int.random(in: 0..<4, using: &generator) == 0 { body += [0x0D, 0x0A] }
                if Int.random(in: 0..<9, using: &generator) == 0 { body += Array("0123456789abcdef".utf8) }
                body.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
            }
            for form in DKIM.Canonicalization.Form.allCases {
                var canonicalizer = BodyCanonicalizer(form)
                var sink = OctetCollector()
                var rest = body[...]
                while !rest.isEmpty {
                    let chunk = Array(rest.prefix(Int.random(in: 1...20, using: &generator)))
                    rest = rest.dropFirst(chunk.count)
                    chunk.withUnsafeBytes { canonicalizer.receive($0, &sink) }
                }
                canonicalizer.finish(&sink)
                let expected = self.reference(body, relaxed: form == .relaxed)
                #expect(sink.octets == expected, "\(form): \(body)")
                #expect(form.canonicalize(body: expected) == expected, "not stable: \(form): \(body)")
            }
        }
    }

    @Test("a header field in the relaxed form is stable")
    func stable() throws {
        let field = try #require(HeaderField(octets: octets("SUBJECT \t: \t a\r\n  b \t c\r\n \r\n")))
        let once = DKIM.Canonicalization.Form.relaxed.canonicalize(field)
        #expect(once == octets("subject:a b c\r\n"))
        let again = try #require(HeaderField(octets: once))
        #expect(DKIM.Canonicalization.Form.relaxed.canonicalize(again) == once)
    }

    @Test("a last field without its CRLF gets one")
    func lastField() throws {
        let field = try #require(HeaderField(octets: octets("A: b")))
        #expect(DKIM.Canonicalization.Form.simple.canonicalize(field) == octets("A: b\r\n"))
    }

    @Test("c= has one or two words")
    func value() {
        #expect(DKIM.Canonicalization(parsing: "relaxed") == .init(header: .relaxed, body: .simple))
        #expect(DKIM.Canonicalization(parsing: "simple/relaxed") == .init(header: .simple, body: .relaxed))
        for text in ["", "relaxed/", "/relaxed", "nowsp", "relaxed/simple/x", "Relaxed"] {
            #expect(DKIM.Canonicalization(parsing: text) == nil)
        }
    }
}
