import Foundation
import Testing

@Suite("Help")
struct HelpTests {
    static let commands: [[String]] = [
        [], ["init"], ["serve"], ["dev"], ["config"], ["config", "check"], ["status"], ["account"], ["account", "add"],
        ["account", "import"], ["domain"], ["queue"], ["queue", "retry"], ["inbox"], ["inbox", "wait"], ["send"],
        ["provider"], ["app-password"], ["app-password", "add"], ["account", "mfa"], ["account", "password"],
        ["passwords"], ["relay"], ["relay", "authorize"], ["audit"], ["audit", "list"], ["audit", "verify"],
        ["account", "erase"],
        ["account", "export"], ["dkim"], ["dkim", "add"], ["dkim", "retire"], ["domain", "records"],
        ["domain", "check"],
        ["simulate"], ["policy", "tests"],
    ]

    /// With GATEPOST_SNAPSHOTS=write the snapshots are written anew, to be looked at in the diff.
    @Test("is what the snapshots say", arguments: commands)
    func snapshot(command: [String]) async throws {
        let directory = try WorkingDirectory()
        let result = try await CommandLineTool.run(command + ["--help"], in: directory.url)
        #expect(result.code == 0)
        #expect(result.messages.isEmpty)
        let name = (["gatepost"] + command).joined(separator: "-") + ".txt"
        let file = CommandLineTool.packageRoot.appending(path: "Tests/CommandLineTests/Snapshots/\(name)")
        if ProcessInfo.processInfo.environment["GATEPOST_SNAPSHOTS"] == "write" {
            try Data(result.output.utf8).write(to: file)
        }
        #expect(result.output == String(decoding: try Data(contentsOf: file), as: UTF8.self))
    }

    @Test("without arguments the help is shown")
    func noArguments() async throws {
        let directory = try WorkingDirectory()
        let result = try await CommandLineTool.run([], in: directory.url)
        #expect(result.code == 0)
        #expect(result.output.contains("USAGE: gatepost <subcommand>"))
    }

    @Test("--version tells name and version")
    func version() async throws {
        let directory = try WorkingDirectory()
        let result = try await CommandLineTool.run(["--version"], in: directory.url)
        #expect(result.code == 0)
        #expect(result.output.hasPrefix("gatepost "))
    }

    @Test("completions for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async throws {
        let directory = try WorkingDirectory()
        let result = try await CommandLineTool.run(["--generate-completion-script", shell], in: directory.url)
        #expect(result.code == 0)
        #expect(result.output.contains("account"))
    }
}
