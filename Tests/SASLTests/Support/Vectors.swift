import Foundation

/// Where vectors are, and how to read them.
enum Vectors {
    /// The folder that holds `Package.swift`.
    static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The vectors of others: `GATEPOST_VECTORS`, or `../shared/vectors`.
    static let sharedFolder =
        ProcessInfo.processInfo.environment["GATEPOST_VECTORS"].map { URL(fileURLWithPath: $0) }
        ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared/vectors")

    static let sharedFolderExists = FileManager.default.fileExists(
        atPath: sharedFolder.appendingPathComponent("sasl").path
    )

    /// Decodes one of our own files.
    static func own<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) -> Content {
        decode(packageRoot.appendingPathComponent("Tests/Vectors/sasl").appendingPathComponent(name))
    }

    /// Decodes one of the shared files; `absent` where the folder is not there, which skips the tests that use it.
    static func shared<Content: Decodable>(_ name: String, absent: Content) -> Content {
        guard sharedFolderExists else { return absent }
        return decode(sharedFolder.appendingPathComponent("sasl").appendingPathComponent(name))
    }

    private static func decode<Content: Decodable>(_ url: URL) -> Content {
        do {
            return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
        } catch {
            fatalError("\(url.path) cannot be read: \(error)")
        }
    }
}

extension String {
    /// The octets that the string says in base64.
    var fromBase64: [UInt8] { Array(Data(base64Encoded: self, options: .ignoreUnknownCharacters) ?? Data()) }
    /// The UTF-8 octets.
    var octets: [UInt8] { Array(self.utf8) }
}
