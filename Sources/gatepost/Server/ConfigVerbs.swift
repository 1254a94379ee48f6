internal import ArgumentParser
internal import GatepostServer

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at the configuration.",
        subcommands: [ConfigCheck.self, ConfigShow.self]
    )
}

struct ConfigCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Load everything that 'serve' would; tell every fault with file, line, column and key.",
        discussion: "Exit code 0: it can be served. 1: it has faults."
    )

    @OptionGroup var option: ConfigurationOption
    @OptionGroup var output: JSONOption

    private struct Report: Encodable {
        struct Entry: Encodable {
            var place: String
            var key: String?
            var problem: String
            var suggestion: String?

            init(_ fault: ConfigurationFault) {
                self.place = fault.origin.description
                self.key = fault.key
                self.problem = fault.problem
                self.suggestion = fault.suggestion
            }
        }

        var file: String
        var valid: Bool
        var faults: [Entry]
        var warnings: [Entry]
    }

    func run() async throws {
        let file = try self.option.file
        let loaded: LoadedConfiguration
        do {
            loaded = try self.option.load(checkingCertificate: true)
        } catch let faults as ConfigurationFaults {
            if self.output.json {
                try Terminal.json(
                    Report(file: file, valid: false, faults: faults.faults.map { Report.Entry($0) }, warnings: [])
                )
            } else {
                Terminal.message(faults.description)
                let count = faults.faults.count
                Terminal.message("\(file): \(count) \(count == 1 ? "fault" : "faults")")
            }
            throw Failure(.no, "")
        }
        if self.output.json {
            let warnings = loaded.warnings.map { Report.Entry($0) }
            try Terminal.json(Report(file: loaded.file, valid: true, faults: [], warnings: warnings))
        } else {
            for warning in loaded.warnings { Terminal.message(warning.text(severity: "warning")) }
            Terminal.message("\(file): good")
        }
    }
}

struct ConfigShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print every key with the value that counts and where it comes from. Secrets are masked."
    )

    @OptionGroup var option: ConfigurationOption
    @OptionGroup var output: JSONOption

    private struct Entry: Encodable {
        var key: String
        var value: String
        var origin: String
    }

    func run() async throws {
        let loaded = try self.option.load()
        let entries = loaded.settings.map { Entry(key: $0.key, value: $0.value, origin: $0.origin.description) }
        if self.output.json { return try Terminal.json(entries) }
        Terminal.table(["KEY", "VALUE", "FROM"], entries.map { [$0.key, $0.value, $0.origin] })
    }
}
