import Foundation
import Glibc

/// A folder of a test's own under /tmp (a short path: Unix sockets go there), removed with this value.
final class TemporaryFolder: Sendable {
    let path: String

    init(_ purpose: String) throws {
        var template = Array("/tmp/gatepost-\(purpose)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildProcessError.couldNotStart("mkdtemp", errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Servers that drop their rights must be able to pass through.
        chmod(path, 0o755)
    }

    deinit {
        if ProcessInfo.processInfo.environment["GATEPOST_KEEP"] != nil {
            print("kept: \(path)")
        } else {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    func path(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try write(name, Array(text.utf8), mode: mode)
    }

    @discardableResult
    func write(_ name: String, _ octets: [UInt8], mode: mode_t = 0o644) throws -> String {
        try Data(octets).write(to: URL(filePath: path(name)))
        chmod(path(name), mode)
        return path(name)
    }

    func remove(_ name: String) throws {
        if contentsExist(at: path(name)) { try FileManager.default.removeItem(atPath: path(name)) }
    }

    /// A folder for a socket of Gatepost's: what is made in it belongs to the group, and only the group may pass.
    func makeSocketFolder(_ name: String, group: UInt32) throws {
        try makeFolder(name)
        chown(path(name), geteuid(), group)
        chmod(path(name), 0o2750)
    }

    @discardableResult
    func makeFolder(_ name: String, owner: UInt32? = nil) throws -> String {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        if let owner { chown(path(name), owner, owner) }
        return path(name)
    }
}

func contentsExist(at path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
