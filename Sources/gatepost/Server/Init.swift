internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import Glibc
internal import MailSyntax
internal import SASL

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Set up this host: configuration, stores, keys, a certificate and a first account.",
        discussion: """
            Writes gatepost.yaml here (or where --config says) and creates what is missing. Never overwrites: run again, it lists what \
            exists and adds the rest.
            """
    )

    @Option(name: .long, help: "The server's name. [this host's name]")
    var hostname: String?

    @Option(name: .long, help: "The local domain. [the hostname without its first label]")
    var domain: String?

    @Option(name: .long, help: "The directory for the stores. [gatepost-data beside the configuration]")
    var data: String?

    @Option(name: .long, help: "The configuration file to write. [gatepost.yaml]")
    var config: String?

    @Option(name: .long, help: "The first account. [postmaster@DOMAIN]")
    var account: String?

    @Flag(name: .long, help: "Read the first account's password from standard input.")
    var passwordStdin = false

    @OptionGroup var output: JSONOption

    private struct Report: Encodable {
        var configuration: String
        var data: String
        var account: String?
        var password: String?
        var created: [String] = []
        var existing: [String] = []
    }

    func run() async throws {
        let file = LocalFile.absolute(self.config ?? "gatepost.yaml")
        let setup = try self.setup(file)
        let loaded = try ConfigurationLoader.load(file: file, environment: Environment.variables)
        var report = Report(configuration: file, data: loaded.configuration.data)
        for (what, isNew) in setup.steps {
            if isNew { report.created.append(what) } else { report.existing.append(what) }
        }
        try await self.fillStores(loaded.configuration, setup, &report)
        if self.output.json { return try Terminal.json(report) }
        for what in report.created { Terminal.message("created  \(what)") }
        for what in report.existing { Terminal.message("exists   \(what)") }
        if let password = report.password, let account = report.account {
            Terminal.message("account \(account), password (shown once):")
            Terminal.result(password)
        }
        Terminal.message("DNS: gatepost domain records \(setup.domain) prints what to publish")
        Terminal.message("next: gatepost serve --config \(self.config ?? "gatepost.yaml")")
    }

    private struct Setup {
        var domain: String
        var account: String
        var steps: [(String, Bool)] = []
    }

    /// Writes the certificate and the configuration where there is none.
    private func setup(_ file: String) throws -> Setup {
        var known: String?
        if LocalFile.exists(file) {
            known = try ConfigurationLoader.load(file: file, environment: Environment.variables).configuration.hostname
        }
        let hostname = try Init.name(known ?? self.hostname ?? Init.systemHostname(), "--hostname")
        let labels = hostname.split(separator: ".")
        let parent = labels.count > 2 ? labels.dropFirst().joined(separator: ".") : hostname
        let domain = try Init.name(self.domain ?? parent, "--domain")
        var setup = Setup(domain: domain, account: self.account ?? "postmaster@\(domain)")
        let directory = LocalFile.directory(of: file)
        if known != nil {
            setup.steps.append(("configuration \(file)", false))
            return setup
        }
        try LocalFile.makeDirectory(directory)
        let (certificate, key) = ("\(directory)/certificate.pem", "\(directory)/key.pem")
        if LocalFile.exists(certificate), LocalFile.exists(key) {
            setup.steps.append(("certificate \(certificate)", false))
        } else {
            let made = try SelfSignedCertificate(
                names: [hostname],
                days: 365,
                secondsSince1970: SystemClock().now().secondsSince1970
            )
            try LocalFile.create(key, made.key.utf8, mode: 0o600)
            try LocalFile.create(certificate, made.certificate.utf8, mode: 0o644)
            setup.steps.append(("certificate \(certificate) (self-signed, one year: replace it with a real one)", true))
        }
        let text = ConfigurationTemplate.host(
            hostname: hostname,
            data: self.data ?? "gatepost-data",
            certificate: "certificate.pem",
            key: "key.pem"
        )
        try LocalFile.create(file, text.utf8, mode: 0o640)
        setup.steps.append(("configuration \(file)", true))
        return setup
    }

    private func fillStores(_ configuration: Configuration, _ setup: Setup, _ report: inout Report) async throws {
        let hadStores = LocalFile.exists(configuration.data)
        let session = try await AdministrationSession.open(configuration)
        if hadStores {
            report.existing.append("stores \(configuration.data)")
        } else {
            report.created.append("stores \(configuration.data)")
        }
        let hadKey = LocalFile.exists(configuration.data + "/master.key")
        let masterKey = try MasterKey.open(inDirectory: configuration.data)
        if hadKey { report.existing.append("master key") } else { report.created.append("master key") }
        do {
            _ = try await session.perform(.addDomain(setup.domain))
            report.created.append("domain \(setup.domain)")
        } catch let failure as AdministrationFailure where failure.kind == .exists {
            report.existing.append("domain \(setup.domain)")
        }
        try await Init.addSigningKeys(session, setup.domain, &report)
        try await self.addFirstAccount(session, setup, masterKey, &report)
        try await session.close()
    }

    /// Keys wait for DNS, so to have them changes nothing yet.
    private static func addSigningKeys(
        _ session: AdministrationSession,
        _ domain: String,
        _ report: inout Report
    ) async throws {
        guard case .dkimKeys(let keys) = try await session.perform(.dkim(.list(domain: domain))) else {
            throw StoreOptions.misunderstood
        }
        guard keys.isEmpty else {
            report.existing.append("\(keys.count) DKIM keys")
            return
        }
        let request = DKIMRequest.add(domain: domain, selector: nil, algorithm: nil, isActive: false)
        guard case .dkimKeys(let made) = try await session.perform(.dkim(request)) else {
            throw StoreOptions.misunderstood
        }
        for key in made { report.created.append("DKIM key \(key.selector) (\(key.algorithm.rawValue))") }
    }

    private func addFirstAccount(
        _ session: AdministrationSession,
        _ setup: Setup,
        _ masterKey: MasterKey,
        _ report: inout Report
    ) async throws {
        guard case .accounts(let accounts) = try await session.perform(.listAccounts(after: nil, limit: 500)) else {
            throw StoreOptions.misunderstood
        }
        let address = try await session.canonicalAddress(setup.account)
        if accounts.contains(where: { $0.address == address }) || (self.account == nil && !accounts.isEmpty) {
            report.existing.append("\(accounts.count) accounts")
            return
        }
        let made = RandomOctets.password()
        let password = self.passwordStdin ? try PasswordInput.fromStandardInput() : Secret(made)
        let credential = try PasswordDerivation.derive(password, owner: address, masterKey: masterKey)
        let addition = AccountAddition(address: address, isSandbox: false, credential: CredentialRecord(credential))
        _ = try await session.perform(.addAccounts([addition]))
        report.account = address
        report.created.append("account \(address)")
        if !self.passwordStdin { report.password = made }
    }

    private static func name(_ text: String, _ option: String) throws -> String {
        do {
            if case .name(let name) = try Domain(parsing: Array(text.utf8), allowUTF8: false).lowercased { return name }
        } catch {
            // Told below, as for an address literal.
        }
        throw Failure(.usage, "'\(text)' is not a domain name: give one with \(option)")
    }

    private static func systemHostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
