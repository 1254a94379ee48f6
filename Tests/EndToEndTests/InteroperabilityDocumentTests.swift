import Foundation
import Testing

/// What `Scripts/interoperability` asks for in `GATEPOST_INTEROPERABILITY_STEP`, after the suites have put down their rows.
private let step = ProcessInfo.processInfo.environment["GATEPOST_INTEROPERABILITY_STEP"]
private let page = Program.packageRoot + "/docs/interoperability.md"

@Suite("docs/interoperability.md")
struct InteroperabilityDocumentTests {
    @Test(.enabled(if: step == "write", "Scripts/interoperability write"))
    func `is written from what the tests saw`() throws {
        let rows = try InteroperabilityTable.recorded()
        try #require(!rows.isEmpty)
        try Data(InteroperabilityDocument(rows: rows).text.utf8).write(to: URL(filePath: page))
    }

    @Test(.enabled(if: step == "check", "Scripts/interoperability check"))
    func `promises nothing that did not work in this run`() throws {
        let seen = InteroperabilityDocument(rows: try InteroperabilityTable.recorded())
        let promised = InteroperabilityDocument(text: String(decoding: contents(of: page), as: UTF8.self))
        try #require(!promised.cells.isEmpty)
        #expect(seen.broken(from: promised) == [])
        let unwritten = promised.broken(from: seen)
        if !unwritten.isEmpty {
            print("works, but the page does not say so: run Scripts/interoperability write\n\(unwritten)")
        }
    }

    private static let rows = [
        InteroperabilityRow(
            side: .server,
            counterpart: "curl",
            version: "7.88.1",
            mechanism: "PLAIN",
            right: "yes",
            wrong: "yes",
            cancelled: "yes",
            note: "waits for the challenge"
        ),
        InteroperabilityRow(
            side: .server,
            counterpart: "Exim",
            version: "4.96",
            mechanism: "LOGIN",
            right: "yes",
            wrong: "yes",
            cancelled: "",
            note: ""
        ),
        InteroperabilityRow(
            side: .client,
            counterpart: "Postfix",
            version: "3.7",
            mechanism: "PLAIN",
            right: "yes",
            wrong: "no",
            cancelled: "",
            note: ""
        ),
    ]

    @Test
    func `says the same whatever the order of the rows`() {
        #expect(
            InteroperabilityDocument(rows: Self.rows).text == InteroperabilityDocument(rows: Self.rows.reversed()).text
        )
    }

    @Test
    func `is read as it was written`() {
        let written = InteroperabilityDocument(rows: Self.rows)
        #expect(InteroperabilityDocument(text: written.text).cells == written.cells)
        #expect(written.cells.count == 3)
    }

    @Test
    func `a mark that is lost, and a row that is missing, are broken promises; another version is not`() {
        let promised = InteroperabilityDocument(text: InteroperabilityDocument(rows: Self.rows).text)
        var rows = Self.rows
        rows[0].version = "8.0"
        #expect(InteroperabilityDocument(rows: rows).broken(from: promised) == [])
        rows[0].wrong = "no"
        rows.remove(at: 1)
        #expect(
            InteroperabilityDocument(rows: rows).broken(from: promised) == [
                "Gatepost as the server: Exim, LOGIN, right secret: not run",
                "Gatepost as the server: Exim, LOGIN, wrong secret: not run",
                "Gatepost as the server: curl, PLAIN, wrong secret: ✗",
            ]
        )
    }
}
