import GatepostModel
import Testing

@Suite("Moments")
struct TimestampTests {
    @Test(
        "print as RFC 3339 in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_795_521_600_123, "2026-11-24T12:00:00.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func description(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test("arithmetic stops at the ends of the range")
    func saturation() {
        #expect(Timestamp(milliseconds: .max) + .seconds(1) == Timestamp(milliseconds: .max))
        #expect(Timestamp(milliseconds: .min) - .seconds(1) == Timestamp(milliseconds: .min))
        #expect(Timestamp(milliseconds: 5) + .seconds(Int64.max) == Timestamp(milliseconds: .max))
        #expect(Timestamp(milliseconds: .max) - Timestamp(milliseconds: .min) == .milliseconds(Int64.max))
        #expect(noon + .milliseconds(1500) - noon == .milliseconds(1500))
        #expect(Timestamp(milliseconds: -1).secondsSince1970 == -1)
        #expect(!Timestamp(milliseconds: .min).description.isEmpty)
    }
}

@Suite("Message identifiers")
struct MessageIdentifierTests {
    @Test("text and value are the same thing", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(_ seed: UInt64) throws {
        var generator = SystemRandomNumberGenerator()
        let moment = Timestamp(milliseconds: Int64(seed) * 20_000_000_000)
        let identifier = MessageIdentifier(created: moment, using: &generator)
        #expect(identifier.description.utf8.count == 22)
        #expect(MessageIdentifier(identifier.description) == identifier)
        #expect(MessageIdentifier(identifier.description.uppercased()) == identifier)
    }

    @Test("what was made later sorts later, as value and as text")
    func order() {
        let early = MessageIdentifier(created: noon, random: Array(repeating: 0xff, count: 9))
        let late = MessageIdentifier(created: noon + .milliseconds(1), random: Array(repeating: 0, count: 9))
        #expect(early < late)
        #expect(early.description < late.description)
    }

    @Test("nothing else is an identifier", arguments: ["", "0", "w" + String(repeating: "0", count: 21), "ä", "../x"])
    func malformed(_ text: String) {
        #expect(MessageIdentifier(text) == nil)
    }

    @Test("all random octets count")
    func randomness() {
        let identifiers = (0..<9).flatMap { place in
            (0..<8).map { bit -> MessageIdentifier in
                var octets = [UInt8](repeating: 0, count: 9)
                octets[place] = 1 << bit
                return MessageIdentifier(created: noon, random: octets)
            }
        }
        // 72 bits are given, 68 are used: the upper two of either part fall away.
        #expect(Set(identifiers).count >= 68)
    }
}
