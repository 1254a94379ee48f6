import SASL
import Testing

struct SASLprepVector: Sendable, CustomTestStringConvertible {
    var label: String
    var input: String
    /// `nil` where the string must be refused.
    var stored: String?
    var query: String?

    var testDescription: String {
        self.label + ": " + self.input.unicodeScalars.map { "U+" + String($0.value, radix: 16) }.joined(separator: " ")
    }

    private struct OwnFile: Decodable {
        struct Case: Decodable {
            var label, input: String
            var output: String?
        }
        var cases: [Case]
    }

    static let rfc4013 = Vectors.own("rfc4013-saslprep.json", as: OwnFile.self).cases.map {
        SASLprepVector(label: $0.label, input: $0.input, stored: $0.output, query: $0.output)
    }

    private struct SharedFile: Decodable {
        struct Case: Decodable {
            var label, input: String
            var stored, query: String?

            private enum CodingKeys: String, CodingKey {
                case label
                case input = "in"
                case stored = "out"
                case query = "out_query"
            }

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                self.label = try container.decode(String.self, forKey: .label)
                self.input = try container.decode(String.self, forKey: .input)
                self.stored = try container.decodeIfPresent(String.self, forKey: .stored)
                // Where the query has no column of its own it is as the stored string.
                self.query =
                    container.contains(.query)
                    ? try container.decodeIfPresent(String.self, forKey: .query) : self.stored
            }
        }
        var cases: [Case]
    }

    static let shared = Vectors.shared("saslprep.json", absent: SharedFile(cases: [])).cases.map {
        SASLprepVector(label: $0.label, input: $0.input, stored: $0.stored, query: $0.query)
    }
}

@Suite("SASLprep, RFC 4013")
struct SASLprepTests {
    private func prepare(_ input: String, _ purpose: SASLprep.Purpose) -> [Unicode.Scalar]? {
        do {
            // Swift's == on strings is canonical equivalence; preparation is about code points.
            return Array(try SASLprep.prepare(input, for: purpose).unicodeScalars)
        } catch {
            return nil
        }
    }

    @Test("the vectors of the RFC", arguments: SASLprepVector.rfc4013)
    func rfc(_ vector: SASLprepVector) {
        #expect(self.prepare(vector.input, .stored) == vector.stored.map { Array($0.unicodeScalars) })
        #expect(self.prepare(vector.input, .query) == vector.query.map { Array($0.unicodeScalars) })
    }

    @Test(
        "the vectors of others",
        .enabled(if: Vectors.sharedFolderExists, "the shared vectors are not here; set GATEPOST_VECTORS"),
        arguments: SASLprepVector.shared
    )
    func shared(_ vector: SASLprepVector) {
        #expect(self.prepare(vector.input, .stored) == vector.stored.map { Array($0.unicodeScalars) })
        #expect(self.prepare(vector.input, .query) == vector.query.map { Array($0.unicodeScalars) })
    }

    @Test("each kind of refusal has its name")
    func errors() {
        #expect(throws: SASLprepError.prohibitedCharacter) { try SASLprep.prepare("a\u{0}", for: .query) }
        #expect(throws: SASLprepError.prohibitedCharacter) { try SASLprep.prepare("a\u{7F}", for: .query) }
        #expect(throws: SASLprepError.mixedDirections) { try SASLprep.prepare("\u{5D0}a", for: .query) }
        #expect(throws: SASLprepError.unassignedCodePoint) { try SASLprep.prepare("\u{221}", for: .stored) }
        // Unknown to Unicode 3.2, though a later normalisation turns it into characters that 3.2 knows.
        #expect(throws: SASLprepError.unassignedCodePoint) { try SASLprep.prepare("\u{1F100}", for: .stored) }
    }

    @Test("preparing twice is preparing once")
    func idempotent() throws {
        for value in UInt32(0)..<0x3_0000 {
            guard let scalar = Unicode.Scalar(value), let once = self.prepare(String(scalar), .query) else { continue }
            let text = String(String.UnicodeScalarView(once))
            #expect(self.prepare(text, .query) == once, "U+\(String(value, radix: 16))")
        }
    }

    @Test("a password is prepared once for all mechanisms")
    func password() throws {
        let ascii = Secret("pencil")
        #expect(try ascii.preparedPassword() === ascii)
        #expect(try Secret("pe\u{308}ncil").preparedPassword() == Secret("p\u{EB}ncil"))
        #expect(try Secret("\u{1F511}").preparedPassword() == Secret("\u{1F511}"))
        #expect(throws: SASLprepError.empty) { try Secret("").preparedPassword() }
        #expect(throws: SASLprepError.empty) { try Secret("\u{AD}").preparedPassword() }
        #expect(throws: SASLprepError.invalidUTF8) { try Secret([0xC3]).preparedPassword() }
        #expect(throws: SASLprepError.tooLong) { try Secret(Array(repeating: 0xC3, count: 1_025)).preparedPassword() }
        // One character of three octets that becomes eighteen, 33 octets long.
        #expect(throws: SASLprepError.tooLong) {
            try Secret(String(repeating: "\u{3300}", count: 300)).preparedPassword()
        }
    }
}
