internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct AppPasswordVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "app-password",
        abstract: "Passwords for single devices and programs.",
        discussion: """
            Each has a name, may be limited, and can be revoked without touching the others. Once an account has a second factor, the mail \
            protocols take nothing else.
            """,
        subcommands: [AppPasswordAdd.self, AppPasswordList.self, AppPasswordRevoke.self]
    )
}

/// What an app password or token may be limited to.
struct CredentialLimits: ParsableArguments {
    @Option(name: .long, help: "What it is for, such as phone; unique within the account.")
    var name: String

    @Option(name: .long, help: "How long it is good, such as 90d. [for ever]")
    var expires: DurationArgument?

    @Option(
        name: .long,
        help: ArgumentHelp("A network that it may be used from; may be repeated. [any]", valueName: "cidr")
    )
    var network: [String] = []

    func validate() throws {
        if let expires = self.expires, expires.duration <= .zero {
            throw ValidationError("--expires must be longer than nothing.")
        }
    }

    func rules(from: [String] = [], toDomain: [String] = [], sending: [String: String] = [:]) -> CredentialRulesRecord {
        CredentialRulesRecord(
            expires: self.expires.map { SystemClock().now() + $0.duration },
            networks: self.network,
            identities: from,
            recipientDomains: toDomain,
            limits: sending
        )
    }
}

/// Which app password or token is meant: `--name phone`, or just `phone`.
struct CredentialName: ParsableArguments {
    @Argument(help: "Its name.")
    private var argument: String?

    @Option(name: .customLong("name"), help: "The same.")
    private var option: String?

    var name: String { self.option ?? self.argument ?? "" }

    func validate() throws {
        guard (self.argument == nil) != (self.option == nil) else {
            throw ValidationError("Say which one: --name NAME.")
        }
    }
}

struct AppPasswordAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make an app password and print it, once.",
        discussion: "It may be typed with the hyphens, with spaces, or without either."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var limits: CredentialLimits

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whom it may send as: an address, or *@example.org; may be repeated. [as whoever the account may]",
            valueName: "identity"
        )
    )
    var from: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("A domain that it may send to; may be repeated. [any]", valueName: "domain")
    )
    var toDomain: [String] = []

    @OptionGroup(title: "How much may be sent with it [as much as the account may]")
    var sending: SendingLimitOptions

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, configuration in
            let address = try await session.canonicalAddress(self.address)
            guard case .scramParameters(let records) = try await session.perform(.scramParameters(address: address))
            else { throw StoreOptions.misunderstood }
            let password = AppSecret.password(random: RandomOctets.make(AppSecret.passwordLetters))
            let keys = try PasswordDerivation.derive(
                appPassword: password,
                owner: address,
                masterKey: try MasterKey.open(inDirectory: configuration.data),
                scram: records.compactMap(\.parameters)
            )
            let addition = CredentialAddition(
                address: address,
                kind: .appPassword,
                name: self.limits.name,
                rules: self.limits.rules(from: self.from, toDomain: self.toDomain, sending: self.sending.texts),
                credential: CredentialRecord(keys)
            )
            try await NewSecretReport(addition, secret: password).send(session, self.store)
        }
    }
}

/// Prints a secret that was made here: the only time that it is seen.
struct NewSecretReport: Encodable {
    private let addition: CredentialAddition
    private let secret: String

    private enum Key: String, CodingKey {
        case address, name, kind, secret, expires
    }

    init(_ addition: CredentialAddition, secret: String) {
        self.addition = addition
        self.secret = secret
    }

    /// Adds it and prints the secret when it is stored.
    func send(_ session: AdministrationSession, _ store: StoreOptions) async throws {
        guard case .done(let text) = try await session.perform(.addCredential(self.addition)) else {
            throw StoreOptions.misunderstood
        }
        Terminal.message(text)
        if store.json { return try Terminal.json(self) }
        Terminal.message("\(self.addition.kind.noun) (shown once):")
        Terminal.result(self.secret)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.addition.address, forKey: .address)
        try container.encode(self.addition.kind, forKey: .kind)
        try container.encode(self.addition.name, forKey: .name)
        try container.encode(self.secret, forKey: .secret)
        try container.encodeIfPresent(self.addition.rules.expires?.description, forKey: .expires)
    }
}

struct AppPasswordList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List app passwords, of one account or all: never the secrets."
    )

    @Argument(help: "The account. [all]")
    var address: String?

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await CredentialList(kind: .appPassword, address: self.address, store: self.store).run()
    }
}

struct AppPasswordRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End an app password at once, in open sessions too."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var named: CredentialName

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(
            .revokeCredential(address: self.address, kind: .appPassword, name: self.named.name)
        )
    }
}

struct APITokenVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-token",
        abstract: "Tokens for programs that use the HTTP interface.",
        subcommands: [APITokenAdd.self, APITokenList.self, APITokenRevoke.self]
    )
}

struct APITokenAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make an API token and print it, once."
    )

    @Argument(help: "The account that it acts for.")
    var address: String

    @OptionGroup var limits: CredentialLimits

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            let address = try await session.canonicalAddress(self.address)
            let token = AppSecret.token(random: RandomOctets.make(AppSecret.tokenLetters))
            let keys = NewCredential(argon2id: nil, scram: [], digest: AppSecret.tokenDigest(Array(token.utf8)))
            let addition = CredentialAddition(
                address: address,
                kind: .apiToken,
                name: self.limits.name,
                rules: self.limits.rules(),
                credential: CredentialRecord(keys)
            )
            try await NewSecretReport(addition, secret: token).send(session, self.store)
        }
    }
}

struct APITokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List API tokens, of one account or all: never the secrets."
    )

    @Argument(help: "The account. [all]")
    var address: String?

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await CredentialList(kind: .apiToken, address: self.address, store: self.store).run()
    }
}

struct APITokenRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "End an API token at once.")

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var named: CredentialName

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.revokeCredential(address: self.address, kind: .apiToken, name: self.named.name))
    }
}
