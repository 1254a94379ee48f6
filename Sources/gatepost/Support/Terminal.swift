internal import FoundationEssentials
internal import GatepostServer
internal import Glibc

/// Results go to standard output, messages for people to standard error.
enum Terminal {
    /// One line or more for people.
    static func message(_ text: String) {
        Terminal.write(Array("\(text)\n".utf8), to: STDERR_FILENO)
    }

    /// A line of the result.
    static func result(_ text: String) {
        Terminal.write(Array("\(text)\n".utf8), to: STDOUT_FILENO)
    }

    /// Octets of the result, as they are.
    static func result(octets: [UInt8]) {
        Terminal.write(octets, to: STDOUT_FILENO)
    }

    /// The result as one JSON document.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        Terminal.write(Array(try encoder.encode(value)) + [0x0A], to: STDOUT_FILENO)
    }

    /// A record of the result as one line of JSON.
    static func jsonLine(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        Terminal.write(Array(try encoder.encode(value)) + [0x0A], to: STDOUT_FILENO)
    }

    /// Rows under headings, each column as wide as it needs; nothing for no rows.
    static func table(_ headings: [String], _ rows: [[String]]) {
        guard !rows.isEmpty else { return }
        let cells = [headings] + rows.map { $0.map(Terminal.visible) }
        let widths = headings.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        for row in cells {
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            Terminal.result(line)
        }
    }

    /// What a peer wrote, harmless to a terminal: control characters become `?`.
    static func visible(_ text: String) -> String {
        var visible = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: visible += "?"
            default: visible.unicodeScalars.append(scalar)
            }
        }
        return visible
    }

    static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Everything on standard input.
    static func readInput(limit: Int) throws -> [UInt8] {
        try LocalFile.readAll(STDIN_FILENO, path: "standard input", limit: limit)
    }

    private static func write(_ octets: [UInt8], to descriptor: Int32) {
        do {
            try LocalFile.write(descriptor, octets, path: "output")
        } catch {
            // The reader is gone; there is nobody to tell.
            if descriptor == STDOUT_FILENO { Glibc.exit(74) }
        }
    }
}
