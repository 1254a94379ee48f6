internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import MailSyntax
internal import SASL

struct AccountMFA: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mfa",
        abstract: "One-time passwords (TOTP) as a second factor.",
        discussion: """
            'enable' makes a secret for an authenticator program; 'confirm' with a code of it switches the second factor on. From then on \
            the mail protocols refuse the main password, right as it may be, with 534 5.7.9: they need app passwords.
            """,
        subcommands: [AccountMFAEnable.self, AccountMFAConfirm.self, AccountMFADisable.self, AccountMFAStatus.self]
    )
}

struct AccountMFAEnable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Make a secret and print the address that authenticator programs read, once."
    )

    @Argument(help: "The account.")
    var address: String

    @Option(name: .long, help: "SHA1, SHA256 or SHA512; many programs know only the first.")
    var algorithm: TOTP.Algorithm = .sha1

    @Option(name: .long, help: "Digits of a code, 6 to 8.")
    var digits = 6

    @Option(name: .long, help: "Seconds that a code belongs to, 5 to 300.")
    var period = 30

    @OptionGroup var store: StoreOptions

    private struct Report: Encodable {
        var address: String
        var uri: String
        var secret: String
    }

    func run() async throws {
        guard
            let parameters = TOTP.Parameters(algorithm: self.algorithm, digits: self.digits, period: self.period)
        else { throw ValidationError("--digits must be from 6 to 8, --period from 5 to 300.") }
        try await self.store.withSession { session, configuration in
            let address = try await session.canonicalAddress(self.address)
            let secret = Secret(RandomOctets.make(TOTP.secretOctets(self.algorithm)))
            let masterKey = try MasterKey.open(inDirectory: configuration.data)
            let record = SecondFactorRecord(
                sealedSecret: try masterKey.seal(secret, owner: address),
                parameters: parameters
            )
            guard case .done(let text) = try await session.perform(.setSecondFactor(address: address, record)) else {
                throw StoreOptions.misunderstood
            }
            let report = Report(
                address: address,
                uri: TOTP.address(
                    secret: secret,
                    issuer: configuration.hostname,
                    account: address,
                    parameters: parameters
                ),
                secret: Base32.encode(secret.octets)
            )
            Terminal.message(text)
            if self.store.json { return try Terminal.json(report) }
            Terminal.message("for the authenticator program (shown once):")
            Terminal.result(report.uri)
            Terminal.message("then: gatepost account mfa confirm \(address) --code 123456")
        }
    }
}

extension TOTP.Algorithm: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(rawValue: argument.uppercased())
    }
}

struct AccountMFAConfirm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm",
        abstract: "Switch the second factor on with a code, and print recovery codes, once."
    )

    @Argument(help: "The account.")
    var address: String

    @Option(name: .long, help: "What the authenticator program shows now.")
    var code: String

    @OptionGroup var store: StoreOptions

    private static let recoveryCodes = 10

    private struct Report: Encodable {
        var address: String
        var recoveryCodes: [String]
    }

    func run() async throws {
        try await self.store.withSession { session, _ in
            let address = try await session.canonicalAddress(self.address)
            let codes = (0..<AccountMFAConfirm.recoveryCodes).map { _ in
                AppSecret.recoveryCode(random: RandomOctets.make(AppSecret.recoveryLetters))
            }
            let request = AdministrationRequest.confirmSecondFactor(
                address: address,
                code: self.code,
                recoveryCodes: codes.compactMap { AppSecret.recoveryDigest($0.utf8).map(Base64.encodeToString) }
            )
            guard case .done(let text) = try await session.perform(request) else { throw StoreOptions.misunderstood }
            Terminal.message(text)
            if self.store.json { return try Terminal.json(Report(address: address, recoveryCodes: codes)) }
            Terminal.message("recovery codes, each good once (shown once):")
            for code in codes { Terminal.result(code) }
        }
    }
}

struct AccountMFADisable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Take the second factor away; app passwords stay."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.removeSecondFactor(address: self.address))
    }
}

struct AccountMFAStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether there is a second factor."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .secondFactor(let report) = try await session.perform(.showSecondFactor(address: self.address))
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(report) }
            Terminal.result("account         \(report.address)")
            Terminal.result("second factor   \(report.state.rawValue)")
            if report.state == .on { Terminal.result("recovery codes  \(report.recoveryCodes ?? 0) left") }
            if report.isReadable == false {
                Terminal.message("its secret was sealed under another master key: disable it and enable it again")
            }
        }
    }
}
