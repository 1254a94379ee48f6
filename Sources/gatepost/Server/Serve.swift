internal import ArgumentParser
internal import GatepostServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server in the foreground until SIGTERM.",
        discussion: "SIGTERM lets running transactions finish. SIGHUP reads the certificate again."
    )

    @OptionGroup var option: ConfigurationOption

    func run() async throws {
        let loaded = try self.option.load(checkingCertificate: true)
        try await ServerRun.run(loaded)
    }
}
