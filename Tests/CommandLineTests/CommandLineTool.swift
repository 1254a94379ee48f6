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
        let name = UUID().uuidString
        let files = ["in", "out", "err"].map { directory.appending(path: ".\(name).\($0)") }
        defer { for file in files { unlink(file.path) } }
        try Data(input.utf8).write(to: files[0])
        try Data().write(to: files[1])
        try Data().write(to: files[2])
        let process = try self.spawn(
            [executable.path] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "COLUMNS": "80"].merging(environment) { $1 },
            in: directory.path,
            streams: files.map(\.path)
        )
        let code = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                // As a shell tells it: the code, or 128 and the signal.
                continuation.resume(returning: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f)
            }
        }
        return Result(
            code: code,
            output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
            messages: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
        )
    }

    /// Not by Foundation's `Process`, which crashes when hundreds are started at once from many threads.
    ///
    /// - Parameter streams: Files for standard input, output and error.
    private static func spawn(
        _ command: [String],
        environment: [String: String],
        in directory: String,
        streams: [String]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, path) in streams.enumerated() {
            let flags = descriptor == 0 ? O_RDONLY : O_WRONLY | O_TRUNC
            posix_spawn_file_actions_addopen(&actions, Int32(descriptor), path, flags, 0)
        }
        let tool = "/usr/bin/env"
        let arguments = ([tool, "-C", directory] + command).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, tool, &actions, nil, arguments, variables)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
        return process
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
