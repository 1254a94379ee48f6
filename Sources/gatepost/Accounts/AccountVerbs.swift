internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import SASL

struct AccountVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Who may log in, and as whom they may send.",
        subcommands: [
            AccountAdd.self, AccountList.self, AccountShow.self, AccountPassword.self, AccountDisable.self,
            AccountEnable.self, AccountRemove.self, AccountGrant.self, AccountRevoke.self, AccountImport.self,
            AccountExport.self,
        ]
    )
}

struct AccountAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add an account.",
        discussion: """
            Without --password-stdin the password is asked for on a terminal; where there is none, or the answer is empty, \
            one is made and printed, once. With --no-password the account has none: a store of authentication.passwordCheckers \
            knows it.
            """
    )

    @Argument(help: "The mail address that it logs in with and sends as.")
    var address: String

    @OptionGroup var secret: SecretOptions

    @Flag(name: .long, help: "Keep what it sends in its inbox; nothing leaves.")
    var sandbox = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, configuration in
            let address = try await session.canonicalAddress(self.address)
            let (credential, shown) = try self.secret.credential(of: address, dataDirectory: configuration.data)
            let addition = AccountAddition(
                address: address,
                isSandbox: self.sandbox,
                credential: CredentialRecord(credential)
            )
            guard case .additions(let reports) = try await session.perform(.addAccounts([addition])),
                let report = reports.first
            else { throw StoreOptions.misunderstood }
            guard report.added else {
                throw Failure(
                    .no,
                    "\(address) \(report.note ?? "was not added")\n  'gatepost account password' changes its password."
                )
            }
            Terminal.message("added \(address)" + (report.note.map { " (\($0))" } ?? ""))
            try NewPasswordReport(address: address, password: shown).print(json: self.store.json)
        }
    }
}

struct AccountPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password",
        abstract: "Give an account a new password; the old one stops working at once."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var secret: SecretOptions

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, configuration in
            let address = try await session.canonicalAddress(self.address)
            // Before somebody types a password for nobody.
            _ = try await session.perform(.showAccount(address: address))
            let (credential, shown) = try self.secret.credential(of: address, dataDirectory: configuration.data)
            guard
                case .done(let text) = try await session.perform(
                    .setPassword(address: address, credential: CredentialRecord(credential))
                )
            else { throw StoreOptions.misunderstood }
            Terminal.message(text)
            try NewPasswordReport(address: address, password: shown).print(json: self.store.json)
        }
    }
}

/// Prints a password that was made here: the only time that it is seen.
struct NewPasswordReport: Encodable {
    var address: String
    var password: String?

    func print(json: Bool) throws {
        if json {
            try Terminal.json(self)
        } else if let password = self.password {
            Terminal.message("password (shown once):")
            Terminal.result(password)
        }
    }
}

struct LegacyMechanisms: ExpressibleByArgument {
    var mechanisms: [MechanismName]

    init?(argument: String) {
        self.mechanisms = []
        for word in argument.split(separator: ",") {
            guard let name = MechanismName(String(word)) else { return nil }
            self.mechanisms.append(name)
        }
        guard !self.mechanisms.isEmpty else { return nil }
    }
}

struct AccountList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List all accounts.")

    @Flag(
        name: .long,
        help:
            "What each account can log in with, and which still have a hash that another server made (cut-over report)."
    )
    var mechanisms = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            let accounts = try await session.pages(
                { .listAccounts(after: $0, limit: AdministrationRequest.maximumPage) },
                { if case .accounts(let page) = $0 { page } else { nil } },
                key: { $0.address }
            )
            if self.store.json {
                try Terminal.json(accounts)
            } else if self.mechanisms {
                Terminal.table(
                    ["ACCOUNT", "STATE", "FOREIGN HASH", "MECHANISMS"],
                    accounts.map { account in
                        [
                            account.address, account.enabled ? "enabled" : "disabled", account.foreignHash ?? "-",
                            account.mechanisms.joined(separator: " "),
                        ]
                    }
                )
                let waiting = accounts.filter { $0.foreignHash != nil }.count
                Terminal.message(
                    waiting == 0
                        ? "all \(accounts.count) accounts have keys of our own"
                        : "\(waiting) of \(accounts.count) accounts still wait for a PLAIN or LOGIN to replace a foreign hash"
                )
            } else {
                Terminal.table(
                    ["ACCOUNT", "STATE", "SANDBOX", "MAY SEND AS"],
                    accounts.map { account in
                        [
                            account.address, account.enabled ? "enabled" : "disabled", account.sandbox ? "yes" : "no",
                            ([account.address] + account.identities).joined(separator: " "),
                        ]
                    }
                )
                if accounts.isEmpty { Terminal.message("no accounts; 'gatepost account add ADDRESS' makes one") }
            }
        }
    }
}

struct AccountShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one account.")

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .accounts(let accounts) = try await session.perform(.showAccount(address: self.address)),
                let account = accounts.first
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(account) }
            Terminal.result("account      \(account.address)")
            Terminal.result("state        \(account.enabled ? "enabled" : "disabled")")
            Terminal.result("sandbox      \(account.sandbox ? "yes: what it sends stays in its inbox" : "no")")
            Terminal.result("may send as  \(([account.address] + account.identities).joined(separator: " "))")
            Terminal.result("keys for     \(account.mechanisms.joined(separator: " "))")
            if let kind = account.foreignHash {
                Terminal.result("foreign      \(kind): the next PLAIN or LOGIN replaces it by keys of our own")
            }
        }
    }
}

struct AccountDisable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Refuse an account's logins until it is enabled again."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.setEnabled(address: self.address, isEnabled: false))
    }
}

struct AccountEnable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let a disabled account log in again."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.setEnabled(address: self.address, isEnabled: true))
    }
}

struct AccountRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an account with its keys and grants. Its queued mail stays."
    )

    @Argument(help: "The account.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.removeAccount(address: self.address))
    }
}

struct AccountGrant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Let an account send as somebody else too."
    )

    @Argument(help: "The account.")
    var address: String

    @Option(name: .long, help: "An address, or *@example.org for all of a domain.")
    var identity: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.grant(address: self.address, identity: self.identity))
    }
}

struct AccountRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "Take a grant back.")

    @Argument(help: "The account.")
    var address: String

    @Option(name: .long, help: "The identity as it was granted.")
    var identity: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.revoke(address: self.address, identity: self.identity))
    }
}

extension AdministrationSession {
    /// The account that a login name means.
    func canonicalAddress(_ name: String) async throws -> String {
        guard case .address(let address) = try await self.perform(.resolve(name: name)) else {
            throw StoreOptions.misunderstood
        }
        return address
    }
}
