internal import ArgumentParser
internal import GatepostServer

struct AliasVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias",
        abstract: "Addresses that stand for others, here or elsewhere.",
        subcommands: [AliasAdd.self, AliasList.self, AliasShow.self, AliasRemove.self]
    )
}

struct AliasAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Let an address of a local domain stand for one or several others.",
        discussion: """
            An alias that is there already gets new targets. An alias among its own targets is the account of that name, \
            so 'alias add a@example.org a@example.org b@example.net' keeps a copy. Mail that goes elsewhere gets a return path of this \
            host, by which bounces find back.
            """
    )

    @Argument(help: "The address; @example.org stands for all that the domain does not have otherwise.")
    var address: String

    @Argument(help: "Where its mail goes: accounts, other aliases, or addresses elsewhere.")
    var targets: [String]

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.setAlias(address: self.address, targets: self.targets))
    }
}

struct AliasList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the aliases.")

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            let aliases = try await session.pages(
                { .listAliases(after: $0, limit: AdministrationRequest.maximumPage) },
                { if case .aliases(let page) = $0 { page } else { nil } },
                key: \AliasReport.address
            )
            if self.store.json { return try Terminal.json(aliases) }
            for alias in aliases {
                Terminal.result("\(alias.address)  \(alias.targets.joined(separator: ", "))")
            }
            if aliases.isEmpty { Terminal.message("no aliases; 'gatepost alias add ADDRESS TARGET' makes one") }
        }
    }
}

struct AliasShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one alias.")

    @Argument(help: "The address; @example.org for the one that stands for all others.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .aliases(let aliases) = try await session.perform(.showAlias(address: self.address)),
                let alias = aliases.first
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(alias) }
            Terminal.result("alias   \(alias.address)")
            for target in alias.targets { Terminal.result("target  \(target)") }
        }
    }
}

struct AliasRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Remove an alias.")

    @Argument(help: "The address; @example.org for the one that stands for all others.")
    var address: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.removeAlias(address: self.address))
    }
}
