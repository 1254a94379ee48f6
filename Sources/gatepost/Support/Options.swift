internal import ArgumentParser
internal import FoundationEssentials
internal import GatepostModel
internal import GatepostServer

/// Where the configuration is.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The configuration file.",
            discussion:
                "Default: $GATEPOST_CONFIG, gatepost.yaml here, gatepost-dev/gatepost.yaml here, or /etc/gatepost/gatepost.yaml.",
            valueName: "file"
        ),
        completion: .file(extensions: ["yaml", "yml"])
    )
    var config: String?

    /// The file that is meant, whether it exists or not.
    var file: String {
        get throws {
            if let config = self.config { return config }
            if let named = Environment.variables["GATEPOST_CONFIG"], !named.isEmpty { return named }
            let candidates = ["gatepost.yaml", "gatepost-dev/gatepost.yaml", "/etc/gatepost/gatepost.yaml"]
            if let found = candidates.first(where: { LocalFile.exists($0) }) { return found }
            throw Failure(
                .badConfiguration,
                """
                no configuration: neither gatepost.yaml here nor /etc/gatepost/gatepost.yaml exists
                  Name one with --config FILE, make one with 'gatepost init', or try 'gatepost dev', which needs none.
                """
            )
        }
    }

    /// - Parameter checkingCertificate: Whether certificate and key are loaded too; only those who serve need to be able to read them.
    func load(checkingCertificate: Bool = false) throws -> LoadedConfiguration {
        let file = try self.file
        do {
            return try ConfigurationLoader.load(
                file: file,
                environment: Environment.variables,
                checkingCertificate: checkingCertificate
            )
        } catch let failure as LocalFile.Failure {
            throw Failure(failure.isNotPermitted ? .notPermitted : .badConfiguration, "\(failure)")
        }
    }
}

struct JSONOption: ParsableArguments {
    @Flag(name: .long, help: "Print one JSON document.")
    var json = false
}

enum Environment {
    static var variables: [String: String] { ProcessInfo.processInfo.environment }
}

/// A duration on the command line: `10s`, `5m`; a bare number counts seconds.
struct DurationArgument: ExpressibleByArgument {
    var duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        guard let duration = DurationText.parse(argument) ?? Int(argument).map({ .seconds($0) }) else { return nil }
        self.duration = duration
    }

    var defaultValueDescription: String { DurationText.format(self.duration) }
}
