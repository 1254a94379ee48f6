import Foundation

/// Where test data lies.
enum Vectors {
    /// The package's root, found from this file.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Data of our own and of RFCs.
    static let own = root.appendingPathComponent("Tests/Vectors")

    /// Data that others published; absent in many checkouts.
    static let shared: URL =
        if let folder = ProcessInfo.processInfo.environment["GATEPOST_VECTORS"] {
            URL(fileURLWithPath: folder)
        } else {
            root.deletingLastPathComponent().appendingPathComponent("shared/vectors")
        }

    static func hasShared(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: shared.appendingPathComponent(path).path)
    }

    static func json<Value: Decodable>(_ file: URL, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: file))
    }

    /// The files below a folder with a suffix, sorted by path.
    static func files(below folder: URL, suffix: String) -> [URL] {
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(suffix) }.sorted().map { folder.appendingPathComponent($0) }
    }
}
