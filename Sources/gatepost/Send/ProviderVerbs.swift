internal import ArgumentParser
internal import GatepostServer
internal import SASL
internal import SMTP
internal import SMTPClient

struct ProviderVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider",
        abstract: "The submission settings of known mail providers.",
        subcommands: [ProviderList.self, ProviderShow.self]
    )
}

private struct ProviderReport: Encodable {
    var name: String
    var displayName: String
    var host: String
    var port: Int
    var tls: String
    var mechanisms: [String]
    var domains: [String]
    var note: String

    init(_ provider: Provider) {
        self.name = provider.name
        self.displayName = provider.displayName
        self.host = provider.host
        self.port = provider.port
        self.tls = Send.word(for: provider.tls)
        self.mechanisms = provider.mechanisms.map(\.description)
        self.domains = provider.domains
        self.note = provider.note
    }
}

struct ProviderList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the providers.")

    @OptionGroup var output: JSONOption

    func run() throws {
        let providers = Provider.all.map { ProviderReport($0) }
        if self.output.json { return try Terminal.json(providers) }
        Terminal.table(
            ["NAME", "PROVIDER", "SERVER", "TLS", "MECHANISMS"],
            providers.map {
                [$0.name, $0.displayName, "\($0.host):\($0.port)", $0.tls, $0.mechanisms.joined(separator: " ")]
            }
        )
    }
}

struct ProviderShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one provider, and how to send through it."
    )

    @Argument(help: "Its name, or a mail domain of its own.")
    var name: String

    @OptionGroup var output: JSONOption

    func run() throws {
        let report = ProviderReport(try ProviderShow.provider(self.name))
        if self.output.json { return try Terminal.json(report) }
        Terminal.result("provider    \(report.displayName)")
        Terminal.result("server      \(report.host):\(report.port)")
        Terminal.result("tls         \(report.tls)")
        Terminal.result("mechanisms  \(report.mechanisms.joined(separator: " "))")
        if !report.domains.isEmpty { Terminal.result("domains     \(report.domains.joined(separator: " "))") }
        Terminal.result(report.note)
        Terminal.result("gatepost send --provider \(report.name) --user USER --to ADDRESS --subject Hello --body Hi")
    }

    static func provider(_ name: String) throws -> Provider {
        if let provider = Provider.named(name) { return provider }
        let near = NearestWord.to(name, among: Provider.all.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
        throw Failure(.no, "there is no provider '\(name)'\(near)\n  'gatepost provider list' shows them.")
    }
}
