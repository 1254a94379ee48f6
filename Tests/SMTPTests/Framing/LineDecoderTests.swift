import SMTP
import Testing

@Suite("Command line framing, RFC 5321 §2.3.8")
struct LineDecoderTests {
    enum Event: Equatable, Sendable {
        case line(String)
        case tooLong
        case bareLineEnding
    }

    struct Vector: Sendable, CustomTestStringConvertible {
        var input: [UInt8]
        var events: [Event]
        /// Octets left over, or nil when the rest does not matter.
        var rest: String = ""

        init(_ input: String, _ events: [Event], rest: String = "") {
            self.input = input.wire
            self.events = events
            self.rest = rest
        }

        var testDescription: String { String(decoding: self.input, as: UTF8.self).escaped }
    }

    /// The limit is ten octets.
    static let vectors = [
        Vector("", []),
        Vector("NOOP\r\n", [.line("NOOP")]),
        Vector("\r\n", [.line("")]),
        Vector("\r\n\r\n", [.line(""), .line("")]),
        Vector("A\r\nB\r\nC", [.line("A"), .line("B")], rest: "C"),
        Vector("A\r", [], rest: "A\r"),
        Vector("\0\u{7f}\r\n", [.line("\0\u{7f}")]),
        // VT, FF, NEL, LS: no line ends, whatever Swift's Character says.
        Vector("a\u{b}b\u{c}c\r\n", [.line("a\u{b}b\u{c}c")]),
        Vector("\u{85}\u{2028}\r\n", [.line("\u{85}\u{2028}")]),
        // Bare CR and LF.
        Vector("A\nB\r\n", [.bareLineEnding]),
        Vector("\n", [.bareLineEnding]),
        Vector("A\rB\r\n", [.bareLineEnding]),
        Vector("A\r\r\n", [.bareLineEnding]),
        Vector("OK\r\nA\n\r\n", [.line("OK"), .bareLineEnding]),
        Vector("A\n\rB", [.bareLineEnding]),
        // At and over the limit.
        Vector("0123456789\r\n", [.line("0123456789")]),
        Vector("0123456789A\r\nB\r\n", [.tooLong, .line("B")]),
        Vector("0123456789ABCDEFGHIJ\r\n", [.tooLong]),
        Vector("0123456789ABCDEF\r\n0123456789ABCDEF\r\n", [.tooLong, .tooLong]),
        // The rest of a long line is no command, even behind a lone LF or CR.
        Vector("0123456789A\nQUIT\rQUIT\r\nB\r\n", [.tooLong, .line("B")]),
        Vector("0123456789A\r\r\nB\r\n", [.tooLong, .line("B")]),
    ]

    @Test("the same lines however they arrive", arguments: vectors)
    func frames(_ vector: Vector) {
        for split in Split.all(of: vector.input) {
            var decoder = LineDecoder(maximumLineOctets: 10)
            var pending: [UInt8] = []
            var events: [Event] = []
            var isBroken = false
            for part in split.parts where !isBroken {
                pending += part
                isBroken = Self.drain(&decoder, &pending, &events)
            }
            #expect(events == vector.events, "\(split)")
            if !isBroken { #expect(pending == vector.rest.wire, "\(split)") }
        }
    }

    /// - Returns: True when a lone CR or LF ended it.
    private static func drain(_ decoder: inout LineDecoder, _ pending: inout [UInt8], _ events: inout [Event]) -> Bool {
        while true {
            switch pending.withUnsafeBytes({ decoder.next(in: $0) }) {
            case .line(let length):
                events.append(.line(String(decoding: pending[..<length], as: UTF8.self)))
                pending.removeFirst(length + 2)
            case .tooLong(let consumed):
                events.append(.tooLong)
                pending.removeFirst(consumed)
            case .needMore(let consumed):
                pending.removeFirst(consumed)
                return false
            case .bareLineEnding:
                events.append(.bareLineEnding)
                return true
            }
        }
    }

    @Test("an endless line holds no memory")
    func endlessLine() {
        var decoder = LineDecoder(maximumLineOctets: 100)
        var pending: [UInt8] = []
        for _ in 0..<1000 {
            pending += [UInt8](repeating: 0x41, count: 100)
            guard case .needMore(let consumed) = pending.withUnsafeBytes({ decoder.next(in: $0) }) else {
                Issue.record("a line where none is")
                return
            }
            pending.removeFirst(consumed)
            #expect(pending.count <= 101)
        }
    }
}
