import GatepostModel
import GatepostServer
import SASL
import Testing

@Suite("Files of breached passwords")
struct BreachedPasswordFileTests {
    /// Builds from the lines of a list and asks the file.
    private func withFile(
        _ list: String,
        bits: Int = 14,
        _ body: (BreachedPasswordFile, BreachedPasswordBuilder.Report) throws -> Void
    ) throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/list"
        try LocalFile.create(path, Array(list.utf8), mode: 0o600)
        let report = try BreachedPasswordBuilder.build(from: path, to: "\(path).filter", bits: bits)
        try body(try BreachedPasswordFile(path: "\(path).filter"), report)
    }

    @Test("hashes in any order and case, with counts, passwords in clear text, blank lines, CRLF")
    func mixed() throws {
        // SHA-1 of "password" and "123456".
        let list = """
            5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365
            7c4a8d09ca3762af61e59520943dc26494f8941b

            letmein\r
            5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365
            pässwörter
            """
        try self.withFile(list) { file, report throws in
            #expect(report.passwords == 4)
            for password in ["password", "123456", "letmein", "pässwörter"] {
                #expect(try file.contains(Secret(password)), "\(password)")
            }
            for password in ["Password", "letmein\r", "", "correct horse battery staple"] {
                #expect(try !file.contains(Secret(password)), "\(password)")
            }
        }
    }

    @Test("a sorted list gives the same file as the same list unsorted")
    func sorted() throws {
        let heads = (0..<3000).map { BreachedPasswordSet.head(of: "p\($0)".utf8) }
        func line(_ head: UInt64) -> String {
            let digits = String(head, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits + String(repeating: "0", count: 24) + ":1"
        }
        var results: [BreachedPasswordBuilder.Report] = []
        for order in [heads.sorted(), heads] {
            try self.withFile(order.map(line).joined(separator: "\n"), bits: 10) { file, report throws in
                results.append(report)
                for number in [0, 1, 1500, 2999] { #expect(try file.contains(Secret("p\(number)"))) }
                let misses = try (0..<4000).filter { try file.contains(Secret("q\($0)")) }.count
                #expect(misses < 20, "one in 1,024 of 4,000 are four")
            }
        }
        #expect(results[0] == results[1])
        #expect(results[0].octets < 3000 * 12 / 8 + 3000 / 256 * 16 + 200)
        #expect(results[0].falsePositiveOneIn == 1024)
    }

    @Test("an empty list and impossible bits are refused; a file that is cut off is not opened")
    func faults() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/list"
        try LocalFile.create(path, Array("\n\n".utf8), mode: 0o600)
        #expect(throws: BreachedPasswordBuilder.Failure.self) {
            try BreachedPasswordBuilder.build(from: path, to: "\(path).filter", bits: 14)
        }
        #expect(throws: BreachedPasswordBuilder.Failure.self) {
            try BreachedPasswordBuilder.build(from: path, to: "\(path).filter", bits: 25)
        }
        #expect(throws: BreachedPasswordFile.Failure.self) { try BreachedPasswordFile(path: path) }
        let good = "\(directory.path)/good"
        try LocalFile.create(good, Array("letmein\nsecret\n".utf8), mode: 0o600)
        _ = try BreachedPasswordBuilder.build(from: good, to: "\(good).filter", bits: 14)
        let octets = try LocalFile.read("\(good).filter")
        try LocalFile.create("\(good).cut", octets.dropLast(), mode: 0o600)
        #expect(throws: BreachedPasswordFile.Failure.self) { try BreachedPasswordFile(path: "\(good).cut") }
    }
}
