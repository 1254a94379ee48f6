internal import ArgumentParser
internal import GatepostServer

struct PolicyVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Whether the server decides as you expect.",
        subcommands: [PolicyTests.self]
    )
}

struct PolicyTests: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tests",
        abstract: "Simulate the messages in a file, and compare what becomes of them with what the file expects.",
        discussion: "Prints a line each, in the form of TAP. Exits 1 when one does not come out as expected."
    )

    @Argument(help: "A YAML file; docs/simulate.md tells what is in it.")
    var file: String

    @OptionGroup var store: StoreOptions

    private struct Outcome: Encodable {
        var name: String
        var passed: Bool
        var differences: [String]
        var report: SimulationReport?
    }

    func run() async throws {
        let octets = try LocalFile.read(self.file, limit: 16 * 1024 * 1024)
        guard let yaml = String(validating: octets, as: UTF8.self) else {
            throw Failure(.badInput, "\(self.file) is not UTF-8")
        }
        let tests: [PolicyTest]
        do throws(ConfigurationFaults) {
            tests = try PolicyTest.read(yaml, file: self.file)
        } catch {
            throw Failure(.badInput, error.description)
        }
        var outcomes: [Outcome] = []
        try await self.store.withSession { session, _ in
            if !self.store.json { Terminal.result("1..\(tests.count)") }
            for (index, test) in tests.enumerated() {
                let outcome = try await PolicyTests.outcome(of: test, session)
                outcomes.append(outcome)
                if !self.store.json { PolicyTests.show(outcome, test, number: index + 1) }
            }
        }
        if self.store.json { try Terminal.json(outcomes) }
        let failed = outcomes.count { !$0.passed }
        guard failed > 0 else { return }
        throw Failure(.no, "\(failed) of \(tests.count) came out otherwise")
    }

    private static func outcome(of test: PolicyTest, _ session: AdministrationSession) async throws -> Outcome {
        do {
            guard case .simulation(let report) = try await session.perform(.simulate(test.request)) else {
                throw StoreOptions.misunderstood
            }
            let differences = test.differences(report)
            return Outcome(name: test.name, passed: differences.isEmpty, differences: differences, report: report)
        } catch let failure as AdministrationFailure where [.invalid, .notFound].contains(failure.kind) {
            return Outcome(name: test.name, passed: false, differences: ["\(failure)"], report: nil)
        }
    }

    private static func show(_ outcome: Outcome, _ test: PolicyTest, number: Int) {
        let name = Terminal.visible(outcome.name)
        Terminal.result("\(outcome.passed ? "ok" : "not ok") \(number) - \(name)")
        guard !outcome.passed else { return }
        Terminal.result("# \(test.place)")
        for difference in outcome.differences { Terminal.result("# \(Terminal.visible(difference))") }
        for step in outcome.report?.steps ?? [] {
            let rule = step.rule.map { " by \($0)" } ?? ""
            Terminal.result(
                Terminal.visible(
                    "#   \(step.stage.rawValue) \(step.subject): \(step.verdict.rawValue)\(rule): \(step.reply)"
                )
            )
        }
    }
}
