import Foundation

/// The dialog files of `Tests/Dialogs`.
enum DialogFiles {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Dialogs")

    /// Paths relative to the folder, sorted.
    static let names: [String] = {
        let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(".smtp") }.sorted()
    }()

    static func load(_ name: String) throws -> DialogScript {
        let url = self.folder.appendingPathComponent(name)
        return try DialogScript(path: url.path, text: String(contentsOf: url, encoding: .utf8))
    }
}
