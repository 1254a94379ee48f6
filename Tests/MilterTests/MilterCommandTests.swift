import MailSyntax
import Milter
import Testing

@Suite("Milter commands")
struct MilterCommandTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var command: MilterCommand
        var code: Character
        var data: String
        var testDescription: String { "\(self.code) \(self.data.debugDescription)" }
    }

    private static func vectors() throws -> [Vector] {
        let address = IPAddress(v4: 0xC000_0207)
        let mapped = try #require(IPAddress("::ffff:192.0.2.7"))
        let six = try #require(IPAddress("2001:db8::7"))
        let mailbox = try Mailbox(parsing: "alice@example.org")
        return [
            Vector(
                command: .connect(name: "c.example", .network(address, port: 258)),
                code: "C",
                data: "c.example\u{0}4\u{1}\u{2}192.0.2.7\0"
            ),
            Vector(
                command: .connect(name: "c.example", .network(mapped, port: 258)),
                code: "C",
                data: "c.example\u{0}4\u{1}\u{2}192.0.2.7\0"
            ),
            Vector(
                command: .connect(name: "[x]", .network(six, port: 25)),
                code: "C",
                data: "[x]\u{0}6\u{0}\u{19}2001:db8::7\0"
            ),
            Vector(command: .connect(name: "h", .local(path: "/s")), code: "C", data: "h\u{0}L\u{0}\u{0}/s\0"),
            Vector(command: .connect(name: "h", .unknown), code: "C", data: "h\u{0}U"),
            Vector(command: .helo("h"), code: "H", data: "h\0"),
            Vector(command: .mail(.null, parameters: []), code: "M", data: "<>\0"),
            Vector(
                command: .mail(.mailbox(mailbox), parameters: ["SIZE=5", "BODY=8BITMIME"]),
                code: "M",
                data: "<alice@example.org>\u{0}SIZE=5\u{0}BODY=8BITMIME\0"
            ),
            Vector(
                command: .recipient(.mailbox(mailbox), parameters: ["NOTIFY=NEVER"]),
                code: "R",
                data: "<alice@example.org>\u{0}NOTIFY=NEVER\0"
            ),
            Vector(command: .data, code: "T", data: ""),
            Vector(command: .header(name: Array("To".utf8), value: Array(" b".utf8)), code: "L", data: "To\u{0} b\0"),
            // A NUL in a value would end it there, and make the rest another string.
            Vector(command: .header(name: Array("X".utf8), value: [0x61, 0, 0x62]), code: "L", data: "X\u{0}a?b\0"),
            Vector(command: .endOfHeaders, code: "N", data: ""),
            Vector(command: .body(Array("x\r\n".utf8)), code: "B", data: "x\r\n"),
            Vector(command: .endOfMessage, code: "E", data: ""),
            Vector(command: .unknown(Array("XYZZY".utf8)), code: "U", data: "XYZZY\0"),
            Vector(command: .abort, code: "A", data: ""),
            Vector(command: .quit, code: "Q", data: ""),
            Vector(command: .quitForNewConnection, code: "K", data: ""),
        ]
    }

    @Test("each command has the octets of mfdef.h's layout")
    func layout() throws {
        for vector in try Self.vectors() {
            #expect(vector.command.packet() == Filter.packet(vector.code, vector.data), "\(vector.testDescription)")
        }
    }

    @Test("the offer has version, actions and steps")
    func offer() {
        let packet = MilterCommand.negotiate(MilterOptions()).packet()
        #expect(packet == Filter.packet("O", [0, 0, 0, 6, 0, 0, 0x01, 0xFF, 0, 0x1F, 0xFF, 0xFF]))
    }

    @Test("a field is cut so that libmilter takes its packet")
    func longField() {
        let command = MilterCommand.header(name: Array("Subject".utf8), value: [UInt8](repeating: 0x61, count: 70_000))
        #expect(command.packet().data.count == 65_535)
        #expect(command.packet().data.last == 0)
        #expect(MilterOptions(steps: [.data256K]).maximumDataOctets == 262_143)
        #expect(command.packet(maximumDataOctets: 262_143).data.count == 70_009)
        let name = MilterCommand.header(name: [UInt8](repeating: 0x61, count: 70_000), value: [0x62])
        #expect(name.packet().data.count == 65_535)
    }
}
