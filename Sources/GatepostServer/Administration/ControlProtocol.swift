internal import FoundationEssentials
internal import Glibc

/// The control socket's framing: one JSON value a line, requests and responses in turn.
enum ControlProtocol {
    /// A request with a page of accounts' keys has some hundred thousand octets.
    static let maximumRequestOctets = 1_048_576
    /// A response with a page of messages and their recipients may have more.
    static let maximumResponseOctets = 64 * 1_048_576

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [0x0A]
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ line: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(line))
    }
}

/// The path of `control.sock`, short enough for a socket address whatever the data directory is called.
///
/// Socket addresses end after 107 octets. A longer path is reached through a descriptor of its directory.
final class ControlSocketPath: Sendable {
    static let name = "control.sock"
    private static let maximumOctets = 107

    let path: String
    private let directory: Int32

    init(inDirectory directory: String) throws(LocalFile.Failure) {
        let whole = "\(directory)/\(ControlSocketPath.name)"
        if whole.utf8.count <= ControlSocketPath.maximumOctets {
            self.path = whole
            self.directory = -1
        } else {
            self.directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard self.directory >= 0 else { throw LocalFile.Failure(path: directory, action: "open", code: errno) }
            self.path = "/proc/self/fd/\(self.directory)/\(ControlSocketPath.name)"
        }
    }

    deinit {
        if self.directory >= 0 { close(self.directory) }
    }
}
