import Foundation
import Glibc
import Synchronization

/// A program that a test started. Its output goes to files, so that nothing blocks on a full pipe.
final class ChildProcess: Sendable {
    /// What the program reads as standard input.
    enum Input: Sendable {
        case empty
        case file(String)
        /// Nothing comes, and the end comes when the test lets go or dies: `Scripts/peer` ends with it.
        case heldOpen
    }

    enum Exit: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    let identifier: pid_t
    let outputPath: String
    let errorPath: String
    private let state: Mutex<State>

    /// Variables for all programs that the task starts: whose Kerberos tickets they have.
    @TaskLocal static var ambient: [String: String] = [:]

    private struct State {
        var exit: Exit?
        var heldInput: Int32?
    }

    /// Starts a program with cleared signal mask and handlers.
    ///
    /// - Parameters:
    ///   - arguments: the program's absolute path, then its arguments.
    ///   - environment: added to this process's own.
    ///   - log: where output goes: `log` + ".out" and ".err".
    init(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: Input = .empty,
        directory: String? = nil,
        log: String
    ) throws {
        outputPath = log + ".out"
        errorPath = log + ".err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var heldInput: Int32?
        var readEnd: Int32?
        switch input {
        case .empty: posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        case .file(let path): posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0)
        case .heldOpen:
            var ends: [Int32] = [0, 0]
            // A socket pair rather than a pipe: no other child may inherit our end, not even for a moment.
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw ChildProcessError.couldNotStart("pair", errno) }
            (readEnd, heldInput) = (ends[0], ends[1])
            posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        }
        defer { if let readEnd { close(readEnd) } }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, flags, 0o644)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let arguments = directory.map { ["/usr/bin/env", "-C", $0] + arguments } ?? arguments
        // The tests' own GATEPOST_ variables would be overrides of the server's configuration.
        let inherited = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("GATEPOST_") || $0.key == "GATEPOST_PEERS"
        }
        let merged = inherited.merging(ChildProcess.ambient) { $1 }.merging(environment) { $1 }
        let argumentPointers = arguments.map { strdup($0) }
        let environmentPointers = merged.map { strdup("\($0.key)=\($0.value)") }
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var started: pid_t = 0
        let failure = posix_spawn(
            &started,
            arguments[0],
            &actions,
            &attributes,
            argumentPointers + [nil],
            environmentPointers + [nil]
        )
        guard failure == 0 else {
            if let heldInput { close(heldInput) }
            throw ChildProcessError.couldNotStart(arguments[0], failure)
        }
        identifier = started
        state = Mutex(State(exit: nil, heldInput: heldInput))
    }

    deinit {
        _ = send(SIGKILL)
        letGoOfInput()
    }

    /// How the program ended; nil while it runs.
    func poll() -> Exit? {
        state.withLock { state in
            if let exit = state.exit { return exit }
            var status: Int32 = 0
            guard waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
            let signal = status & 0x7f
            state.exit = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
            return state.exit
        }
    }

    /// Waits for the end where nothing may be awaited.
    func waitBlocking() -> Exit {
        while true {
            if let exit = poll() { return exit }
            usleep(2000)
        }
    }

    /// Sends a signal, unless the program has ended (its number could belong to another one by then).
    func send(_ signal: Int32) -> Bool {
        if poll() != nil { return false }
        return Glibc.kill(identifier, signal) == 0
    }

    /// Closes standard input where it was held open.
    func letGoOfInput() {
        state.withLock { state in
            if let heldInput = state.heldInput { close(heldInput) }
            state.heldInput = nil
        }
    }

    /// Waits for the end, and kills the program when it does not come.
    func waitForExit(within limit: Duration = .seconds(30)) async throws -> Exit {
        do {
            return try await eventually("the end of process \(identifier)", within: limit) { self.poll() }
        } catch {
            _ = send(SIGKILL)
            throw error
        }
    }

    /// What the program wrote so far to standard output and standard error.
    var output: [UInt8] { contents(of: outputPath) }
    var errors: String { String(decoding: contents(of: errorPath), as: UTF8.self) }
}

enum ChildProcessError: Error, CustomStringConvertible {
    case couldNotStart(String, Int32)
    case failed(command: String, exit: ChildProcess.Exit, said: String)

    var description: String {
        switch self {
        case .couldNotStart(let program, let number): "\(program) did not start: \(String(cString: strerror(number)))"
        case .failed(let command, let exit, let said): "\(command): \(exit): \(said)"
        }
    }
}

/// What a program that ran to its end left behind.
struct Completed: Sendable {
    var exit: ChildProcess.Exit
    var output: [UInt8]
    var errors: String

    /// Both streams as text, for messages.
    var said: String { String(decoding: output, as: UTF8.self) + errors }
    var succeeded: Bool { exit == .code(0) }
}

/// Runs a program to its end.
func run(
    _ arguments: [String],
    environment: [String: String] = [:],
    input: ChildProcess.Input = .empty,
    directory: String? = nil,
    within limit: Duration = .seconds(60)
) async throws -> Completed {
    let scratch = try TemporaryFolder("run")
    let child = try ChildProcess(
        arguments,
        environment: environment,
        input: input,
        directory: directory,
        log: scratch.path("log")
    )
    let exit = try await child.waitForExit(within: limit)
    return Completed(exit: exit, output: child.output, errors: child.errors)
}

/// Runs a program that must succeed.
@discardableResult
func succeed(
    _ arguments: [String],
    environment: [String: String] = [:],
    input: ChildProcess.Input = .empty,
    directory: String? = nil
) async throws -> Completed {
    let completed = try await run(arguments, environment: environment, input: input, directory: directory)
    guard completed.succeeded else {
        let command = arguments.joined(separator: " ")
        throw ChildProcessError.failed(command: command, exit: completed.exit, said: completed.said)
    }
    return completed
}

func contents(of path: String) -> [UInt8] {
    FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
}
