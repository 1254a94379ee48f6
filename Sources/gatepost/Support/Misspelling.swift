internal import ArgumentParser
internal import GatepostServer

/// Finds a word in the place of a verb that is none.
enum Misspelling {
    /// What to say about it; `nil` where every verb exists.
    static func find(in arguments: [String], of root: any ParsableCommand.Type) -> String? {
        var command = root
        var path = [name(of: root)]
        for argument in arguments {
            let verbs = children(of: command)
            guard !verbs.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return nil }
            if let next = verbs.first(where: { name(of: $0) == argument || $0.configuration.aliases.contains(argument) }
            ) {
                command = next
                path.append(argument)
                continue
            }
            let names = verbs.filter { $0.configuration.shouldDisplay }.map(name(of:))
            let here = path.joined(separator: " ")
            if let near = NearestWord.to(argument, among: names) {
                return "'\(argument)' is not a verb of \(here); did you mean '\(here) \(near)'?"
            }
            // Whatever it is, it may be meant for the verb that is taken where none is named.
            if command.configuration.defaultSubcommand != nil { return nil }
            return "'\(argument)' is not a verb of \(here); there are \(names.joined(separator: ", "))"
        }
        return nil
    }

    private static func children(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)".lowercased()
    }
}
