import DNS
import Foundation
import MessageAuthentication
import Testing

/// Where the cases of others lie: `GATEPOST_VECTORS`, or `../shared/vectors`. Absent in many checkouts.
enum DKIMVectors {
    static let folder: URL =
        if let folder = ProcessInfo.processInfo.environment["GATEPOST_VECTORS"] {
            URL(fileURLWithPath: folder)
        } else {
            URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/vectors")
        }

    static func has(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: self.folder.appendingPathComponent(path).path)
    }

    static let skip: Comment = "the shared vectors are not here"

    static func octets(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: self.folder.appendingPathComponent(path)))
    }

    static func json<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: self.folder.appendingPathComponent(path)))
    }

    /// The message as it is sent, whatever line ends the file has.
    static func withCRLF(_ octets: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var previous: UInt8 = 0
        for octet in octets {
            if octet == 0x0A, previous != 0x0D { result.append(0x0D) }
            result.append(octet)
            previous = octet
        }
        return result
    }

    /// Says how many cases a suite had, since a suite that silently shrinks proves nothing.
    static func report(_ suite: String, _ passed: Int, of total: Int, _ more: String = "") {
        print("vectors: \(suite): \(passed) of \(total) agree\(more.isEmpty ? "" : ", \(more)")")
    }
}

extension Zone {
    /// Key records by name.
    init(keys: [String: String]) {
        self.init()
        for (name, text) in keys { self.addText(text, at: name) }
    }

    /// Text of any length, in strings of 255 octets as a zone holds it.
    mutating func addText(_ text: String, at name: String) {
        let octets = Array(text.utf8)
        let strings = stride(from: 0, to: octets.count, by: 255).map { Array(octets[$0..<min($0 + 255, octets.count)]) }
        guard let name = DNSName(name) else {
            Issue.record("not a name: \(name)")
            return
        }
        self.add(.txt(TXTRecord(strings: strings.isEmpty ? [[]] : strings)), at: name)
    }
}

/// Verifies a message given in chunks of a size.
func verify(
    _ message: [UInt8],
    _ resolver: some Resolver,
    at secondsSince1970: Int64 = 1_800_000_000,
    chunk: Int = 65_536,
    limits: MessageVerifier.Limits = MessageVerifier.Limits(),
    alabels: @escaping @Sendable (String) -> String? = { _ in nil }
) async -> MessageVerifier.Results {
    var verifier = MessageVerifier(limits: limits, alabels: alabels)
    for start in stride(from: 0, to: message.count, by: chunk) {
        verifier.receive(message[start..<min(start + chunk, message.count)])
    }
    return await verifier.finish(resolver: resolver, secondsSince1970: secondsSince1970)
}

/// A message from lines.
func message(_ lines: String...) -> [UInt8] {
    lines.flatMap { Array($0.utf8) + [0x0D, 0x0A] }
}
