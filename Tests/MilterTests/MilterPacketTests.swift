import Milter
import Testing

@Suite("Milter packets")
struct MilterPacketTests {
    private static let packets = [
        Filter.packet("c"), Filter.packet("y", "550 5.7.1 no\0"), Filter.packet("b", [UInt8](repeating: 7, count: 300)),
        Filter.packet("p"),
    ]

    @Test("a length in network order counts the code and the data")
    func layout() {
        #expect(Filter.packet("c").octets == [0, 0, 0, 1, 0x63])
        #expect(Filter.packet("y", "ab").octets == [0, 0, 0, 3, 0x79, 0x61, 0x62])
    }

    @Test("packets do not depend on how their octets arrive", arguments: [1, 2, 3, 5, 7, 64, 1000])
    func pieces(_ size: Int) throws {
        let octets = Self.packets.flatMap(\.octets)
        var decoder = MilterPacketDecoder()
        var found: [MilterPacket] = []
        for start in stride(from: 0, to: octets.count, by: size) {
            decoder.receive(octets[start..<min(start + size, octets.count)])
            while let packet = try decoder.next() { found.append(packet) }
        }
        #expect(found == Self.packets)
        #expect(!decoder.isInsidePacket)
    }

    @Test("a packet of nothing has no code")
    func empty() throws {
        var decoder = MilterPacketDecoder()
        decoder.receive([0, 0, 0, 0, 0, 0, 0, 1, 0x63])
        #expect(throws: MilterFailure(.emptyPacket)) { try decoder.next() }
        // What follows cannot be trusted to begin at a packet.
        #expect(throws: MilterFailure(.emptyPacket)) { try decoder.next() }
    }

    @Test(
        "too long a packet is known by its length alone",
        arguments: [[0, 0, 0, 9], [0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]]
    )
    func tooLong(_ length: [UInt8]) throws {
        var decoder = MilterPacketDecoder(maximumOctets: 8)
        decoder.receive(length.dropLast())
        #expect(try decoder.next() == nil)
        decoder.receive(length.suffix(1))
        #expect(throws: MilterFailure(.packetTooLarge)) { try decoder.next() }
        decoder.receive([UInt8](repeating: 0x63, count: 100))
        #expect(!decoder.isInsidePacket)
    }

    @Test("the longest allowed packet passes")
    func longest() throws {
        var decoder = MilterPacketDecoder(maximumOctets: 8)
        decoder.receive([0, 0, 0, 8] + "b1234567".utf8)
        #expect(try decoder.next() == Filter.packet("b", "1234567"))
    }
}
