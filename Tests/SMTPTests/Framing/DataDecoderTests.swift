import SMTP
import Testing

@Suite("Mail data framing, RFC 5321 §4.1.1.4, §4.5.2")
struct DataDecoderTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var input: [UInt8]
        /// The content; nil where the message is refused and its content does not matter.
        var content: [UInt8]?
        /// What follows the end; nil where the end is not in the input.
        var rest: [UInt8]?

        init(_ input: String, content: String?, rest: String?) {
            self.input = input.wire
            self.content = content?.wire
            self.rest = rest?.wire
        }

        var testDescription: String { String(decoding: self.input, as: UTF8.self).escaped }
    }

    struct Outcome {
        var content: [UInt8] = []
        var rest: [UInt8]?
        var isRefused = false
    }

    private static func decode(_ split: Split, framing: DataDecoder.Framing = .dotTerminated) -> Outcome {
        var decoder = DataDecoder(framing: framing)
        var outcome = Outcome()
        for part in split.parts {
            guard outcome.rest == nil else {
                outcome.rest? += part
                continue
            }
            var kept: [Range<Int>] = []
            let (consumed, isComplete) = part.withUnsafeBytes { decoder.decode($0, kept: &kept) }
            for (range, next) in zip(kept, kept.dropFirst()) { #expect(range.upperBound < next.lowerBound) }
            for range in kept { outcome.content += part[range] }
            if isComplete {
                outcome.rest = Array(part[consumed...])
            } else {
                #expect(consumed == part.count)
            }
        }
        if framing == .counted { decoder.finishCounted() }
        outcome.isRefused = decoder.hasBareLineEnding || decoder.hasNUL
        return outcome
    }

    static let wellFormed = [
        Vector(".\r\n", content: "", rest: ""),
        Vector(".\r\nQUIT\r\n", content: "", rest: "QUIT\r\n"),
        Vector("a\r\n.\r\n", content: "a\r\n", rest: ""),
        Vector("a\r\n\r\nb\r\n.\r\nQUIT\r\n", content: "a\r\n\r\nb\r\n", rest: "QUIT\r\n"),
        Vector("..\r\n.\r\n", content: ".\r\n", rest: ""),
        Vector("...\r\n.\r\n", content: "..\r\n", rest: ""),
        Vector(".a\r\n.\r\n", content: "a\r\n", rest: ""),
        Vector("..a\r\n.\r\n", content: ".a\r\n", rest: ""),
        Vector("a.b\r\n.\r\n", content: "a.b\r\n", rest: ""),
        Vector("a.\r\n.\r\n", content: "a.\r\n", rest: ""),
        Vector("a\r\n..\r\n..\r\n.\r\n", content: "a\r\n.\r\n.\r\n", rest: ""),
        Vector("\r\n.\r\n", content: "\r\n", rest: ""),
        Vector("\r\n\r\n\r\n.\r\n.\r\n", content: "\r\n\r\n\r\n", rest: ".\r\n"),
        Vector("jürgen \u{85}\u{2028}\u{b}\u{c}\r\n.\r\n", content: "jürgen \u{85}\u{2028}\u{b}\u{c}\r\n", rest: ""),
        Vector("a\r\n. \r\n.\r\n", content: "a\r\n \r\n", rest: ""),
        // Not ended yet.
        Vector("", content: "", rest: nil),
        Vector("a", content: "a", rest: nil),
        Vector("a\r\n.", content: "a\r\n", rest: nil),
        Vector("a\r\n.\r", content: "a\r\n", rest: nil),
    ]

    /// A lone CR or LF, or a NUL, beside a dot: what SMTP smuggling lives on (CVE-2023-51764 and its kin). Each is followed by
    /// a command that must not be seen, and by the true end.
    static let smuggling: [Vector] = {
        let endings = [
            "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\r.\n", "\n.\r", "\n\n.\n\n", "\r\r.\r\r",
            "\r\n.\r\r\n", "\r\r\n.\n", "\n\r.\n\r", "\n\r\n.\n", "\r\n\0.\r\n", "\r\n.\0\r\n", "\r\n.\r\0\n",
            "\0\r\n.\n",
            "\r\0\n.\r\0\n", "\n\0.\r\n", "\n.\u{b}\r\n", "\r\n.\n\r\n", "\n.", "\r.",
        ]
        return endings.map {
            Vector(
                "Subject: x\r\n\r\nbody\($0)MAIL FROM:<admin@example.org>\r\n.\r\nNOOP\r\n",
                content: nil,
                rest: "NOOP\r\n"
            )
        }
    }()

    @Test("content and end are the same however they arrive", arguments: wellFormed)
    func frames(_ vector: Vector) {
        for split in Split.all(of: vector.input) {
            let outcome = Self.decode(split)
            #expect(outcome.content == vector.content, "\(split)")
            #expect(outcome.rest == vector.rest, "\(split)")
            #expect(!outcome.isRefused, "\(split)")
        }
    }

    @Test("only <CRLF>.<CRLF> ends mail data, and nothing like it passes", arguments: smuggling)
    func refusesSmuggling(_ vector: Vector) {
        for split in Split.all(of: vector.input) {
            let outcome = Self.decode(split)
            #expect(outcome.isRefused, "\(split)")
            #expect(outcome.rest == vector.rest, "\(split)")
        }
    }

    @Test(
        "the real end is found behind a lone CR or LF",
        arguments: ["\r\r\n.\r\n", "a\n\r\n.\r\n", "a\rb\r\n.\r\n", ".\rx\r\n.\r\n", ".\n\r\n.\r\n", ".\r\r\n.\r\n"]
    )
    func readsOn(_ input: String) {
        for split in Split.all(of: (input + "NOOP\r\n").wire) {
            let outcome = Self.decode(split)
            #expect(outcome.isRefused, "\(split)")
            #expect(outcome.rest == "NOOP\r\n".wire, "\(split)")
        }
    }

    @Test(
        "in a counted chunk a dot is a dot (RFC 3030 §2)",
        arguments: [".\r\n", "..\r\n", "a\r\n.\r\n", "a\r\n.\r\nQUIT\r\n", "", "a", "a\r\n."]
    )
    func counted(_ input: String) {
        for split in Split.all(of: input.wire) {
            let outcome = Self.decode(split, framing: .counted)
            #expect(outcome.content == input.wire, "\(split)")
            #expect(outcome.rest == nil)
            #expect(!outcome.isRefused, "\(split)")
        }
    }

    @Test(
        "a lone CR, LF or NUL in a counted chunk is refused",
        arguments: ["a\nb", "a\rb", "\n", "\r", "a\r", "\r\r\n", "a\0"]
    )
    func countedRefused(_ input: String) {
        for split in Split.all(of: input.wire) {
            #expect(Self.decode(split, framing: .counted).isRefused, "\(split)")
        }
    }

    @Test("every octet but CR, LF and NUL passes unchanged", arguments: UInt8.min...UInt8.max)
    func everyOctet(_ octet: UInt8) {
        guard octet != 0, octet != 0x0a, octet != 0x0d else { return }
        let line: [UInt8] = [0x61, octet, 0x62, 0x0d, 0x0a]
        for split in Split.all(of: line + ".\r\n".wire) {
            let outcome = Self.decode(split)
            #expect(outcome.content == line)
            #expect(outcome.rest == [])
            #expect(!outcome.isRefused)
        }
    }

    /// A slow reading of the same rules, to compare with.
    private static func reference(_ input: [UInt8]) -> Outcome {
        var outcome = Outcome()
        var line: [UInt8] = []
        var index = 0
        while index < input.count {
            line.append(input[index])
            index += 1
            guard line.suffix(2) == [0x0d, 0x0a] else { continue }
            let text = line.dropLast(2)
            if text.contains(0x0d) || text.contains(0x0a) || text.contains(0) { outcome.isRefused = true }
            if line == ".\r\n".wire {
                outcome.rest = Array(input[index...])
                return outcome
            }
            outcome.content += line.first == UInt8(ascii: ".") ? line.dropFirst() : line[...]
            line = []
        }
        return outcome
    }

    @Test("agrees with a reading by the letter on random data", arguments: UInt64(0)..<200)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [0x0d, 0x0a, 0x2e, 0x61, 0x0d, 0x0a, 0]
        let count = seed % 2 == 0 ? 7 : 6
        let length = Int.random(in: 0..<60, using: &generator)
        let input = (0..<length).map { _ in alphabet[Int.random(in: 0..<count, using: &generator)] } + "\r\n.\r\n".wire
        let expected = Self.reference(input)
        for split in Split.all(of: input) {
            let outcome = Self.decode(split)
            #expect(outcome.rest == expected.rest, "\(split) of \(input)")
            #expect(outcome.isRefused == expected.isRefused, "\(split) of \(input)")
            if !expected.isRefused { #expect(outcome.content == expected.content, "\(split) of \(input)") }
        }
    }
}
