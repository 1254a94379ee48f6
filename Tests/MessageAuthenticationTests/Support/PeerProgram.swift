import Foundation
import Testing

/// A program of Tests/MessageAuthenticationTests/Programs that drives somebody else's DKIM; dkimpy.py says how they are asked.
struct PeerProgram: Sendable, CustomTestStringConvertible {
    var name: String
    /// The interpreter and the script.
    private var command: [String]
    /// Whether it knows Ed25519.
    var knowsEd25519: Bool
    /// Whether what it needs is on this machine.
    let isPresent: Bool

    var testDescription: String { self.name }

    static let programs = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Programs").path

    /// - Parameter check: A command that succeeds where the package is installed.
    init(_ name: String, _ command: [String], knowsEd25519: Bool, check: [String]) {
        self.name = name
        self.command = command
        self.knowsEd25519 = knowsEd25519
        self.isPresent = (try? Self.run(check))?.status == 0
        if !self.isPresent { print("SKIPPED: \(name) is not installed: Scripts/packages clients") }
    }

    static let all = [
        PeerProgram(
            "dkimpy",
            ["/usr/bin/python3", "\(programs)/dkimpy.py"],
            knowsEd25519: true,
            check: ["/usr/bin/python3", "-c", "import dkim, nacl"]
        ),
        PeerProgram(
            "OpenDKIM",
            ["/usr/bin/python3", "\(programs)/opendkim.py"],
            knowsEd25519: true,
            check: ["/usr/bin/python3", "-c", "import ctypes; ctypes.CDLL('libopendkim.so.11')"]
        ),
        PeerProgram(
            "Mail::DKIM",
            ["/usr/bin/perl", "\(programs)/maildkim.pl"],
            knowsEd25519: false,
            check: ["/usr/bin/perl", "-MMail::DKIM::Verifier", "-e", "1"]
        ),
    ]

    static var present: [PeerProgram] { self.all.filter(\.isPresent) }

    /// Runs the program and returns the words of each line that it prints.
    func ask(_ arguments: [String]) throws -> [[String]] {
        let (status, output) = try Self.run(self.command + arguments)
        guard status == 0 else { throw Failure(program: self.name, status: status, output: output) }
        return output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    struct Failure: Error {
        var program: String
        var status: Int32
        var output: String
    }

    private static func run(_ command: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("dkim-\(UUID().uuidString).out")
        FileManager.default.createFile(atPath: output.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: output) }
        let handle = try FileHandle(forWritingTo: output)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: output), as: UTF8.self))
    }
}
