import AuthenticationProtocols
import Testing

@Suite("Lines of Dovecot's authentication protocol")
struct DovecotLineTests {
    @Test("a line is a command and its parameters")
    func parses() throws {
        let line = try DovecotLine(parsing: Array("AUTH\t1\tPLAIN\tservice=smtp\tsecured\tlip=\tresp=AA==".utf8))
        #expect(line.command == .authenticate)
        #expect(line.parameters.count == 6)
        #expect(line.value(of: "service") == Array("smtp".utf8))
        #expect(line.value(of: "lip") == [])
        #expect(line.value(of: "resp") == Array("AA==".utf8))
        #expect(line.value(of: "rip") == nil)
        #expect(line.contains("secured"))
        #expect(!line.contains("service"))
    }

    @Test("the octets that would break a line are escaped", arguments: [0x00, 0x01, 0x09, 0x0A, 0x0D] as [UInt8])
    func escapes(octet: UInt8) throws {
        let line = DovecotLine(.succeeded, [[0x61, octet, 0x62], [octet]])
        let encoded = line.encoded
        #expect(encoded.last == 0x0A)
        #expect(encoded.dropLast().allSatisfy { $0 != 0x0A && $0 != 0x00 && $0 != 0x0D })
        #expect(encoded.count { $0 == 0x09 } == 2)
        #expect(try DovecotLine(parsing: encoded.dropLast()) == line)
    }

    @Test("an escape of anything else is that, and one of nothing is nothing")
    func unknownEscapes() throws {
        #expect(try DovecotLine(parsing: [0x41, 0x01, 0x42, 0x01]).command == DovecotLine.Command("AB"))
    }

    @Test("the command's octets are compared: letters that only look alike are others")
    func kelvin() throws {
        #expect(try DovecotLine(parsing: Array("O\u{212A}\t1".utf8)).command != .succeeded)
    }

    @Test("parameters are bounded")
    func tooMany() throws {
        let many = Array("X".utf8) + Array(repeating: 0x09, count: DovecotLine.maximumParameters)
        #expect(try DovecotLine(parsing: many).parameters.count == DovecotLine.maximumParameters)
        #expect(throws: ProtocolFault.self) { try DovecotLine(parsing: many + [0x09]) }
    }

    @Test(
        "numbers have 32 bits",
        arguments: [
            ("0", 0), ("1", 1), ("4294967295", 4_294_967_295), ("4294967296", nil), ("99999999999", nil), ("", nil),
            ("-1", nil), ("+1", nil), ("1 ", nil), ("0x1", nil),
        ] as [(String, UInt32?)]
    )
    func numbers(text: String, value: UInt32?) {
        #expect(DovecotLine.number(Array(text.utf8)) == value)
    }

    @Test("lines are the same however the octets are cut", arguments: [1, 2, 3, 7, 1000])
    func cuts(size: Int) {
        let octets = Array("VERSION\t1\t1\n\nCPID\t7\nrest".utf8)
        var decoder = DovecotLineDecoder()
        var lines: [DovecotLineDecoder.Line] = []
        for start in stride(from: 0, to: octets.count, by: size) {
            lines += decoder.receive(octets[start..<min(start + size, octets.count)])
        }
        #expect(lines == ["VERSION\t1\t1", "", "CPID\t7"].map { .whole(Array($0.utf8)) })
    }

    @Test("a line that is too long is cut off, and the next one is whole")
    func overlong() {
        var decoder = DovecotLineDecoder(maximumOctets: 4)
        #expect(decoder.receive("abcd\nabcde".utf8) == [.whole(Array("abcd".utf8))])
        #expect(decoder.receive("fgh\nij\n".utf8) == [.overlong(Array("abcd".utf8)), .whole(Array("ij".utf8))])
    }
}
