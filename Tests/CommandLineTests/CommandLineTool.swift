import Foundation

/// The `gatepost` executable that was built beside these tests.
enum CommandLineTool {
    struct Result: Sendable {
        var code: Int32
        var output: String
        var messages: String
    }

    static let executable: URL = {
        if let named = ProcessInfo.processInfo.environment["GATEPOST_BIN"] { return URL(filePath: named) }
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appending(path: "gatepost")
    }()

    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Runs the tool to its end. Output goes through files, so that no pipe can fill up.
    static func run(
        _ arguments: [String],
        in directory: URL,
        input: String = "",
        environment: [String: String] = [:],
        executable: URL = CommandLineTool.executable
    ) async throws -> Result {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ["PATH": "/usr/bin:/bin", "COLUMNS": "80"].merging(environment) { $1 }
        let name = UUID().uuidString
        let files = ["in", "out", "err"].map { directory.appending(path: ".\(name).\($0)") }
        defer { for file in files { unlink(file.path) } }
        try Data(input.utf8).write(to: files[0])
        try Data().write(to: files[1])
        try Data().write(to: files[2])
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        return Result(
            code: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
            messages: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
        )
    }
}

/// A directory that goes away with the value.
final class WorkingDirectory: Sendable {
    let url: URL

    init() throws {
        self.url = FileManager.default.temporaryDirectory.appending(path: "gatepost-cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: self.url)
        } catch {
            print("left behind: \(self.url.path): \(error)")
        }
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: self.url.appending(path: name))
    }
}
