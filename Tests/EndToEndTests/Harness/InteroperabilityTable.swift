import Foundation
import Glibc
import Synchronization
import Testing

/// Where the suites put down what they saw, for `docs/interoperability.md`.
enum InteroperabilityTable {
    private static let lock = Mutex(())

    /// `GATEPOST_INTEROPERABILITY`, else a folder of the build's.
    static let folder =
        ProcessInfo.processInfo.environment["GATEPOST_INTEROPERABILITY"] ?? Program.packageRoot
        + "/.build/interoperability"

    /// Appends the rows, a line of JSON each, to this process's file.
    static func record(_ rows: [InteroperabilityRow]) {
        lock.withLock { _ in
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                let encoder = JSONEncoder()
                encoder.outputFormatting = .sortedKeys
                var lines = Data()
                for row in rows {
                    lines += try encoder.encode(row)
                    lines.append(0x0A)
                }
                let path = "\(folder)/\(getpid()).jsonl"
                if let file = FileHandle(forWritingAtPath: path) {
                    try file.seekToEnd()
                    try file.write(contentsOf: lines)
                    try file.close()
                } else {
                    try lines.write(to: URL(filePath: path))
                }
            } catch {
                Issue.record(error, "the interoperability table cannot be written")
            }
        }
    }

    /// All rows of all processes.
    static func recorded() throws -> [InteroperabilityRow] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }.sorted().flatMap {
            name in
            try contents(of: "\(folder)/\(name)").split(separator: 0x0A).map {
                try JSONDecoder().decode(InteroperabilityRow.self, from: Data($0))
            }
        }
    }
}
