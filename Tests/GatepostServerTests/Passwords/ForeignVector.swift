import Foundation
import Testing

/// A hash of a known password that another program made.
struct ForeignVector: Decodable, Sendable, CustomTestStringConvertible {
    var hash: String
    var password: String
    var kind: String
    var origin: String

    private struct File: Decodable {
        var vectors: [ForeignVector]
    }

    static let all: [ForeignVector] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "Tests/Vectors/passwords/foreign-hashes.json")
        do {
            return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).vectors
        } catch {
            Issue.record("\(file.path) cannot be read: \(error)")
            return []
        }
    }()

    var testDescription: String { "\(self.hash.prefix(24))… by \(self.origin)" }
}
