internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Health and counters of the running server.",
        discussion: "Exit code 69: none runs."
    )

    @OptionGroup var option: ConfigurationOption
    @OptionGroup var output: JSONOption

    func run() async throws {
        let configuration = try self.option.load().configuration
        guard let session = try AdministrationSession.connect(configuration) else {
            throw Failure(.unavailable, "no server runs on \(configuration.data)\n  'gatepost serve' starts one.")
        }
        guard case .status(let status) = try await session.perform(.status) else { throw StoreOptions.misunderstood }
        if self.output.json { return try Terminal.json(status) }
        Terminal.result("gatepost   \(status.version), process \(status.processIdentifier)")
        Terminal.result("hostname   \(status.hostname)")
        Terminal.result("started    \(status.started ?? "-")")
        for listener in status.listeners { Terminal.result("listener   \(listener)") }
        Terminal.result("accounts   \(status.accounts)")
        if let queue = status.queue {
            Terminal.result(
                "queue      \(queue.messages) messages; recipients: \(queue.waiting) waiting, \(queue.sending) being sent, \(queue.held) held"
            )
        }
        if let relay = status.relay { Terminal.result("relay      \(Terminal.visible(relay))") }
        for (name, value) in status.counters.sorted(by: { $0.key < $1.key }) {
            Terminal.result("\(name)  \(value)")
        }
    }
}
