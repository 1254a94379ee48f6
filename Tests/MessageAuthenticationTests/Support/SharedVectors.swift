import DNS
import Foundation

/// Test data that others published; absent in many checkouts.
enum SharedVectors {
    /// `GATEPOST_VECTORS`, or `../shared/vectors` beside the package.
    static let folder: URL =
        if let folder = ProcessInfo.processInfo.environment["GATEPOST_VECTORS"] {
            URL(fileURLWithPath: folder)
        } else {
            URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/vectors")
        }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: self.folder.appendingPathComponent(path).path)
    }

    /// The file decoded, or nothing when it is absent.
    static func json<Value: Decodable>(_ path: String, absent: Value) -> Value {
        guard self.exists(path) else { return absent }
        do {
            return try JSONDecoder().decode(
                Value.self,
                from: Data(contentsOf: self.folder.appendingPathComponent(path))
            )
        } catch {
            preconditionFailure("\(path): \(error)")
        }
    }
}

/// JSON of no fixed shape.
enum JSONValue: Decodable, Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
    /// A string, or the strings of an array.
    var strings: [String] { self.array?.compactMap(\.string) ?? self.string.map { [$0] } ?? [] }
}

extension DNSName {
    /// The name whose labels stand between the dots of `text`, whatever octets they have.
    init?(unescaped text: String) {
        var labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Array($0) }
        if labels.last?.isEmpty == true { labels.removeLast() }
        self.init(labels: labels)
    }
}
