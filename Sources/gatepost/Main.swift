internal import ArgumentParser
internal import GatepostServer
internal import Glibc

@main
enum Main {
    static func main() async {
        // A reader that went away is an error to be told, not a signal to die of.
        signal(SIGPIPE, SIG_IGN)
        var arguments = Array(CommandLine.arguments.dropFirst())
        let program = CommandLine.arguments.first.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        if program == "sendmail" {
            await Main.run(SendmailCommand.self, arguments: arguments) { error in
                SendmailCommand.exit(withError: error)
            }
            return
        }
        if arguments.isEmpty { arguments = ["--help"] }
        if let misspelling = Misspelling.find(in: arguments, of: Gatepost.self) {
            Terminal.message("error: \(misspelling)")
            Glibc.exit(ExitCode.usage.rawValue)
        }
        await Main.run(Gatepost.self, arguments: arguments) { error in Gatepost.exit(withError: error) }
    }

    private static func run<Root: ParsableCommand>(
        _ root: Root.Type,
        arguments: [String],
        onParseError: @Sendable (any Error) -> Never
    ) async {
        var command: any ParsableCommand
        do {
            command = try root.parseAsRoot(arguments)
        } catch {
            onParseError(error)
        }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                // Help and completions are such commands, and end with an error of the parser's own.
                try command.run()
            }
        } catch {
            let isOurs = command is any AsyncParsableCommand
            Failure.exit(with: error) { error in
                guard isOurs else { onParseError(error) }
                Terminal.message("error: \(error)")
                Glibc.exit(ExitCode.inputOutput.rawValue)
            }
        }
        Glibc.exit(0)
    }
}
