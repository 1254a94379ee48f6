internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct DomainVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain",
        abstract: "Which domains are local, and what they publish in DNS.",
        subcommands: [
            DomainAdd.self, DomainList.self, DomainShow.self, DomainRemove.self, DomainRecordsVerb.self,
            DomainCheckVerb.self, DomainReports.self,
        ]
    )
}

struct DomainAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make a domain local: its mail goes to delivery.local where that is set."
    )

    @Argument(help: "The domain.")
    var domain: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.addDomain(self.domain))
    }
}

struct DomainList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the local domains.")

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .domains(let domains) = try await session.perform(.listDomains) else {
                throw StoreOptions.misunderstood
            }
            if self.store.json { return try Terminal.json(domains) }
            for domain in domains { Terminal.result(domain.domain) }
            if domains.isEmpty { Terminal.message("no local domains; 'gatepost domain add DOMAIN' makes one") }
        }
    }
}

struct DomainShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one local domain.")

    @Argument(help: "The domain.")
    var domain: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.withSession { session, _ in
            guard case .domains(let domains) = try await session.perform(.showDomain(self.domain)),
                let domain = domains.first
            else { throw StoreOptions.misunderstood }
            if self.store.json { return try Terminal.json(domain) }
            Terminal.result("domain    \(domain.domain)")
            Terminal.result("accounts  \(domain.accounts ?? 0)")
            for key in domain.keys ?? [] {
                Terminal.result("DKIM key  \(key.selector), \(key.algorithm.rawValue), \(key.state.rawValue)")
                if let note = key.note, key.state != .retired { Terminal.result("          \(Terminal.visible(note))") }
            }
        }
    }
}

struct DomainRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Make a domain foreign again. Its accounts stay."
    )

    @Argument(help: "The domain.")
    var domain: String

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.removeDomain(self.domain))
    }
}
