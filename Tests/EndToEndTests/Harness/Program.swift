import Foundation
import Testing

/// Programs of this machine and of this package that the tests run.
enum Program {
    /// The absolute path of a program in PATH; nil when it is missing.
    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin"]
        // A Python from elsewhere may lack modules: Debian's own comes first.
        let ordered = name == "python3" ? ["/usr/bin"] + folders : folders
        return ordered.lazy.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The same of one that a trait has made sure of.
    static func path(_ name: String) throws -> String {
        guard let path = find(name) else { throw MissingProgram(name: name) }
        return path
    }

    /// The server under test: `GATEPOST_BIN`, else the product that was built beside this test bundle.
    static let gatepost: String = {
        if let named = ProcessInfo.processInfo.environment["GATEPOST_BIN"] { return named }
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appending(path: "gatepost").path
    }()

    /// The package's folder.
    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// A script in Programs/ beside these tests.
    static func script(_ name: String) -> String { "\(packageRoot)/Tests/EndToEndTests/Programs/\(name)" }

    /// Says how to get what is missing.
    static let howToInstall: Comment =
        "missing: run Scripts/packages build clients servers, as root where mount namespaces are allowed"

    static func areInstalled(_ names: String...) -> Bool { names.allSatisfy { find($0) != nil } }
}

/// Servers that `Scripts/packages servers` unpacked; to run them takes root and leave to make namespaces.
enum UnpackedServers {
    static func areUsable(_ names: String...) -> Bool {
        names.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)/.complete") } && canRun
    }

    private static let canRun: Bool = {
        guard geteuid() == 0 else { return false }
        do {
            let scratch = try TemporaryFolder("peer")
            let child = try ChildProcess(
                ["\(Program.packageRoot)/Scripts/peer", "nsd", "true"],
                log: scratch.path("log")
            )
            return child.waitBlocking() == .code(0)
        } catch {
            return false
        }
    }()

    static var folder: String {
        ProcessInfo.processInfo.environment["GATEPOST_PEERS"] ?? Program.packageRoot + "/.build-peers"
    }

    /// Starts one of them in the foreground. It ends when the value returned goes, or this process ends.
    static func start(_ name: String, _ command: [String], log: String) throws -> ChildProcess {
        try ChildProcess(["\(Program.packageRoot)/Scripts/peer", name] + command, input: .heldOpen, log: log)
    }

    /// Runs a program of one of them to its end.
    static func runToEnd(_ name: String, _ command: [String]) async throws -> Completed {
        let scratch = try TemporaryFolder("peer")
        let child = try start(name, command, log: scratch.path("log"))
        let exit = try await child.waitForExit(within: .seconds(60))
        return Completed(exit: exit, output: child.output, errors: child.errors)
    }

    /// Accounts that `Scripts/peer` makes, in its order, where this machine has none of that name; their groups have the same numbers.
    static let postfixAccount = getpwnam("postfix")?.pointee.pw_uid ?? 61001
    static let postfixGroup = getgrnam("postfix")?.pointee.gr_gid ?? 61001
    static let eximAccount = getpwnam("Debian-exim")?.pointee.pw_uid ?? 61005
    static let eximGroup = getgrnam("Debian-exim")?.pointee.gr_gid ?? 61005
    static let sinkAccount = getpwnam("sink")?.pointee.pw_uid ?? 61007
}
