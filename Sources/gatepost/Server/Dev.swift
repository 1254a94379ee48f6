internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import SASL

struct Dev: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run a sandbox on loopback: no configuration, DNS or root needed, and nothing leaves this host.",
        discussion: """
            Every message lands in the inbox of the account that sent it: see 'gatepost inbox'. Accounts and passwords stay the same \
            from run to run, until the directory is removed.
            """
    )

    @Option(name: .long, help: "The directory for everything.", completion: .directory)
    var data = "gatepost-dev"

    @Option(
        name: .long,
        help: ArgumentHelp("Ports for STARTTLS, implicit TLS, and no TLS.", valueName: "a,b,c")
    )
    var ports = "1587,1465,1025"

    @Option(name: .long, help: "The accounts' password. [a random one, made at the first start]")
    var password: String?

    @OptionGroup var output: JSONOption

    private static let addresses = ["alice@example.test", "bob@example.test"]

    private struct Report: Encodable {
        struct Login: Encodable {
            var address: String
            var password: String
        }

        struct Port: Encodable {
            var address: String
            var tls: String
        }

        var accounts: [Login]
        var listeners: [Port]
        var configuration: String
        var certificate: String
        var command: String
    }

    func run() async throws {
        let ports = try self.sandboxPorts()
        let directory = LocalFile.absolute(self.data)
        try LocalFile.makeDirectory(directory)
        try self.makeCertificate(directory)
        let file = "\(directory)/gatepost.yaml"
        try LocalFile.replace(file, ConfigurationTemplate.sandbox(ports: ports).utf8, mode: 0o600)
        // The sandbox is the same whatever the environment says.
        let loaded = try ConfigurationLoader.load(file: file, environment: [:])
        if try AdministrationSession.connect(loaded.configuration) != nil {
            throw Failure(.unavailable, "a sandbox runs on \(self.data) already")
        }
        let logins = try await self.makeAccounts(directory, loaded.configuration)
        let report = self.report(logins, loaded, directory, ports)
        try await ServerRun.run(loaded) {
            if self.output.json { try Terminal.json(report) } else { Dev.print(report) }
        }
    }

    private func sandboxPorts() throws -> SandboxPorts {
        let numbers = self.ports.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        guard numbers.count == 3, numbers.allSatisfy({ (1...65535).contains($0) }) else {
            throw ValidationError("--ports takes three port numbers, such as 1587,1465,1025.")
        }
        return SandboxPorts(startTLS: numbers[0], implicit: numbers[1], clear: numbers[2])
    }

    private func makeCertificate(_ directory: String) throws {
        let (certificate, key) = ("\(directory)/certificate.pem", "\(directory)/key.pem")
        guard !LocalFile.exists(certificate) || !LocalFile.exists(key) else { return }
        let made = try SelfSignedCertificate(
            names: ["localhost"],
            addresses: [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]],
            days: 3650,
            secondsSince1970: SystemClock().now().secondsSince1970
        )
        try LocalFile.replace(key, made.key.utf8, mode: 0o600)
        try LocalFile.replace(certificate, made.certificate.utf8, mode: 0o644)
    }

    /// The sandbox is for tests: its passwords may lie beside it in clear text.
    private func makeAccounts(_ directory: String, _ configuration: Configuration) async throws -> [Report.Login] {
        let path = "\(directory)/passwords"
        var known: [String: String] = [:]
        if LocalFile.exists(path) {
            for line in String(decoding: try LocalFile.read(path), as: UTF8.self).split(separator: "\n") {
                let pair = line.split(separator: ":", maxSplits: 1)
                if pair.count == 2 { known[String(pair[0])] = String(pair[1]) }
            }
        }
        let session = try await AdministrationSession.open(configuration)
        let masterKey = try MasterKey.open(inDirectory: configuration.data)
        guard case .domains(let domains) = try await session.perform(.listDomains) else {
            throw StoreOptions.misunderstood
        }
        if !domains.contains(where: { $0.domain == "example.test" }) {
            _ = try await session.perform(.addDomain("example.test"))
        }
        guard case .accounts(let accounts) = try await session.perform(.listAccounts(after: nil, limit: 500)) else {
            throw StoreOptions.misunderstood
        }
        var logins: [Report.Login] = []
        var isChanged = false
        for address in Dev.addresses {
            let password = self.password ?? known[address] ?? RandomOctets.password()
            let exists = accounts.contains { $0.address == address }
            if !exists || known[address] != password {
                let credential = CredentialRecord(
                    try PasswordDerivation.derive(
                        Secret(password),
                        owner: address,
                        legacy: [.cramMD5],
                        masterKey: masterKey
                    )
                )
                if exists {
                    _ = try await session.perform(.setPassword(address: address, credential: credential))
                } else {
                    let addition = AccountAddition(address: address, isSandbox: true, credential: credential)
                    _ = try await session.perform(.addAccounts([addition]))
                }
                isChanged = true
            }
            logins.append(Report.Login(address: address, password: password))
        }
        try await session.close()
        if isChanged {
            let text = logins.map { "\($0.address):\($0.password)\n" }.joined()
            try LocalFile.replace(path, text.utf8, mode: 0o600)
        }
        return logins
    }

    private func report(
        _ logins: [Report.Login],
        _ loaded: LoadedConfiguration,
        _ directory: String,
        _ ports: SandboxPorts
    ) -> Report {
        Report(
            accounts: logins,
            listeners: [
                Report.Port(address: "127.0.0.1:\(ports.startTLS)", tls: "starttls"),
                Report.Port(address: "127.0.0.1:\(ports.implicit)", tls: "implicit"),
                Report.Port(address: "127.0.0.1:\(ports.clear)", tls: "none"),
            ],
            configuration: loaded.file,
            certificate: "\(directory)/certificate.pem",
            command: """
                GATEPOST_PASSWORD=\(logins[0].password) gatepost send --server 127.0.0.1:\(ports.startTLS) \
                --ca \(self.data)/certificate.pem --user \(logins[0].address) --to bob@example.test --subject Hello --body Hi
                """
        )
    }

    private static func print(_ report: Report) {
        Terminal.result("Gatepost sandbox. Nothing leaves this host; stop with Control-C.")
        Terminal.result("")
        for login in report.accounts { Terminal.result("  account   \(login.address)  password  \(login.password)") }
        for port in report.listeners {
            let words =
                switch port.tls {
                case "starttls": "STARTTLS"
                case "implicit": "TLS from the start"
                default: "no TLS"
                }
            Terminal.result("  listener  \(port.address)  \(words)")
        }
        Terminal.result("  authority \(report.certificate)")
        Terminal.result("")
        Terminal.result("Try:")
        Terminal.result("  \(report.command)")
        Terminal.result("  gatepost inbox list --config \(report.configuration)")
    }
}
