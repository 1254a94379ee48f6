internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import SASL

struct PasswordsVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwords",
        abstract: "The policy for new passwords.",
        subcommands: [PasswordsBuildFilter.self, PasswordsCheck.self]
    )
}

struct PasswordsBuildFilter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-filter",
        abstract: "Make the file of breached passwords from a list.",
        discussion: """
            The list has one SHA-1 a line in hexadecimal, with or without :count after it, or one password a line. With 14 bits a hash takes \
            two octets, and one password in 16,384 that is not in the list is taken for one of it. \
            authentication.passwordPolicy.breachedPasswords names the file.
            """
    )

    @Argument(help: "The list.", completion: .file())
    var list: String

    @Option(name: .shortAndLong, help: "The file to write. [the list's name with .filter]", completion: .file())
    var output: String?

    @Option(name: .long, help: "One false hit in 2^bits, 1 to 24.")
    var bits = 14

    @OptionGroup var json: JSONOption

    func validate() throws {
        guard (1...24).contains(self.bits) else { throw ValidationError("--bits must be from 1 to 24.") }
    }

    func run() async throws {
        let path = self.output ?? "\(self.list).filter"
        let report: BreachedPasswordBuilder.Report
        do {
            report = try BreachedPasswordBuilder.build(from: self.list, to: path, bits: self.bits)
        } catch let failure as BreachedPasswordBuilder.Failure {
            throw Failure(.badInput, failure.description)
        }
        if self.json.json { return try Terminal.json(report) }
        Terminal.message(
            """
            \(path): \(report.passwords) passwords in \(report.octets) octets; \
            one other in \(report.falsePositiveOneIn) is taken for one of them
            """
        )
    }
}

struct PasswordsCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Judge a password by the policy, without setting it.",
        discussion: "Reads the password from the first line of standard input. Exits with 1 when the policy refuses it."
    )

    @Option(name: .long, help: "The account that it would be for.")
    var account = ""

    @OptionGroup var configuration: ConfigurationOption
    @OptionGroup var json: JSONOption

    private struct Report: Encodable {
        var good: Bool
        var bits: Int
        var faults: [String]
    }

    func run() async throws {
        let configuration = try self.configuration.load().configuration
        let judge = try PasswordJudge(configuration)
        let password = try PasswordInput.fromStandardInput()
        let faults = try judge.faults(of: password, for: self.account)
        let strength = PasswordStrength.estimate(
            String(decoding: password.octets, as: UTF8.self),
            context: [self.account]
        )
        if self.json.json {
            try Terminal.json(
                Report(good: faults.isEmpty, bits: Int(strength.bits), faults: faults.map(\.description))
            )
        } else {
            Terminal.result(faults.isEmpty ? "good" : faults.map(\.description).joined(separator: "\n"))
        }
        if !faults.isEmpty { throw Failure(.no, "") }
    }
}
